"""Consuming as a member of a group."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from twistedmq import __version__
from twistedmq.client.arguments import check_range
from twistedmq.client.consumer_rules import ConsumerRules
from twistedmq.client.consuming import LotHandler, MessageHandler, RetryLater
from twistedmq.client.consumption import Consumption, ConsumptionParts, one_by_one
from twistedmq.client.deferreds import follow
from twistedmq.client.errors import AlreadyRunsError, ArgumentError, NotRunningError
from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.client.iteration import Iteration, Iterations
from twistedmq.client.member import GroupMember
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.rebalance import AverageAllocation
from twistedmq.client.requests import ConsumerRequests, RequestParts
from twistedmq.client.retrying import open_retries
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.stacks import stacks
from twistedmq.client.startable import Startable
from twistedmq.client.starting import Start, StartFrom, heartbeat_value
from twistedmq.client.subscription import check_subscriptions
from twistedmq.client.watching import IWatcher, open_watches, watched
from twistedmq.client.window import Limits
from twistedmq.protocol import names
from twistedmq.protocol.bodies.clients import ConsumeType, MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue


class Consumer(Startable):
    """Consumes topics as one of a group.

    ::

        async with Consumer("billing", {"orders": "new || paid"}) as consumer:
            async for message in consumer:  # asking for the next one acks this one
                await charge(message.body)

        await Consumer("billing", {"orders": "*"}).run(charge)

    Iterating: asking for the next message acks the one before; ``break`` or an
    exception does not. A clean exit of ``async with`` acks the last one handed out.
    What is not acked comes again, to this or another member of the group.
    A shutdown of the reactor (TERM, Ctrl-C) ends the loop and closes.

    Running: the function is called for many messages at a time, and may give a plain
    value, a Deferred or a coroutine. Raising has the message delivered again later
    (in broadcasting it is only logged); see ``RetryLater``.

    In order (``orderly``): of each queue one message at a time, and while one fails its
    queue rests, then tries it again; the others wait. No two members have a queue at a
    time, also while it goes from one to the other.

    Args:
        group: whose progress this is.
        subscriptions: topic to expression: ``*``, tags joined by ``||``, or an ``Sql``.
        nameservers: as for ``Producer``.
        model: CLUSTERING: the members share the messages, BROADCASTING: each gets all
            (several on one machine need an ``instance_name`` in *settings* each).
        start_from: where a group without progress begins: LAST, FIRST or a datetime.
            A genuine broker has it begin at 0 all the same while a topic is young.
        concurrency: how many messages (in order: queues) ``run`` has in work at a time.
        prefetch: how much of each queue is fetched ahead.
        prefetch_in_all: how much is fetched ahead of all queues together, the retry
            queues among them; each has an equal part. None: only *prefetch* counts.
        allocation: who consumes which queues; the same in all members.
        orderly: whether the messages of a queue are consumed one after the other.
        max_reconsume_times: after so many failures a message goes to the dead letters.
            None: 16; in order it is tried without end.
        suspend_s: in order: how long a queue rests after a failure, 0.01 to 30 s.
        consume_timeout_s: a message that a function has longer than that is given back,
            so that those behind it can be committed; None: never. Not in order.
        offsets_directory: where broadcasting keeps its progress; None:
            ~/.rocketmq_offsets.
        watchers: see what is consumed: ``MessageTrace``, ``Spans``.
        close_timeout_s: how long ``close`` waits for messages in work, and a shutdown
            for the loop.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Raises:
        MessageIllegalError: the name of the group or of a topic is not allowed.
        NoNameServerError: *nameservers* is malformed.
        ArgumentError: a number is out of its range.
    """

    _receives = True

    def __init__(  # noqa: PLR0913 - all but two are optional and by name
        self,
        group: str,
        subscriptions: Mapping[str, str],
        *,
        nameservers: Nameservers = None,
        model: MessageModel = MessageModel.CLUSTERING,
        orderly: bool = False,
        start_from: Start = StartFrom.LAST,
        concurrency: int = 20,
        prefetch: Limits | None = None,
        prefetch_in_all: Limits | None = None,
        allocation: IQueueAllocation | None = None,
        max_reconsume_times: int | None = None,
        suspend_s: float = 1.0,
        consume_timeout_s: float | None = 900.0,
        offsets_directory: Path | None = None,
        watchers: Sequence[IWatcher] = (),
        close_timeout_s: float = 30.0,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        check_subscriptions(subscriptions)
        check_range("close_timeout_s", close_timeout_s, 0)
        session = Session(merged_settings(settings, nameservers, reactor))
        session.check_group(group)
        super().__init__(session, close_timeout_s)
        self.group = group
        self.model = model
        self._rules = ConsumerRules(
            group=group,
            model=model,
            orderly=orderly,
            start_from=start_from,
            concurrency=concurrency,
            prefetch=prefetch or Limits(),
            prefetch_in_all=prefetch_in_all,
            allocation=allocation or AverageAllocation(),
            max_reconsume_times=max_reconsume_times,
            suspend_s=suspend_s,
            consume_timeout_s=consume_timeout_s,
            offsets_directory=offsets_directory,
        )
        self._member = GroupMember(session, self._rules, subscriptions)
        self._consumption = Consumption(self._consumption_parts())
        self._watch = open_watches(watchers, group, session, is_producer=False)
        self._iterations = Iterations(
            self._member.inbox,
            lambda message: self._consumption.done([message]),
            self._watch,
        )
        self._closed: Deferred[None] = Deferred()
        self._begun_ms = session.wall_ms()
        session.handlers = ConsumerRequests(self._request_parts()).table()

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._session.client_id

    @property
    def queues(self) -> list[MessageQueue]:
        """The queues that this member consumes now, retry queues among them."""
        return self._member.owned.queues

    def start(self) -> Deferred[Self]:
        """Join the group; fires when its queues were shared out for the first time.

        Fails with NoNameServerError, or with SubscriptionRefusedError where a broker
        does not take an ``Sql``. Topics and brokers may come later.
        """
        return super().start()

    def close(self) -> Deferred[None]:
        """Leave the group: finish what is in work, commit, disconnect.

        Do not wait for it in a function that ``run`` calls: it waits for that function.
        """
        return super().close()

    def run(self, handler: MessageHandler) -> Deferred[None]:
        """Call *handler* for each message, until ``close`` or until this is cancelled.

        Starts the consumer if need be, and closes it. Fails with NotRunningError where
        it was closed before, with AlreadyRunsError while another ``run`` goes on.
        """
        if not callable(handler):
            return fail(ArgumentError("handler", handler, "a function"))
        return self.run_batches(one_by_one(handler), size=1)

    def run_batches(self, handler: LotHandler, *, size: int = 32) -> Deferred[None]:
        """Call *handler* with up to *size* messages of one queue at a time.

        It gets those that are there, in their order; nothing waits for a batch to fill.
        If it fails all of them come again, unless ``RetryLater`` says which.
        """
        if self._consumption.has_handler:
            return fail(AlreadyRunsError())
        if not callable(handler):
            return fail(ArgumentError("handler", handler, "a function"))
        if self._closing is not None:
            return fail(self._not_running())
        try:
            check_range("size", size, 1)
        except ArgumentError:
            return fail(Failure())
        # callbacks, not a coroutine: one that is thrown away half way cannot close
        begun = Deferred.fromCoroutine(self._work(handler, size))
        begun.addCallback(lambda _: follow(self._closed))
        return begun.addErrback(self._close_and_fail)

    def suspend(self) -> None:
        """Fetch no more messages until ``resume``; those fetched are still consumed.

        Its queues stay with this member.
        """
        self._member.owned.suspend()

    def resume(self) -> None:
        """Fetch messages again."""
        self._member.owned.resume()

    def subscribe(self, topic: str, expression: str = "*") -> Deferred[None]:
        """Consume a topic as well, or something else of it, from now on.

        Fires when the brokers were told and the queues shared out. All members of a
        group should want the same.

        Raises:
            MessageIllegalError: the name of the topic is not allowed.
            NotRunningError: it was not started.
        """
        names.check_topic(topic)
        self._must_run()
        return Deferred.fromCoroutine(self._member.subscribe(topic, expression))

    def unsubscribe(self, topic: str) -> Deferred[None]:
        """Consume a topic no more; fires when its queues were given back."""
        self._must_run()
        return Deferred.fromCoroutine(self._member.unsubscribe(topic))

    def ack(self, message: ReceivedMessage) -> bool:
        """Note that *message* is done.

        Gives False if it is done already, if its queue is not ours any more, or if an
        operator has moved the queue's offset since: then it comes again.
        """
        return self._member.owned.ack(message)

    def retry_later(
        self, message: ReceivedMessage, delay_level: int = 0
    ) -> Deferred[bool]:
        """Have *message* delivered again later, and ack it here.

        In order: have its queue rest and try it again then.

        Args:
            message: one that is not acked yet.
            delay_level: see ``RetryLater``.
        """
        if self._rules.orderly:
            self._iterations.forget(message)
        return self._consumption.retry_later(message, RetryLater(delay_level))

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them."""
        self._must_run()
        return self._iterations.begin()

    def _left(self, *, cleanly: bool) -> None:
        """Ack the last message if all went well."""
        self._iterations.leave(cleanly=cleanly)

    def _wind_up(self) -> Deferred[None]:
        return self._iterations.wind_up()

    async def _start(self) -> None:
        await self._session.start()
        self._running = True
        await self._member.join()

    async def _work(self, handler: LotHandler, size: int) -> None:
        if self._watch is not None:
            handler = watched(handler, self._watch)
        self._consumption.prepare(handler)
        try:
            await self.start()
        except NotRunningError:
            return  # closed while it started: that is how a run ends
        self._consumption.begin(size)

    def _close_and_fail(self, failure: Failure) -> Deferred[None]:
        """Close after a run was broken off."""
        return self.close().addCallback(lambda _: failure.raiseException())

    async def _close(self) -> None:
        try:
            await self._member.stop()
            await self._consumption.stop(self._patience_s)
            if self._watch is not None:
                await self._watch.close()
        finally:
            try:
                await self._member.leave()
            finally:
                self._closed.callback(None)

    def _running_properties(self) -> dict[str, str]:
        rules, session = self._rules, self._session
        return {
            "PROP_NAMESERVER_ADDR": ";".join(session.names.addresses),
            "PROP_CONSUMER_START_TIMESTAMP": str(self._begun_ms),
            "PROP_CLIENT_VERSION": f"TwistedMQ {__version__}",
            "PROP_CONSUME_TYPE": ConsumeType.CONSUME_PASSIVELY,
            "PROP_CONSUMEORDERLY": "true" if rules.orderly else "false",
            "PROP_THREADPOOL_CORE_SIZE": str(rules.concurrency),
            "messageModel": rules.model,
            "consumeFromWhere": heartbeat_value(rules.start_from),
            "consumerGroup": self.group,
        }

    def _stacks(self) -> str:
        return stacks(self._consumption.in_work, self._session.reactor.seconds())

    def _consumption_parts(self) -> ConsumptionParts:
        session = self._session
        return ConsumptionParts(
            rules=self._rules,
            inbox=self._member.inbox,
            owned=self._member.owned,
            retries=open_retries(session, self.group, self._rules.most_failures),
            clock=session.reactor,
            counts=self._member.rates.counts,
        )

    def _request_parts(self) -> RequestParts:
        session = self._session
        return RequestParts(
            group=self.group,
            subscriptions=self._member.subscriptions.values(),
            owned=self._member.owned,
            rebalance=self._member.rebalance,
            consume=self._consumption.directly,
            properties=self._running_properties,
            rates=self._member.rates,
            stacks=self._stacks,
            locked_s=self._member.locks.locked_s,
            orderly=self._rules.orderly,
            wall_ms=session.wall_ms,
            seconds=session.reactor.seconds,
        )
