"""Sending."""

from collections.abc import Sequence
from typing import Any, Self, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from twistedmq.client.errors import NotRunningError, RouteNotFoundError
from twistedmq.client.interfaces import IQueueSelection
from twistedmq.client.message import Message, Receipt, ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.packing import Packer, PackingRules, Parcel
from twistedmq.client.receipts import receipt_of, receipts_of
from twistedmq.client.replies import AwaitedReplies, reply_marks
from twistedmq.client.routing import TopicRoute
from twistedmq.client.selection import ByKey, RoundRobin
from twistedmq.client.sending import Sending, SendParts, SendRules, Stored
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.startable import Startable
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.clients import HeartbeatData, ProducerData
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader
from twistedmq.protocol.headers.send import (
    RecallMessageRequestHeader,
    RecallMessageResponseHeader,
)
from twistedmq.protocol.recall_handle import parse_recall_handle

T = TypeVar("T")


class Producer(Startable):
    """Sends messages to a cluster.

    ::

        async with Producer("shop", nameservers="127.0.0.1:9876") as producer:
            receipt = await producer.send(Message("orders", b"hello", tag="new"))

    Args:
        group: a name for producers of one kind.
        nameservers: "host:port;host:port", a list, an URL, or a source; None: what
            NAMESRV_ADDR says, or 127.0.0.1:9876.
        timeout_s: for one send, all its attempts together.
        retries: how many more attempts after a failure that may pass.
        selection: which queue a message goes to; one after the other by default. One
            with a sharding key goes where its key says.
        packing: limits of size, and what is compressed.
        default_queues: queues of a topic that the first message creates.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Raises:
        MessageIllegalError: the name of the group is not allowed.
        NoNameServerError: *nameservers* is malformed.
        CompressionError: *packing* names a compression that is not there.
    """

    def __init__(
        self,
        group: str = names.DEFAULT_PRODUCER_GROUP,
        *,
        nameservers: Nameservers = None,
        timeout_s: float = 3.0,
        retries: int = 2,
        selection: IQueueSelection | None = None,
        packing: PackingRules | None = None,
        default_queues: int = 4,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        names.check_group(group)
        self.group = group
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(session, timeout_s)
        self._packer = Packer(packing or PackingRules(), session.unique_ids())
        self._by_key = ByKey()
        self._selection = selection or RoundRobin(session.random.randrange(1 << 16))
        rules = SendRules(group, timeout_s, retries, default_queues)
        self._parts = SendParts(
            rules, session.routes, session.pool, session.reactor, session.wall_ms
        )
        self._replies = AwaitedReplies(
            session.client_id, session.reactor, session.unique_ids()
        )
        session.handlers = self._replies.table()
        self._in_flight: set[Deferred[Any]] = set()
        self._idle: Deferred[None] | None = None

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._session.client_id

    def start(self) -> Deferred[Self]:
        """Find the name servers; fails with NoNameServerError.

        No broker needs to be there yet.
        """
        return super().start()

    def close(self) -> Deferred[None]:
        """Wait for what is in flight (its time-out bounds that), then disconnect."""
        return super().close()

    def send(
        self,
        message: Message,
        *,
        queue: MessageQueue | None = None,
        selection: IQueueSelection | None = None,
        timeout_s: float | None = None,
    ) -> Deferred[Receipt]:
        """Send one message.

        Fails with MessageIllegalError before anything is sent; with RouteNotFoundError,
        SendFailedError, SendTimeoutError or RefusedError afterwards. A send that failed
        may have been stored all the same, if an answer was lost.

        Args:
            message: what to send.
            queue: to this queue and no other, without retries.
            selection: chooses the queue instead of the producer's own.
            timeout_s: instead of the producer's own.
        """
        try:
            parcel = self._running_packer().pack(message)
        except Exception:
            return fail(Failure())
        stored = self._send(parcel, queue, selection, timeout_s)
        return stored.addCallback(receipt_of, parcel.unique_ids[0])

    def request(
        self, message: Message, *, timeout_s: float | None = None
    ) -> Deferred[ReceivedMessage]:
        """Send one message and wait for the reply of who consumes it.

        Fails as ``send``, and with ReplyTimeoutError where no reply comes; the message
        may be consumed all the same.

        Args:
            message: what is asked.
            timeout_s: for sending and the reply together, instead of the producer's
                own.
        """
        limit_s = self._parts.rules.timeout_s if timeout_s is None else timeout_s
        marks = self._replies.marks(limit_s)
        try:
            parcel = self._running_packer().pack(message, marks)
        except Exception:
            return fail(Failure())
        correlation_id = marks[properties.CORRELATION_ID]
        replied = self._replies.expect(correlation_id, message.topic, limit_s)
        sent = self._send(parcel, None, None, limit_s)
        sent.addErrback(self._replies.fail, correlation_id)
        return self._tracked(replied)

    def reply(
        self,
        request: ReceivedMessage,
        body: bytes,
        *,
        timeout_s: float | None = None,
    ) -> Deferred[None]:
        """Reply to a message that was sent by ``request``, here or in another language.

        Fires when its producer has the reply. Fails with NoReplyWantedError for other
        messages, and as ``send`` where that producer is gone, or waits no more.
        """
        try:
            topic, marks = reply_marks(request)
            message = Message(topic, body)
            parcel = self._running_packer().pack(message, marks, is_reply=True)
        except Exception:
            return fail(Failure())
        sent = self._send(parcel, None, None, timeout_s)
        return sent.addCallback(lambda _: None)

    def send_batch(
        self,
        messages: Sequence[Message],
        *,
        queue: MessageQueue | None = None,
        timeout_s: float | None = None,
    ) -> Deferred[list[Receipt]]:
        """Send messages of one topic to one queue in one request, all or none of them.

        Gives a receipt for each, in order. Fails as ``send``.
        """
        try:
            parcel = self._running_packer().pack_batch(messages)
        except Exception:
            return fail(Failure())
        stored = self._send(parcel, queue, None, timeout_s)
        return stored.addCallback(receipts_of, parcel.unique_ids)

    def send_one_way(
        self, message: Message, *, queue: MessageQueue | None = None
    ) -> Deferred[None]:
        """Send without asking for an answer; fires when it was handed to a connection.

        Whether it was stored, nobody tells.
        """
        try:
            parcel = self._running_packer().pack(message)
        except Exception:
            return fail(Failure())
        route = self._parts.routes.for_sending(
            message.topic, self._parts.rules.default_queues
        )
        return self._tracked(route.addCallback(self._send_one_way, parcel, queue))

    def recall(self, topic: str, handle: str) -> Deferred[str]:
        """Call back a message of *topic* that waits for its time.

        Fires with its id. Fails with RecallHandleError or MessageIllegalError before
        anything is sent; with RefusedError where the broker does not recall
        (``recallMessageEnable``), or it is too late.

        Args:
            topic: where the message was sent to.
            handle: from its receipt.
        """
        try:
            self._running_packer()
            names.check_topic(topic)
            broker_name = parse_recall_handle(handle).broker_name
        except Exception:
            return fail(Failure())
        header = RecallMessageRequestHeader(
            producer_group=self.group,
            topic=topic,
            recall_handle=handle,
            target_broker=broker_name,
        )
        route = self._session.routes.get(topic)
        return self._tracked(route.addCallback(self._recall, header, broker_name))

    def queues(self, topic: str) -> Deferred[Sequence[MessageQueue]]:
        """Give the queues of *topic* that may be sent to.

        Fails with RouteNotFoundError.
        """
        route = self._session.routes.get(topic)
        return route.addCallback(lambda found: found.publishable)

    async def _start(self) -> None:
        await self._session.start()
        heartbeats = self._session.heartbeats(self._heartbeat, masters_only=True)
        await heartbeats.start(self._session.settings.heartbeat_s)
        self._running = True

    async def _close(self) -> None:
        if self._in_flight:
            self._idle = Deferred()
            await self._idle
        farewell = UnregisterClientRequestHeader(
            client_id=self.client_id, producer_group=self.group
        )
        await self._session.close(farewell)

    def _heartbeat(self) -> HeartbeatData:
        producers = [ProducerData(group_name=self.group)]
        return HeartbeatData(client_id=self.client_id, producer_data_set=producers)

    def _running_packer(self) -> Packer:
        if not self._running:
            raise NotRunningError("this producer is not running: start it first")
        return self._packer

    def _send(
        self,
        parcel: Parcel,
        queue: MessageQueue | None,
        selection: IQueueSelection | None,
        timeout_s: float | None,
    ) -> Deferred[Stored]:
        chosen = selection or self._usual_selection(parcel.message)
        sending = Sending(self._parts, parcel, chosen, queue, timeout_s)
        return self._tracked(sending.start())

    def _usual_selection(self, message: Message) -> IQueueSelection:
        return self._by_key if message.sharding_key else self._selection

    def _send_one_way(
        self, route: TopicRoute, parcel: Parcel, queue: MessageQueue | None
    ) -> Deferred[None]:
        parts = self._parts
        if queue is None:
            if not route.publishable:
                raise RouteNotFoundError(route.topic, " for writing")
            message = parcel.message
            selection = self._usual_selection(message)
            queue = selection.select(message, route.publishable, None)
        address = parts.routes.address(queue.broker_name)
        header = parcel.header(
            self.group, queue, parts.wall_ms(), parts.rules.default_queues
        )
        sent = parts.pool.send_one_way(address, parcel.code, header, parcel.body)
        return sent

    def _recall(
        self, _: TopicRoute, header: RecallMessageRequestHeader, broker_name: str
    ) -> Deferred[str]:
        address = self._session.routes.address(broker_name)
        answer = self._session.calls.ask(address, RequestCode.RECALL_MESSAGE, header)
        return answer.addCallback(
            lambda found: decode_fields(RecallMessageResponseHeader, found.fields)
        ).addCallback(lambda found: found.msg_id)

    def _tracked(self, sending: Deferred[T]) -> Deferred[T]:
        """Have ``close`` wait for it."""
        if not sending.called:
            self._in_flight.add(sending)
            sending.addBoth(self._landed, sending)
        return sending

    def _landed(self, result: T, sending: Deferred[T]) -> T:
        self._in_flight.discard(sending)
        if self._idle is not None and not self._in_flight:
            idle, self._idle = self._idle, None
            idle.callback(None)
        return result
