"""What a producer sends: chosen a queue for, within limits, waited for by ``close``."""

from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.in_flight import InFlight
from twistedmq.client.interfaces import IQueueSelection, ISendFeedback
from twistedmq.client.message import Message, Receipt
from twistedmq.client.packing import Parcel
from twistedmq.client.receipts import receipt_of, receipts_of
from twistedmq.client.routing import TopicRoute
from twistedmq.client.selection import ByKey
from twistedmq.client.sending import Over, Sending, SendParts, Stored
from twistedmq.client.watching import Watch
from twistedmq.protocol.bodies.queues import MessageQueue

R = TypeVar("R")
T = TypeVar("T", bound=Stored | Failure | None)


class Outgoing:
    """Sends parcels.

    Args:
        parts: what sending needs.
        selection: chooses queues, unless a message has a sharding key.
        in_flight: counts what is on its way.
        watch: sees what became of it.
    """

    def __init__(
        self,
        parts: SendParts,
        selection: IQueueSelection,
        in_flight: InFlight,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._parts = parts
        self._selection = selection
        self._by_key = ByKey()
        self._in_flight = in_flight
        learns = ISendFeedback.providedBy(selection)
        self._told = ISendFeedback(selection).told if learns else None

    def send(
        self,
        parcel: Parcel,
        queue: MessageQueue | None = None,
        selection: IQueueSelection | None = None,
        timeout_s: float | None = None,
    ) -> Deferred[Receipt]:
        """Send *parcel*, one message; see ``Sending``.

        Fails with ProducerFullError, too.
        """
        return self._send(parcel, queue, selection, timeout_s, self._over)

    def send_batch(
        self,
        parcel: Parcel,
        queue: MessageQueue | None = None,
        timeout_s: float | None = None,
    ) -> Deferred[list[Receipt]]:
        """Send *parcel*, one message or a batch, as ``send`` does."""
        return self._send(parcel, queue, None, timeout_s, self._batch_over)

    def _send(
        self,
        parcel: Parcel,
        queue: MessageQueue | None,
        selection: IQueueSelection | None,
        timeout_s: float | None,
        over: Over[R],
    ) -> Deferred[R]:
        limit_s = self._parts.rules.timeout_s if timeout_s is None else timeout_s
        room = self._in_flight.enter(len(parcel.unique_ids), len(parcel.body), limit_s)
        if room is None:
            return self._go(parcel, queue, selection, limit_s, over)
        if self._watch is not None:
            room.addErrback(self._never_went, parcel)
        clock = self._parts.clock
        end_s = clock.seconds() + limit_s
        sent: Deferred[R] = room.addCallback(
            lambda _: self._go(parcel, queue, selection, end_s - clock.seconds(), over)
        )
        return self._in_flight.track(sent)

    def send_one_way(
        self, parcel: Parcel, queue: MessageQueue | None
    ) -> Deferred[None]:
        """Send *parcel* without an answer; fires when it was handed over.

        Fails with ProducerFullError, too.
        """
        messages, size = len(parcel.unique_ids), len(parcel.body)
        limit_s = self._parts.rules.timeout_s
        room = self._in_flight.enter(messages, size, limit_s)
        if room is None:
            return self._go_one_way(parcel, queue)
        if self._watch is not None:
            room.addErrback(self._never_went, parcel)
        sent: Deferred[None] = room.addCallback(
            lambda _: self._go_one_way(parcel, queue)
        )
        return self._in_flight.track(sent)

    def selection_for(self, message: Message) -> IQueueSelection:
        """Give what chooses a queue for *message* where nobody else does."""
        return self._by_key if message.sharding_key else self._selection

    def _go(
        self,
        parcel: Parcel,
        queue: MessageQueue | None,
        selection: IQueueSelection | None,
        timeout_s: float,
        over: Over[R],
    ) -> Deferred[R]:
        chosen = selection or self.selection_for(parcel.message)
        sending = Sending(
            self._parts, parcel, chosen, queue, timeout_s, self._told, over
        )
        return sending.start()

    def _over(
        self, sending: Sending[Receipt], result: Stored | Failure
    ) -> Receipt | Failure:
        self._left(sending, result)
        if isinstance(result, Stored):
            return receipt_of(result, sending.parcel.unique_ids[0])
        return result

    def _batch_over(
        self, sending: Sending[list[Receipt]], result: Stored | Failure
    ) -> list[Receipt] | Failure:
        self._left(sending, result)
        if isinstance(result, Stored):
            return receipts_of(result, sending.parcel.unique_ids)
        return result

    def _left(self, sending: Sending[Any], result: Stored | Failure) -> None:
        """Have it seen, and give its room to others."""
        parcel = sending.parcel
        try:
            if self._watch is not None:
                self._seen(result, parcel, sending.begun_s)
        finally:
            self._in_flight.leave(len(parcel.unique_ids), len(parcel.body))

    def _go_one_way(self, parcel: Parcel, queue: MessageQueue | None) -> Deferred[None]:
        rules = self._parts.rules
        route = self._parts.routes.for_sending(
            parcel.message.topic, rules.default_queues
        )
        sent = route.addCallback(self._hand_over, parcel, queue)
        if self._watch is not None:
            sent.addBoth(self._seen, parcel, self._parts.clock.seconds())
        messages, size = len(parcel.unique_ids), len(parcel.body)
        return self._in_flight.carry(sent, messages, size)

    def _never_went(self, failure: Failure, parcel: Parcel) -> Failure:
        assert self._watch is not None
        self._watch.dropped(parcel.unique_ids, failure)
        return failure

    def _seen(self, result: T, parcel: Parcel, begun_s: float) -> T:
        assert self._watch is not None
        took_s = self._parts.clock.seconds() - begun_s
        self._watch.sent(parcel, result, took_s)
        return result

    def _hand_over(
        self, route: TopicRoute, parcel: Parcel, queue: MessageQueue | None
    ) -> Deferred[None]:
        parts, message = self._parts, parcel.message
        if queue is None:
            if not route.publishable:
                raise RouteNotFoundError(route.topic, " for writing")
            selection = self.selection_for(message)
            queue = selection.select(message, route.publishable, None)
        address = parts.routes.address(queue.broker_name)
        rules = parts.rules
        header = parcel.header(
            rules.group, queue, parts.wall_ms(), rules.default_queues
        )
        return parts.pool.send_one_way(address, parcel.code, header, parcel.body)
