"""When new topics are on disk, and known to the name servers."""

from collections.abc import Callable

from twisted.internet.defer import Deferred, gatherResults

from twistedmq.app.wiring.tables import Tables
from twistedmq.broker.registration.service import RegistrationService

Settled = Callable[[], "Deferred[None] | None"]


def settled_of(tables: Tables, registration: RegistrationService) -> Settled:
    """Give what says when new topics are on disk, and known to the name servers."""

    def settled() -> "Deferred[None] | None":
        waiting = [d for d in (tables.topic_file.saved(), registration.settled()) if d]
        if not waiting:
            return None
        return gatherResults(waiting, consumeErrors=True).addCallback(lambda _: None)

    return settled
