"""Lends what a pop took: its checkpoints, its positions, and its answer.

Source: PopMessageProcessor.
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.checkpoints import ReviveMessages, key_of, make_checkpoint
from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.pop.order_wakes import OrderWakes
from twistedmq.broker.pop.positions import Positions
from twistedmq.broker.pop.reader import Asked, Popped, Taken
from twistedmq.broker.pop.retried import under_topic
from twistedmq.broker.pop.revive_log import ReviveLog
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.bodies import PopCheckPoint
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.pop_handles import (
    ORDER_REVIVE_QUEUE,
    Handle,
    kind_of,
    offset_item,
    offsets_item,
)
from twistedmq.remoting.interfaces import IConnection
from twistedmq.store.interfaces import ReadStatus


class Lending:
    """Writes down what is lent before it is given.

    Args:
        log: where checkpoints go.
        messages: makes them.
        book: acks in memory.
        positions: moves on once the checkpoints are written.
        in_flight: what is out; told of what is not lent after all.
        order_wakes: told of queues that are blocked.
        identity: the broker's name, which is in checkpoints and handles.
        config: under which topic retried messages are shown.
        revive_queue_count: checkpoints take turns in so many queues.
    """

    def __init__(
        self,
        *,
        log: ReviveLog,
        messages: ReviveMessages,
        book: AckBook,
        positions: Positions,
        in_flight: InFlight,
        order_wakes: OrderWakes,
        identity: Live[BrokerIdentity],
        config: Live[PopConfig],
        revive_queue_count: int,
    ) -> None:
        self._log = log
        self._messages = messages
        self._book = book
        self._positions = positions
        self._in_flight = in_flight
        self._order_wakes = order_wakes
        self._identity = identity
        self._config = config
        self._revive_queue_count = revive_queue_count
        self._turn = -1

    def lend(
        self, asked: Asked, popped: Popped, connection: IConnection
    ) -> Reply | Deferred[Reply]:
        """Give the answer, at once or when the checkpoints are safe.

        It goes to *connection*.
        """
        if asked.is_ordered:
            for taken in popped.taken:
                self._order_wakes.watch(taken.place)
            return self._reply(asked, popped, ORDER_REVIVE_QUEUE)
        self._turn = (self._turn + 1) % self._revive_queue_count
        queue_id = self._turn
        broker_name = self._identity.value.broker_name
        checkpoints = [
            make_checkpoint(
                *taken.place,
                taken.start_offset,
                taken.offsets,
                popped.popped_ms,
                asked.invisible_ms,
                broker_name,
            )
            for taken in popped.taken
        ]
        try:
            messages = [
                self._messages.checkpoint(each, queue_id) for each in checkpoints
            ]
        except TwistedMQError:
            self._give_up(popped)
            raise
        written = self._log.add(messages, connection)
        told = asked, popped, checkpoints, queue_id
        return written.addCallbacks(
            self._lent, self._take_back, told, {}, (popped,), {}
        )

    def pass_over(self, popped: Popped) -> None:
        """Go on behind messages that nobody in the group wants."""
        if popped.moves:
            written = self._log.add([])
            written.addCallbacks(
                self._commit, self._take_back, (popped, ()), {}, (popped,), {}
            )
            written.addErrback(_told_others)

    def _lent(
        self,
        _: None,
        asked: Asked,
        popped: Popped,
        checkpoints: Sequence[PopCheckPoint],
        queue_id: int,
    ) -> Reply:
        self._commit(None, popped, checkpoints)
        return self._reply(asked, popped, queue_id)

    def _commit(
        self, _: None, popped: Popped, checkpoints: Sequence[PopCheckPoint]
    ) -> None:
        self._positions.commit(popped.moves)
        for checkpoint, taken in zip(checkpoints, popped.taken, strict=True):
            self._book.lent(key_of(checkpoint), taken.offsets)

    def _take_back(self, failure: Failure, popped: Popped) -> Failure:
        self._give_up(popped)
        return failure

    def _give_up(self, popped: Popped) -> None:
        """Have what was taken popped again."""
        self._positions.take_back(popped.moves)
        for taken in popped.taken:
            self._in_flight.done(taken.place, len(taken.offsets), popped.popped_ms)

    def _reply(self, asked: Asked, popped: Popped, revive_queue_id: int) -> Reply:
        records: list[Buffer] = []
        starts, offsets = [], []
        for taken in popped.taken:
            topic, _, queue_id = taken.place
            starts.append(offset_item(topic, queue_id, taken.start_offset))
            offsets.append(offsets_item(topic, queue_id, taken.offsets))
            if taken.is_retry and not self._config.value.show_retry_topic:
                records += self._as_asked(asked, popped, taken, revive_queue_id)
            else:
                records += taken.records
        fields = answer_fields(asked, popped, revive_queue_id)
        fields["startOffsetInfo"] = ";".join(starts)
        fields["msgOffsetInfo"] = ";".join(offsets)
        if popped.order_items:
            fields["orderCountInfo"] = ";".join(popped.order_items)
        return Reply(header=fields, body=records, remark=ReadStatus.FOUND.value)

    def _as_asked(
        self, asked: Asked, popped: Popped, taken: Taken, revive_queue_id: int
    ) -> list[Buffer]:
        handle = Handle(
            taken.start_offset,
            popped.popped_ms,
            asked.invisible_ms,
            revive_queue_id,
            kind_of(taken.place[0]),
            self._identity.value.broker_name,
        )
        return under_topic(taken.records, asked.topic, handle.text)


def answer_fields(asked: Asked, popped: Popped, revive_queue_id: int) -> dict[str, str]:
    """Give the fields that every answer to a pop has."""
    return {
        "popTime": f"{popped.popped_ms}",
        "invisibleTime": f"{asked.invisible_ms}",
        "reviveQid": f"{revive_queue_id}",
        "restNum": f"{popped.rest}",
    }


def _told_others(_: Failure) -> None:
    """What could not be written in this turn is the answer of who asked for it."""
