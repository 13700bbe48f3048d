"""Messages that are held for a moment, so that many go in one request."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from twistedmq.client.arguments import check_range
from twistedmq.client.message import Message, Receipt
from twistedmq.client.reactor import Clock
from twistedmq.protocol import names
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError

KIB = 1024
MIB = 1024 * KIB
LONGEST_DELAY_MS = 30_000
LARGEST_BATCH_BYTES = 2 * MIB

Key = tuple[str, MessageQueue | None, bool, str | None, str | None]
SendBatch = Callable[[Sequence[Message], MessageQueue | None], Deferred[list[Receipt]]]


class Batching(Struct, frozen=True):
    """How long messages are held, and how many.

    Raises:
        ArgumentError: a limit is out of its range.
    """

    max_delay_ms: int = 10
    """1 to 30,000."""
    max_bytes: int = 32 * KIB
    """Of the bodies of one batch; 1 to 2 MiB."""
    max_total_bytes: int = 32 * MIB
    """Of all bodies that are held; what is more goes at once, by itself."""

    def __post_init__(self) -> None:
        """Check the limits."""
        check_range("max_delay_ms", self.max_delay_ms, 1, LONGEST_DELAY_MS)
        check_range("max_bytes", self.max_bytes, 1, LARGEST_BATCH_BYTES)
        check_range("max_total_bytes", self.max_total_bytes, 1)


class _Batch:
    """Messages that will go together."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.receipts: list[Deferred[Receipt]] = []
        self.bytes = 0
        self.timer: IDelayedCall | None = None


class Accumulator:
    """Holds messages that may go together: same topic, queue, tag and sharding key.

    Args:
        rules: how long and how many.
        clock: for how long.
        send: sends a batch, or one message by itself; may raise MessageIllegalError.
    """

    def __init__(self, rules: Batching, clock: Clock, send: SendBatch) -> None:
        self._rules = rules
        self._clock = clock
        self._send = send
        self._batches: dict[Key, _Batch] = {}
        self._held_bytes = 0

    def takes(self, message: Message) -> bool:
        """Whether *message* may be held: it fits, and may be in a batch."""
        size = len(message.body)
        return not (
            size >= self._rules.max_bytes
            or self._held_bytes + size > self._rules.max_total_bytes
            or message.is_delayed
            or message.priority is not None
            or names.is_retry_topic(message.topic)
        )

    def add(self, message: Message, queue: MessageQueue | None) -> Deferred[Receipt]:
        """Hold *message*; fires with its own receipt."""
        key = (
            message.topic,
            queue,
            message.wait_stored,
            message.tag,
            message.sharding_key,
        )
        size = len(message.body)
        batch = self._batches.get(key)
        if batch is not None and batch.bytes + size > self._rules.max_bytes:
            self._go(key)
            batch = None
        if batch is None:
            batch = self._batches[key] = _Batch()
            delay_s = self._rules.max_delay_ms / 1000
            batch.timer = self._clock.callLater(delay_s, self._go, key)
        receipt: Deferred[Receipt] = Deferred(_cancelled)
        batch.messages.append(message)
        batch.receipts.append(receipt)
        batch.bytes += size
        self._held_bytes += size
        if batch.bytes >= self._rules.max_bytes:
            self._go(key)
        return receipt

    def flush(self) -> None:
        """Send all that is held, now."""
        for key in list(self._batches):
            self._go(key)

    def _go(self, key: Key) -> None:
        batch = self._batches.pop(key)
        if batch.timer is not None and batch.timer.active():
            batch.timer.cancel()
        self._held_bytes -= batch.bytes
        wanted = [
            (message, receipt)
            for message, receipt in zip(batch.messages, batch.receipts, strict=True)
            if not receipt.called  # cancelled meanwhile
        ]
        if wanted:
            messages, receipts = zip(*wanted, strict=True)
            self._deliver(messages, receipts, key[1])

    def _deliver(
        self,
        messages: Sequence[Message],
        receipts: Sequence[Deferred[Receipt]],
        queue: MessageQueue | None,
    ) -> None:
        try:
            sent = self._send(messages, queue)
        except MessageIllegalError:
            # each was good by itself: with their properties they are too large together
            middle = len(messages) // 2
            if not middle:
                _tell_failure(Failure(), receipts)
                return
            self._deliver(messages[:middle], receipts[:middle], queue)
            self._deliver(messages[middle:], receipts[middle:], queue)
        except Exception:
            _tell_failure(Failure(), receipts)
        else:
            sent.addCallbacks(_tell, _tell_failure, (receipts,), {}, (receipts,), {})


def _cancelled(receipt: Deferred[Receipt]) -> None:
    receipt.errback(CancelledError())


def _tell(got: Sequence[Receipt], receipts: Sequence[Deferred[Receipt]]) -> None:
    for receipt, each in zip(receipts, got, strict=True):
        if not receipt.called:
            receipt.callback(each)


def _tell_failure(failure: Failure, receipts: Sequence[Deferred[Receipt]]) -> None:
    for receipt in receipts:
        if not receipt.called:
            receipt.errback(failure)
