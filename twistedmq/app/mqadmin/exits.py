"""How the command ends. Programs rely on these numbers: they stay what they are.

The genuine tool ends with 1 where its usage is wrong and with 0 after all else, also
where it failed.
"""

import sys
from typing import NoReturn

import msgspec

from twistedmq.admin.errors import (
    MessageNotFoundError,
    NotOnlineError,
    NotThereError,
)
from twistedmq.client.errors import (
    ArgumentError,
    BrokerNotFoundError,
    NoNameServerError,
    RefusedError,
    RouteNotFoundError,
    SendFailedError,
    SendTimeoutError,
)
from twistedmq.protocol.errors import (
    InvalidParameterError,
    MessageIllegalError,
    TwistedMQError,
)
from twistedmq.remoting.errors import RemotingError

DONE = 0
USAGE = 1
"""An unknown verb or option, a missing one, a value that is not allowed: nothing was
sent."""
UNREACHABLE = 2
"""A name server or broker does not answer; the same call may succeed later."""
REFUSED = 3
"""A server said no, or what was asked about is not there."""
FAILED = 4
"""Something on this side, a file that cannot be read, say."""

NO = (
    RefusedError,
    RouteNotFoundError,
    BrokerNotFoundError,
    NotThereError,
    NotOnlineError,
    MessageNotFoundError,
)


def status_of(error: BaseException) -> int:
    """Give the exit status after *error*."""
    if isinstance(error, SendFailedError) and error.causes:
        return status_of(error.causes[-1])
    if isinstance(error, NoNameServerError | RemotingError | SendTimeoutError):
        return UNREACHABLE
    if isinstance(error, NO):
        return REFUSED
    if isinstance(error, InvalidParameterError | MessageIllegalError | ArgumentError):
        return USAGE
    return FAILED


def described(error: BaseException, status: int) -> dict[str, object]:
    """Give what programs are told of *error*."""
    told: dict[str, object] = {"error": str(error), "status": status}
    if isinstance(error, TwistedMQError):
        told["code"] = int(error.code)
    return told


def wrong_usage(program: str, problem: str, *, json: bool) -> NoReturn:
    """Say in one line, or to programs, how a call is wrong, and end."""
    told = described(InvalidParameterError(problem), USAGE)
    line = msgspec.json.encode(told).decode() if json else f"{program}: {problem}"
    sys.stderr.write(f"{line}\n")
    raise SystemExit(USAGE)
