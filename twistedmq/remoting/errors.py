"""What can go wrong between two programs, with the facts as attributes."""

import os
from typing import TYPE_CHECKING

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import TwistedMQError

if TYPE_CHECKING:
    from twisted.python.failure import Failure


class RemotingError(TwistedMQError):
    """The base of all errors of this room."""


class ConnectError(RemotingError):
    """A connection could not be opened."""

    def __init__(self, address: str, reason: str) -> None:
        """Keep the *address* that was tried and the *reason* it failed."""
        super().__init__(f"cannot connect to {address}: {reason}")
        self.address = address
        self.reason = reason


class ConnectionLostError(RemotingError):
    """The connection went away before the answer came."""

    def __init__(self, address: str, reason: str) -> None:
        """Keep the *address* of the peer and the *reason*."""
        super().__init__(f"connection to {address} lost: {reason}")
        self.address = address
        self.reason = reason


class RequestTimeoutError(RemotingError):
    """No answer came in time. Whether the peer served the request is not known."""

    def __init__(self, address: str, request_code: int, timeout_s: float) -> None:
        """Keep whom was asked (*address*), for what, and how long was waited."""
        super().__init__(
            f"no answer from {address} to request {request_code} within {timeout_s:g} s"
        )
        self.address = address
        self.request_code = request_code
        self.timeout_s = timeout_s


class ForkedError(TwistedMQError):
    """A client is used in another process than the one that made it.

    The connections are still those of that process: they are left alone.
    """

    def __init__(self, made_in: int) -> None:
        """Keep the process id *made_in* which it was made."""
        here = os.getpid()
        super().__init__(
            f"this client was made in process {made_in} and is used in {here}, which "
            "was forked from it: make clients in the process that uses them"
        )
        self.made_in = made_in
        self.used_in = here


class TooManyRequestsError(RemotingError):
    """As many own requests wait for their answers as the limit allows."""

    code = ResponseCode.SYSTEM_BUSY

    def __init__(self, address: str, limit: int) -> None:
        """Keep the *address* of the peer and the *limit*."""
        super().__init__(
            f"{limit} requests to {address} wait for answers, no more are allowed"
        )
        self.address = address
        self.limit = limit


class PortInUseError(RemotingError):
    """A port that should be listened on cannot be had."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        """Keep the *host* and *port* asked for and the system's *reason*."""
        super().__init__(f"cannot listen on {host}:{port}: {reason}")
        self.host = host
        self.port = port
        self.reason = reason


class SecurityError(RemotingError):
    """The certificate, its key or the TLS settings cannot be used."""


def in_words(failure: "Failure") -> str:
    """Give what went wrong; of OpenSSL's errors, which hold lists, the reasons."""
    match failure.value:
        case BaseException(args=([(str(), str(), str()), *_] as problems,)):
            return ", ".join(reason for *_, reason in problems)
        case error:
            return str(error) or type(error).__name__
