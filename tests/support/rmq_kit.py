"""The command ``rmq`` without a process."""

from collections.abc import Callable
from io import StringIO
from typing import Any

from client_kit import held, result_of
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.app.rmq import make_parser


def printed(verb: Callable[..., Any], name: str, cluster: Any, *arguments: str) -> str:
    """Give what ``rmq NAME ARGUMENTS`` prints about *cluster*."""
    running, out = _begun(verb, name, cluster, *arguments)
    result_of(running)
    return out.getvalue()


def printed_and_ended(
    verb: Callable[..., Any], name: str, cluster: Any, *arguments: str
) -> tuple[int, str]:
    """Give the exit status of a verb that fails after all, and what it prints."""
    running, out = _begun(verb, name, cluster, *arguments)
    [ended] = held(running)
    assert isinstance(ended, Failure), ended
    assert ended.check(SystemExit), ended
    return ended.value.code, out.getvalue()


def _begun(
    verb: Callable[..., Any], name: str, cluster: Any, *arguments: str
) -> tuple[Deferred[Any], StringIO]:
    options = make_parser().parse_args([name, *arguments])
    options.settings = cluster.settings()
    out = StringIO()
    return Deferred.fromCoroutine(verb(cluster.clock, options, out)), out
