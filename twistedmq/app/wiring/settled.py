"""When what came to be lately is on disk, or known to others."""

from collections.abc import Callable

from twisted.internet.defer import Deferred, gatherResults

Settled = Callable[[], "Deferred[None] | None"]
"""None if there is nothing to wait for; else fires once it is so, or fails."""


def all_settled(*parts: Settled) -> Settled:
    """Give what says when all *parts* are settled."""

    def settled() -> "Deferred[None] | None":
        waiting = [each for part in parts if (each := part())]
        if not waiting:
            return None
        return gatherResults(waiting, consumeErrors=True).addCallback(lambda _: None)

    return settled
