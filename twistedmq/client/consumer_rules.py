"""What a consumer was told, in one place."""

from pathlib import Path

from msgspec import Struct

from twistedmq.client.arguments import check_range
from twistedmq.client.errors import ArgumentError
from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.client.starting import Start, check_start
from twistedmq.client.window import Limits
from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.numbers import INT32_MAX

USUAL_FAILURES = 16
SHORTEST_REST_S = 0.01
LONGEST_REST_S = 30.0
"""A queue rests so long after a failure, as genuine clients have it."""
SHORTEST_TIMEOUT_S = 0.1


class ConsumerRules(Struct, frozen=True, kw_only=True):
    """How a member of a group consumes; see ``Consumer`` for what each one means.

    Raises:
        ArgumentError: a number is out of its range.
    """

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

    def __post_init__(self) -> None:
        """Check what can be checked."""
        if not isinstance(self.model, MessageModel):
            raise ArgumentError("model", self.model, "a MessageModel")
        check_start(self.start_from)
        for name in ("prefetch", "prefetch_in_all"):
            if not isinstance(getattr(self, name), Limits | None):
                raise ArgumentError(name, getattr(self, name), "Limits")
        check_range("concurrency", self.concurrency, 1)
        check_range("suspend_s", self.suspend_s, SHORTEST_REST_S, LONGEST_REST_S)
        if self.max_reconsume_times is not None:
            check_range("max_reconsume_times", self.max_reconsume_times, 0, INT32_MAX)
        if self.consume_timeout_s is not None:
            check_range("consume_timeout_s", self.consume_timeout_s, SHORTEST_TIMEOUT_S)

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
