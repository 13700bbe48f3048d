"""What a consumer was told, in one place."""

from pathlib import Path

from msgspec import Struct

from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.client.starting import Start
from twistedmq.client.window import Limits
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.numbers import INT32_MAX

USUAL_FAILURES = 16


class ConsumerRules(Struct, frozen=True, kw_only=True):
    """How a member of a group consumes; see ``Consumer`` for what each one means."""

    group: str
    model: MessageModel
    orderly: bool
    start_from: Start
    concurrency: int
    prefetch: Limits
    prefetch_in_all: Limits | None
    allocation: IQueueAllocation
    max_reconsume_times: int | None
    suspend_s: float
    consume_timeout_s: float | None
    offsets_directory: Path | None

    @property
    def is_clustering(self) -> bool:
        """Whether the members share the messages."""
        return self.model is MessageModel.CLUSTERING

    @property
    def locks_queues(self) -> bool:
        """Whether queues are locked at their brokers."""
        return self.orderly and self.is_clustering

    @property
    def most_failures(self) -> int:
        """After how many failures a message goes to the dead letters."""
        if self.max_reconsume_times is not None:
            return self.max_reconsume_times
        # what comes after a message that fails waits: losing one is for the user to say
        return INT32_MAX if self.orderly else USUAL_FAILURES
