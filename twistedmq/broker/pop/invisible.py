"""CHANGE_MESSAGE_INVISIBLETIME: keep a lent message for longer, or give it back sooner.

Source: ChangeInvisibleTimeProcessor.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.acked_queues import AckedQueues
from twistedmq.broker.pop.acking import Acking
from twistedmq.broker.pop.checkpoints import ReviveMessages, key_of, make_checkpoint
from twistedmq.broker.pop.errors import NoMessageError
from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.order_wakes import OrderWakes
from twistedmq.broker.pop.revive_log import ReviveLog
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers import ChangeInvisibleTimeRequestHeader
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.pop_handles import Handle, parse_handle
from twistedmq.remoting.interfaces import HandlerTable, Request


class InvisibleTimeHandlers:
    """Serves CHANGE_MESSAGE_INVISIBLETIME.

    Args:
        queues: which there are, and which offsets they have.
        offsets: what ordered pops have committed.
        log: where the new checkpoint goes, and the ack for the old one.
        messages: makes them.
        book: acks in memory.
        acking: knows which handles can be.
        orders: until when messages of ordered pops are hidden.
        order_wakes: told when that changed.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        *,
        queues: AckedQueues,
        offsets: OffsetTable,
        log: ReviveLog,
        messages: ReviveMessages,
        book: AckBook,
        acking: Acking,
        orders: OrderTable,
        order_wakes: OrderWakes,
        wall_ms: Callable[[], int],
    ) -> None:
        self._queues = queues
        self._offsets = offsets
        self._log = log
        self._messages = messages
        self._book = book
        self._acking = acking
        self._orders = orders
        self._order_wakes = order_wakes
        self._wall_ms = wall_ms

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.CHANGE_MESSAGE_INVISIBLETIME: self.change}

    def change(self, request: Request) -> Reply | Deferred[Reply]:
        """Hide one message until so long after now."""
        header: ChangeInvisibleTimeRequestHeader = request.header
        topic, queue_id = header.topic, header.queue_id
        least, end = self._queues.checked_bounds(topic, queue_id, request.connection)
        if not least <= header.offset < end:
            raise NoMessageError(
                f"offset {header.offset} is not in {topic}@{queue_id}, {least}~{end}"
            )
        now_ms = self._wall_ms()
        if not 0 <= header.invisible_time <= INT64_MAX - now_ms:
            raise InvalidParameterError(
                f"invisibleTime {header.invisible_time} is no length of time in ms"
            )
        handle = parse_handle(header.extra_info)
        if handle.is_ordered:
            return self._change_ordered(header, handle, now_ms)
        return self._lend_again(header, handle, now_ms)

    def _lend_again(
        self, header: ChangeInvisibleTimeRequestHeader, handle: Handle, now_ms: int
    ) -> Deferred[Reply]:
        """Make a checkpoint for this message alone, and take it off the old one."""
        self._acking.check_revive_queue(handle)
        place = (header.topic, header.consumer_group, header.queue_id)
        fresh = make_checkpoint(
            *place,
            header.offset,
            [header.offset],
            now_ms,
            header.invisible_time,
            handle.broker_name,
        )
        old = (*place, handle.start_offset, handle.popped_ms)
        revive_queue_id = handle.revive_queue_id
        ack = self._messages.acks(
            old,
            handle.broker_name,
            [header.offset],
            handle.invisible_ms,
            revive_queue_id,
        )
        checkpoint = self._messages.checkpoint(fresh, revive_queue_id)
        written = self._log.add([checkpoint, ack])

        def note(_: None) -> Reply:
            self._book.lent(key_of(fresh), [header.offset])
            self._book.acked(old, [header.offset])
            return _reply(header.invisible_time, now_ms, revive_queue_id)

        return written.addCallback(note)

    def _change_ordered(
        self, header: ChangeInvisibleTimeRequestHeader, handle: Handle, now_ms: int
    ) -> Reply:
        group, topic, queue_id = header.consumer_group, header.topic, header.queue_id
        if header.offset < self._offsets.query(group, topic, queue_id):
            return Reply()
        place = (topic, group, queue_id)
        visible_ms = now_ms + header.invisible_time
        popped_ms = handle.popped_ms
        self._orders.postpone(place, header.offset, popped_ms, visible_ms)
        self._order_wakes.watch(place)
        return _reply(visible_ms - popped_ms, popped_ms, handle.revive_queue_id)


def _reply(invisible_ms: int, popped_ms: int, revive_queue_id: int) -> Reply:
    return Reply(
        header={
            "popTime": f"{popped_ms}",
            "invisibleTime": f"{invisible_ms}",
            "reviveQid": f"{revive_queue_id}",
        }
    )
