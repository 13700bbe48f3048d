"""What an ack does: of an ordinary pop, and of an ordered one.

Source: AckMessageProcessor.appendAck and ackOrderly.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct
from twisted.internet.defer import Deferred

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.checkpoints import LoanKey, ReviveMessages
from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.pop.order import ILLEGAL, OrderTable
from twistedmq.broker.pop.order_wakes import OrderWakes
from twistedmq.broker.pop.revive_log import ReviveLog
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.pop_handles import Handle
from twistedmq.remoting.interfaces import IConnection


class Acks(Struct):
    """Acks for messages of one checkpoint, on their way into the log."""

    key: LoanKey
    offsets: Sequence[int]
    message: InnerMessage


class Acking:
    """Takes note of acks.

    Args:
        log: where those of ordinary pops go.
        messages: makes what is written.
        book: the same in memory.
        in_flight: what is out.
        orders: what ordered pops wait for.
        order_wakes: told when that changed.
        offsets: where ordered pops commit.
        wake: told that a queue may give more: topic, group, queue id.
        revive_queue_count: how many queues handles may name.
    """

    def __init__(
        self,
        *,
        log: ReviveLog,
        messages: ReviveMessages,
        book: AckBook,
        in_flight: InFlight,
        orders: OrderTable,
        order_wakes: OrderWakes,
        offsets: OffsetTable,
        wake: Callable[[str, str, int], object],
        revive_queue_count: int,
    ) -> None:
        self._log = log
        self._messages = messages
        self._book = book
        self._in_flight = in_flight
        self._orders = orders
        self._order_wakes = order_wakes
        self._offsets = offsets
        self._wake = wake
        self._revive_queue_count = revive_queue_count

    def ack(
        self,
        topic: str,
        group: str,
        queue_id: int,
        handle: Handle,
        offsets: Sequence[int],
        connection: IConnection,
    ) -> Acks | None:
        """Look at acks for messages of one pop; gives what is to be written for them.

        Those of ordered pops take effect at once, and leave nothing to be written.

        Raises: TwistedMQError, and then none of them takes effect.
        """
        place = (topic, group, queue_id)
        if handle.is_ordered:
            for offset in offsets:
                self._ack_ordered(place, offset, handle.popped_ms, connection)
            return None
        self.check_revive_queue(handle)
        key = (*place, handle.start_offset, handle.popped_ms)
        message = self._messages.acks(
            key,
            handle.broker_name,
            offsets,
            handle.invisible_ms,
            handle.revive_queue_id,
        )
        return Acks(key, offsets, message)

    def write(self, acks: Sequence[Acks], connection: IConnection) -> Deferred[None]:
        """Write what ``ack`` gave; fires once that is safe, and takes effect then.

        *connection* is who asks.
        """
        written = self._log.add([each.message for each in acks], connection)
        return written.addCallback(self._note, acks)

    def _note(self, _: None, acks: Sequence[Acks]) -> None:
        for each in acks:
            key, number = each.key, len(each.offsets)
            self._book.acked(key, each.offsets)
            topic, group, queue_id, _start, popped_ms = key
            self._in_flight.acked((topic, group, queue_id), number, popped_ms)

    def check_revive_queue(self, handle: Handle) -> None:
        """Refuse a handle of a revive queue that does not exist."""
        if handle.revive_queue_id >= self._revive_queue_count:
            raise MessageIllegalError(
                f"reviveQid {handle.revive_queue_id} is not among the "
                f"{self._revive_queue_count} queues of reviveQueueNum"
            )

    def _ack_ordered(
        self,
        place: tuple[str, str, int],
        offset: int,
        popped_ms: int,
        connection: IConnection,
    ) -> None:
        topic, group, queue_id = place
        committed = self._offsets.query(group, topic, queue_id)
        if offset < committed:
            return
        next_offset = self._orders.acked(place, offset, popped_ms)
        if next_offset == ILLEGAL:
            raise MessageIllegalError(
                f"offset is illegal, key:{topic}@{group}@{queue_id}, old:{committed}, "
                f"commit:{offset}, next:{next_offset}, /{connection.peer}"
            )
        if next_offset >= 0:
            if not self._offsets.is_reset(group, topic, queue_id):
                self._offsets.commit(group, topic, queue_id, next_offset)
            self._order_wakes.watch(place)
            if not self._orders.is_blocked(place, None, 0):
                self._wake(topic, group, queue_id)
        self._in_flight.acked(place, 1, popped_ms)
