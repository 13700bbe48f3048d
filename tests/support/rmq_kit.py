"""The command ``rmq`` without a process."""

from collections.abc import Callable
from io import StringIO
from typing import Any

from client_kit import result_of
from twisted.internet.defer import Deferred

from twistedmq.app.rmq import make_parser


def printed(verb: Callable[..., Any], name: str, cluster: Any, *arguments: str) -> str:
    """Give what ``rmq NAME ARGUMENTS`` prints about *cluster*."""
    options = make_parser().parse_args([name, *arguments])
    options.settings = cluster.settings()
    out = StringIO()
    result_of(Deferred.fromCoroutine(verb(cluster.clock, options, out)))
    return out.getvalue()
