"""Sending."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Self

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from twistedmq.client.arguments import LONGEST_S, check_range
from twistedmq.client.batching import WITHIN_A_TURN, Accumulator, Batching
from twistedmq.client.errors import (
    NoTransactionCheckError,
    RouteNotFoundError,
)
from twistedmq.client.in_flight import InFlight, InFlightLimits
from twistedmq.client.interfaces import IQueueSelection, ISendFeedback
from twistedmq.client.latency import prober
from twistedmq.client.message import Message, Receipt, ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.outgoing import Outgoing
from twistedmq.client.packing import Packer, PackingRules
from twistedmq.client.producer_rules import RETRY_CODES, SHORTEST_S, SendRules
from twistedmq.client.recalling import Recall
from twistedmq.client.replies import AwaitedReplies, reply_marks
from twistedmq.client.selection import RoundRobin
from twistedmq.client.sending import SendParts
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.startable import Startable
from twistedmq.client.transactions import (
    LocalTransaction,
    TransactionCheck,
    TransactionParts,
    TransactionReceipt,
    Transactions,
)
from twistedmq.client.watching import IWatcher, open_watches
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.clients import HeartbeatData, ProducerData
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader


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
        attempt_timeout_s: for one attempt, as long as another one may follow: an answer
            that does not come is tried again then. The message may be there twice.
        retry_codes: answers (``ResponseCode``) after which another attempt follows,
            besides the usual ones.
        retry_unless_ok: have another attempt follow where a broker stored the message,
            but not as safely as it should (its status is not OK); the receipt is that
            of the last one that stored it. The message may be there twice.
        selection: which queue a message goes to; one after the other by default. One
            with a sharding key goes where its key says.
        packing: limits of size, and what is compressed.
        batching: what goes together in one request: by default what is sent within one
            turn of the reactor while several messages are on their way. None: each
            message is a request of its own.
        limits: how much may be on its way at a time.
        default_queues: queues of a topic that the first message creates.
        check: tells brokers what became of a transaction, one of another producer of
            the group, too; needed for ``send_in_transaction``.
        topics: whose brokers know this producer from the start; they learn of it with
            its first send otherwise, and do not ask it before.
        watchers: see what is sent: ``MessageTrace``, ``Spans``.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Raises:
        MessageIllegalError: the name of the group is not allowed.
        NoNameServerError: *nameservers* is malformed.
        ArgumentError: a number is out of its range.
        CompressionError: *packing* names a compression that is not there.
    """

    def __init__(  # noqa: PLR0913 - all but one are named and seldom
        self,
        group: str = names.DEFAULT_PRODUCER_GROUP,
        *,
        nameservers: Nameservers = None,
        timeout_s: float = 3.0,
        retries: int = 2,
        attempt_timeout_s: float | None = None,
        retry_codes: Collection[int] = (),
        retry_unless_ok: bool = False,
        selection: IQueueSelection | None = None,
        packing: PackingRules | None = None,
        batching: Batching | None = WITHIN_A_TURN,
        limits: InFlightLimits | None = None,
        default_queues: int = 4,
        check: TransactionCheck | None = None,
        topics: Sequence[str] = (),
        watchers: Sequence[IWatcher] = (),
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        rules = SendRules(
            group,
            timeout_s,
            retries,
            attempt_timeout_s,
            default_queues,
            RETRY_CODES.union(retry_codes),
            retry_unless_ok,
        )
        for topic in topics:
            names.check_topic(topic)
        self._topics = topics
        self.group = group
        session = Session(merged_settings(settings, nameservers, reactor))
        session.check_group(group)
        super().__init__(session, timeout_s)
        self._selection = selection or RoundRobin(session.random.randrange(1 << 16))
        parts = SendParts(
            rules, session.routes, session.pool, session.reactor, session.wall_ms
        )
        next_id = session.unique_ids()
        self._watch = open_watches(watchers, group, session, is_producer=True)
        packing = packing or PackingRules()
        self._packer = Packer(packing, next_id, self._watch)
        limits = limits or InFlightLimits()
        self._in_flight = InFlight(limits, session.reactor)
        self._outgoing = Outgoing(parts, self._selection, self._in_flight, self._watch)
        self._held: Accumulator | None = None
        by_itself = selection is None and limits.wait and not watchers
        if batching is not None and (batching.max_delay_ms or by_itself):
            self._held = Accumulator(
                batching,
                session.reactor,
                self._send_held,
                self._in_flight,
                packing.compress_over_bytes,
            )
        self._stop_learning: Callable[[], None] = lambda: None
        self._replies = AwaitedReplies(
            session.client_id, session.reactor, session.unique_ids()
        )
        self._transactions = self._open_transactions(check) if check else None
        session.handlers = self._replies.table()
        if self._transactions is not None:
            session.handlers |= self._transactions.table()

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
        """Wait for what is in flight, then disconnect.

        Time-outs bound that, but for the work of transactions, which may take its time.
        """
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

        Fails with MessageIllegalError, ArgumentError or NotRunningError before anything
        is sent; with RouteNotFoundError, SendFailedError, SendTimeoutError or
        RefusedError afterwards. A send that failed may have been stored all the same,
        if an answer was lost.

        Args:
            message: what to send.
            queue: to this queue and no other, without retries.
            selection: chooses the queue instead of the producer's own.
            timeout_s: instead of the producer's own.
        """
        held = self._held
        try:
            packer = self._running_packer(message.topic, queue, timeout_s)
            usual = selection is None and timeout_s is None
            if held is not None and usual and held.takes(message):
                packer.check(message)
                return held.add(message, queue)  # ``close`` flushes
            parcel = packer.pack(message)
        except Exception:
            return fail(Failure())
        self._make_way(message, queue)
        return self._outgoing.send(parcel, queue, selection, timeout_s)

    def send_in_transaction(
        self,
        message: Message,
        local: LocalTransaction,
        *,
        timeout_s: float | None = None,
    ) -> Deferred[TransactionReceipt]:
        """Send a message that nobody gets before *local* has done its work.

        *local* is called when the message is stored, and says what becomes of it; what
        it raises comes out of here, and the broker will ask ``check``. Fails as
        ``send`` before *local* is called; with NoTransactionCheckError at once where
        the producer was made without ``check``.

        Args:
            message: what to send. It cannot be delayed.
            local: given the receipt, gives an Outcome, or a Deferred or coroutine of
                one.
            timeout_s: for the send, instead of the producer's own.
        """
        transactions = self._transactions
        try:
            if transactions is None:
                raise NoTransactionCheckError(self.group)
            packer = self._running_packer(timeout_s=timeout_s)
            parcel = packer.pack(message, transactions.marks(), is_half=True)
        except Exception:
            return fail(Failure())
        self._make_way(message)
        stored = self._outgoing.send(parcel, None, None, timeout_s)
        ended = stored.addCallback(
            lambda half: Deferred.fromCoroutine(
                transactions.decide(half, message, local)
            )
        )
        return self._in_flight.track(ended)

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
        limit_s = self._patience_s if timeout_s is None else timeout_s
        try:
            packer = self._running_packer(timeout_s=timeout_s)
            marks = self._replies.marks(limit_s)
            parcel = packer.pack(message, marks)
        except Exception:
            return fail(Failure())
        self._make_way(message)
        correlation_id = marks[properties.CORRELATION_ID]
        replied = self._replies.expect(correlation_id, message.topic, limit_s)
        sent = self._outgoing.send(parcel, None, None, limit_s)
        sent.addErrback(self._replies.fail, correlation_id)
        return self._in_flight.track(replied)

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
            packer = self._running_packer(timeout_s=timeout_s)
            parcel = packer.pack(message, marks, is_reply=True)
        except Exception:
            return fail(Failure())
        sent = self._outgoing.send(parcel, None, None, timeout_s)
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
            topic = messages[0].topic if messages else None
            packer = self._running_packer(topic, queue, timeout_s)
            parcel = packer.pack_batch(messages, any_keys=queue is not None)
        except Exception:
            return fail(Failure())
        self._make_way(messages[0], queue)
        return self._outgoing.send_batch(parcel, queue, timeout_s)

    def send_one_way(
        self, message: Message, *, queue: MessageQueue | None = None
    ) -> Deferred[None]:
        """Send without asking for an answer; fires when it was handed to a connection.

        Whether it was stored, nobody tells.
        """
        try:
            parcel = self._running_packer(message.topic, queue).pack(message)
        except Exception:
            return fail(Failure())
        self._make_way(message, queue)
        return self._outgoing.send_one_way(parcel, queue)

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
            recall = Recall(self.group, topic, handle)
        except Exception:
            return fail(Failure())
        session = self._session
        answered = recall.send(session.routes, session.calls, self._watch)
        return self._in_flight.track(answered)

    def queues(self, topic: str) -> Deferred[Sequence[MessageQueue]]:
        """Give the queues of *topic* that may be sent to.

        Fails with RouteNotFoundError.
        """
        try:
            self._must_run()
            names.check_topic(topic)
        except Exception:
            return fail(Failure())
        route = self._session.routes.get(topic)
        return route.addCallback(lambda found: found.publishable)

    async def _start(self) -> None:
        await self._session.start()
        for topic in self._topics:
            await self._session.routes.get(topic).addErrback(_not_there_yet)
        heartbeats = self._session.heartbeats(self._heartbeat, masters_only=True)
        await heartbeats.start(self._session.settings.heartbeat_s)
        if ISendFeedback.providedBy(self._selection):
            learning = ISendFeedback(self._selection)
            probe = prober(self._session)
            self._stop_learning = learning.begin(self._session.reactor, probe)
        self._running = True

    async def _close(self) -> None:
        try:
            if self._held is not None:
                self._held.flush()
            await self._in_flight.idle()
            self._stop_learning()
            if self._watch is not None:
                await self._watch.close()
        finally:
            farewell = UnregisterClientRequestHeader(
                client_id=self.client_id, producer_group=self.group
            )
            await self._session.close(farewell)

    def _heartbeat(self) -> HeartbeatData:
        producers = [ProducerData(group_name=self.group)]
        return HeartbeatData(client_id=self.client_id, producer_data_set=producers)

    def _open_transactions(self, check: TransactionCheck) -> Transactions:
        session = self._session
        parts = TransactionParts(
            self.group,
            session.routes,
            session.pool,
            self._patience_s,
            self._in_flight.track,
            self._watch,
        )
        return Transactions(parts, check)

    def _running_packer(
        self,
        topic: str | None = None,
        queue: MessageQueue | None = None,
        timeout_s: float | None = None,
    ) -> Packer:
        """Give the packer, if the producer runs and *queue* is one of *topic*."""
        self._must_run()
        if timeout_s is not None:
            check_range("timeout_s", timeout_s, SHORTEST_S, LONGEST_S)
        if queue is not None and topic is not None and queue.topic != topic:
            raise MessageIllegalError(
                f"the message is for {topic!r}, the queue is one of {queue.topic!r}",
                field="queue",
                value=queue.topic,
                limit=topic,
            )
        return self._packer

    def _make_way(self, message: Message, queue: MessageQueue | None = None) -> None:
        """Have nothing held that *message*, which is about to go, would overtake."""
        if self._held is not None:
            self._held.make_way(message, queue)

    def _send_held(
        self, messages: Sequence[Message], queue: MessageQueue | None
    ) -> Deferred[list[Receipt]]:
        """Send what was held together, one alone as it would have gone by itself."""
        if len(messages) == 1:
            parcel = self._packer.pack(messages[0])
        else:
            parcel = self._packer.pack_alike(messages)
        return self._outgoing.send_batch(parcel, queue)


def _not_there_yet(failure: Failure) -> None:
    failure.trap(RouteNotFoundError)  # it is followed, and may come to be
