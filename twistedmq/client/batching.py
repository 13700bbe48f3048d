"""Messages that are held for a moment, so that many go in one request.

Either for some milliseconds, or for no time at all: until the end of the reactor's
turn, and only while others are on their way. The answer to one request often leads to
as many messages as that had brought, all within a turn.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from twistedmq.client.arguments import check_range
from twistedmq.client.in_flight import InFlight
from twistedmq.client.message import Message, Receipt
from twistedmq.client.reactor import Clock
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError

KIB = 1024
MIB = 1024 * KIB
LONGEST_DELAY_MS = 30_000
LARGEST_BATCH_BYTES = 2 * MIB
BUSY_FROM: Final = 4
"""Messages on their way, from which on others are held where the delay is 0. Up to
there one read of the socket seldom brings two answers, and there is nothing to gain."""

Kind = tuple[str, MessageQueue | None, str | None, bool]
SendBatch = Callable[[Sequence[Message], MessageQueue | None], Deferred[list[Receipt]]]


class Batching(Struct, frozen=True):
    """How long messages are held, and how many.

    Raises:
        ArgumentError: a limit is out of its range.
    """

    max_delay_ms: int = 10
    """Up to 30,000. 0: nothing waits. Only while several messages are on their way do
    others go together, those that are sent within one turn of the reactor; and only if
    they would be what they are by themselves: what is compressed goes alone, and so
    does everything where the producer has a ``selection``, is watched, or does not wait
    for room (``InFlightLimits.wait``)."""
    max_bytes: int = 32 * KIB
    """Of the bodies of one batch; 1 to 2 MiB."""
    max_total_bytes: int = 32 * MIB
    """Of all bodies that are held; what is more goes at once, by itself."""

    def __post_init__(self) -> None:
        """Check the limits."""
        check_range("max_delay_ms", self.max_delay_ms, 0, LONGEST_DELAY_MS)
        check_range("max_bytes", self.max_bytes, 1, LARGEST_BATCH_BYTES)
        check_range("max_total_bytes", self.max_total_bytes, 1)


WITHIN_A_TURN: Final = Batching(max_delay_ms=0)


class _Batch:
    """Messages that will go together."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.receipts: list[Deferred[Receipt]] = []
        self.bytes = 0
        self.timer: IDelayedCall | None = None


class Accumulator:
    """Holds messages that may go together: of one topic, for one queue or with one
    sharding key, all or none to be answered only when they are safe.

    What has one queue or one key stays in order.

    Args:
        rules: how long and how many.
        clock: for how long.
        send: sends a batch, or one message by itself; may raise MessageIllegalError.
        in_flight: what the producer has on its way; a batch is not larger than all that
            may be.
        compressed_from: the bytes from which a body is compressed, if it goes alone.
    """

    def __init__(
        self,
        rules: Batching,
        clock: Clock,
        send: SendBatch,
        in_flight: InFlight,
        compressed_from: int,
    ) -> None:
        limits = in_flight.limits
        self._rules = rules
        self._only_busy = rules.max_delay_ms == 0
        self._max_messages = limits.max_messages
        self._max_bytes = min(rules.max_bytes, limits.max_bytes)
        self._alone_from = self._max_bytes
        if self._only_busy:
            self._alone_from = min(compressed_from, self._max_bytes)
        self._in_flight = in_flight
        self._clock = clock
        self._send = send
        self._batches: dict[Kind, _Batch] = {}
        self._held_bytes = 0

    def takes(self, message: Message) -> bool:
        """Whether *message* is held: it fits, and may be in a batch."""
        if (
            self._only_busy
            and not self._batches
            and self._in_flight.messages < BUSY_FROM
        ):
            return False
        size = len(message.body)
        return not (
            size >= self._alone_from
            or self._held_bytes + size > self._rules.max_total_bytes
            or message.is_delayed
            or message.priority is not None
            or properties.INNER_MULTI_DISPATCH in message.properties
            or names.is_retry_topic(message.topic)
        )

    def make_way(self, message: Message, queue: MessageQueue | None) -> None:
        """Send what is held before *message*, which is not, where its place tells."""
        if self._batches and (queue is not None or message.sharding_key):
            for wait_stored in (True, False):
                kind = _kind(message, queue, wait_stored)
                if kind in self._batches:
                    self._go(kind)

    def add(self, message: Message, queue: MessageQueue | None) -> Deferred[Receipt]:
        """Hold *message*; fires with its own receipt."""
        kind = _kind(message, queue, message.wait_stored)
        if kind not in self._batches:
            self.make_way(message, queue)  # there may be some that wait otherwise
        size = len(message.body)
        while batch := self._batches.get(kind):
            if batch.bytes + size <= self._max_bytes:
                break
            self._go(kind)  # whoever is told at once may send more, so look again
        if batch is None:
            batch = self._batches[kind] = _Batch()
            delay_s = self._rules.max_delay_ms / 1000
            batch.timer = self._clock.callLater(delay_s, self._go, kind)
        receipt: Deferred[Receipt] = Deferred(_cancelled)
        batch.messages.append(message)
        batch.receipts.append(receipt)
        batch.bytes += size
        self._held_bytes += size
        if batch.bytes >= self._max_bytes or len(batch.messages) >= self._max_messages:
            self._go(kind)
        return receipt

    def flush(self) -> None:
        """Send all that is held, now."""
        for kind in list(self._batches):
            if kind in self._batches:
                self._go(kind)

    def _go(self, kind: Kind) -> None:
        batch = self._batches.pop(kind)
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
            self._deliver(messages, receipts, kind[1])

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


def _kind(message: Message, queue: MessageQueue | None, wait_stored: bool) -> Kind:
    """Say what *message* may go together with, if it had *wait_stored*."""
    key = message.sharding_key if queue is None else None
    return message.topic, queue, key, wait_stored


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
