"""Consuming as a member of a group."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from twisted.internet.defer import Deferred, TimeoutError, maybeDeferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.assignment import Assignment, AssignmentParts, Membership
from twistedmq.client.consuming import MessageHandler, RetryLater, Workers, explain
from twistedmq.client.deferreds import follow
from twistedmq.client.errors import NotRunningError, RouteNotFoundError
from twistedmq.client.identity import local_address
from twistedmq.client.inbox import Inbox
from twistedmq.client.interfaces import IOffsetStore, IQueueAllocation
from twistedmq.client.iteration import Iteration, Iterations
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.offsets import BrokerOffsets, open_file_offsets, workers_of
from twistedmq.client.owned import OwnedParts, OwnedQueues
from twistedmq.client.pulling import PullParts
from twistedmq.client.rebalance import AverageAllocation
from twistedmq.client.requests import ConsumerRequests, NoHandlerError, RequestParts
from twistedmq.client.retrying import Retries, RetryParts
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.startable import Startable
from twistedmq.client.starting import Start, StartFrom, heartbeat_value, start_offset
from twistedmq.client.subscription import Subscription
from twistedmq.client.window import Limits
from twistedmq.protocol import names
from twistedmq.protocol.bodies.clients import (
    ConsumerData,
    ConsumeType,
    HeartbeatData,
    MessageModel,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.headers.clients import UnregisterClientRequestHeader

COMMIT_S = 5.0
DEFAULT_INSTANCE = "DEFAULT"

_log = Logger()


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

    Args:
        group: whose progress this is.
        subscriptions: topic to expression: ``*`` or tags joined by ``||``.
        nameservers: as for ``Producer``.
        model: CLUSTERING: the members share the messages, BROADCASTING: each gets all
            (several on one machine need an ``instance_name`` in *settings* each).
        start_from: where a group without progress begins: LAST, FIRST or a datetime.
            A genuine broker has it begin at 0 all the same while a topic is young.
        concurrency: how many messages ``run`` has in work at a time.
        prefetch: how much of each queue is fetched ahead.
        allocation: who consumes which queues; the same in all members.
        max_reconsume_times: after so many failures a message goes to the dead letters.
        offsets_directory: where broadcasting keeps its progress; None:
            ~/.rocketmq_offsets.
        close_timeout_s: how long ``close`` waits for messages in work, and a shutdown
            for the loop.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Raises:
        MessageIllegalError: the name of the group or of a topic is not allowed.
        NoNameServerError: *nameservers* is malformed.
    """

    _receives = True

    def __init__(  # noqa: PLR0913 - all but two are optional and by name
        self,
        group: str,
        subscriptions: Mapping[str, str],
        *,
        nameservers: Nameservers = None,
        model: MessageModel = MessageModel.CLUSTERING,
        start_from: Start = StartFrom.LAST,
        concurrency: int = 20,
        prefetch: Limits | None = None,
        allocation: IQueueAllocation | None = None,
        max_reconsume_times: int = 16,
        offsets_directory: Path | None = None,
        close_timeout_s: float = 30.0,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        names.check_group(group)
        for topic in subscriptions:
            names.check_topic(topic)
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(session, close_timeout_s)
        self.group = group
        self.model = model
        self._start_from = start_from
        self._concurrency = concurrency
        self._inbox = Inbox()
        self._iterations = Iterations(self._inbox, self.ack)
        self._workers: Workers | None = None
        self._handler: MessageHandler | None = None
        self._closed: Deferred[None] = Deferred()
        version = session.wall_ms()
        wanted = dict(subscriptions)
        if self._is_clustering:
            wanted[names.retry_topic(group)] = "*"
        self._subscriptions = {
            topic: Subscription(topic, expression, version)
            for topic, expression in wanted.items()
        }
        self._heartbeats = session.heartbeats(self._heartbeat, masters_only=False)
        self._owned = OwnedQueues(
            OwnedParts(
                self._pull_parts(),
                self._inbox,
                self._offset_store(offsets_directory),
                self._start_offset,
                prefetch or Limits(),
                pulls_commit=self._is_clustering,
            ),
            self._subscriptions,
        )
        self._retries = Retries(self._retry_parts(max_reconsume_times))
        self._assignment = self._make_assignment(allocation or AverageAllocation())
        self._commits = LoopingCall(
            lambda: Deferred.fromCoroutine(self._owned.commit())
        )
        self._commits.clock = session.reactor
        session.handlers = ConsumerRequests(self._request_parts()).table()

    @property
    def client_id(self) -> str:
        """The id by which brokers know this client."""
        return self._session.client_id

    @property
    def queues(self) -> list[MessageQueue]:
        """The queues that this member consumes now, retry queues among them."""
        return self._owned.queues

    def start(self) -> Deferred[Self]:
        """Join the group; fires when its queues were shared out for the first time.

        Fails with NoNameServerError. Topics and brokers may come later.
        """
        return super().start()

    def close(self) -> Deferred[None]:
        """Leave the group: finish what is in work, commit, disconnect.

        Do not wait for it in a function that ``run`` calls: it waits for that function.
        """
        return super().close()

    def run(self, handler: MessageHandler) -> Deferred[None]:
        """Call *handler* for each message, until ``close`` or until this is cancelled.

        Starts the consumer if need be, and closes it.
        """
        # callbacks, not a coroutine: one that is thrown away half way cannot close
        begun = Deferred.fromCoroutine(self._work(handler))
        begun.addCallback(lambda _: follow(self._closed))
        return begun.addErrback(self._close_and_fail)

    def ack(self, message: ReceivedMessage) -> bool:
        """Note that *message* is done; False if its queue is not ours any more."""
        return self._owned.ack(message)

    def retry_later(
        self, message: ReceivedMessage, delay_level: int = 0
    ) -> Deferred[bool]:
        """Have *message* delivered again later, and ack it here.

        Args:
            message: one that is not acked yet.
            delay_level: see ``RetryLater``.
        """
        given_back = Deferred.fromCoroutine(
            self._retries.give_back(message, delay_level)
        )
        return given_back.addCallback(lambda _: self._owned.ack(message))

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them."""
        if not self._running:
            raise NotRunningError("this consumer is not running: start it first")
        return self._iterations.begin()

    def _left(self, *, cleanly: bool) -> None:
        """Ack the last message if all went well."""
        self._iterations.leave(cleanly=cleanly)

    def _wind_up(self) -> Deferred[None]:
        return self._iterations.wind_up()

    @property
    def _is_clustering(self) -> bool:
        return self.model is MessageModel.CLUSTERING

    async def _start(self) -> None:
        try:
            await self._session.start()
            for topic in self._subscriptions:
                await self._look_for(topic)
            self._running = True
            await self._heartbeats.start(self._session.settings.heartbeat_s)
            await self._assignment.start()
        except Exception:
            await (self.close() if self._running else self._session.close(None))
            raise
        if self._running:
            self._commits.start(COMMIT_S, now=False)

    async def _look_for(self, topic: str) -> None:
        try:
            await self._session.routes.get(topic)
        except RouteNotFoundError:
            # brokers make a retry topic at the first heartbeat
            if not names.is_retry_topic(topic):
                _log.info("topic {topic} is not there yet", topic=topic)

    async def _work(self, handler: MessageHandler) -> None:
        self._handler = handler
        if not self._running:
            await self.start()
        self._workers = Workers(
            self._inbox,
            handler,
            self._concurrency,
            self._owned.ack,
            self._not_consumed,
            self._session.reactor,
        )
        self._workers.start()

    def _close_and_fail(self, failure: Failure) -> Deferred[None]:
        """Close after a run was broken off."""
        return self.close().addCallback(lambda _: failure.raiseException())

    async def _close(self) -> None:
        await self._assignment.stop()
        self._owned.stop()
        self._inbox.close()
        if self._workers is not None:
            await self._finish(self._workers)
        if self._commits.running:
            self._commits.stop()
        await self._owned.commit()
        farewell = UnregisterClientRequestHeader(
            client_id=self.client_id, consumer_group=self.group
        )
        await self._session.close(farewell)
        self._closed.callback(None)

    async def _finish(self, workers: Workers) -> None:
        try:
            await workers.stop().addTimeout(self._patience_s, self._session.reactor)
        except TimeoutError:
            _log.warn(
                "{group}: messages in work after {timeout_s:g} s; they come again",
                group=self.group,
                timeout_s=self._patience_s,
            )

    def _not_consumed(
        self, message: ReceivedMessage, failure: Failure
    ) -> Deferred[bool]:
        """See to a message whose function failed."""
        if not self._is_clustering:
            explain(message, failure, "and it will not come again (broadcasting)")
            return succeed(self._owned.ack(message))
        explain(message, failure, "it will come again")
        asked = failure.value
        level = asked.delay_level if isinstance(asked, RetryLater) else 0
        return self.retry_later(message, level)

    def _consume_directly(self, message: ReceivedMessage) -> Deferred[object]:
        if self._handler is None:
            raise NoHandlerError("this consumer has no function for messages")
        result: Deferred[object] = maybeDeferred(self._handler, message)
        return result

    def _heartbeat(self) -> HeartbeatData:
        consumer = ConsumerData(
            group_name=self.group,
            consume_type=ConsumeType.CONSUME_PASSIVELY,
            message_model=self.model,
            consume_from_where=heartbeat_value(self._start_from),
            subscription_data_set=[
                each.data() for each in self._subscriptions.values()
            ],
        )
        return HeartbeatData(client_id=self.client_id, consumer_data_set=[consumer])

    async def _start_offset(self, queue: MessageQueue) -> int:
        session = self._session
        return await start_offset(
            queue, self._start_from, session.calls, session.routes
        )

    def _running_properties(self) -> dict[str, str]:
        return {
            "PROP_CONSUME_TYPE": ConsumeType.CONSUME_PASSIVELY,
            "PROP_CONSUMEORDERLY": "false",
            "PROP_THREADPOOL_CORE_SIZE": str(self._concurrency),
            "messageModel": self.model,
            "consumeFromWhere": heartbeat_value(self._start_from),
            "consumerGroup": self.group,
        }

    def _offset_store(self, directory: Path | None) -> IOffsetStore:
        session = self._session
        if self._is_clustering:
            return BrokerOffsets(self.group, session.calls, session.routes)
        name = session.settings.instance_name or DEFAULT_INSTANCE
        instance = f"{local_address()}@{name}"
        workers = workers_of(session.reactor)
        return open_file_offsets(directory, instance, self.group, workers)

    def _pull_parts(self) -> PullParts:
        session = self._session
        return PullParts(
            group=self.group,
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            deliver=self._inbox.put,
            moved=self._inbox.discard,
            unknown=self._heartbeats.beat,
        )

    def _retry_parts(self, max_reconsume_times: int) -> RetryParts:
        session = self._session
        return RetryParts(
            group=self.group,
            max_reconsume_times=max_reconsume_times,
            calls=session.calls,
            routes=session.routes,
            pool=session.pool,
            clock=session.reactor,
            wall_ms=session.wall_ms,
            next_id=session.unique_ids(),
        )

    def _make_assignment(self, allocation: IQueueAllocation) -> Assignment:
        session = self._session
        parts = AssignmentParts(
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            random=session.random,
            heartbeat=self._heartbeats.beat,
            owned=lambda: self._owned.queues,
            take=self._owned.take,
            give_back=self._owned.give_back,
        )
        membership = Membership(
            self.group,
            self.client_id,
            tuple(self._subscriptions),
            allocation if self._is_clustering else None,
        )
        return Assignment(parts, membership)

    def _request_parts(self) -> RequestParts:
        session = self._session
        return RequestParts(
            group=self.group,
            subscriptions=tuple(self._subscriptions.values()),
            owned=self._owned,
            rebalance=self._assignment.soon,
            consume=self._consume_directly,
            properties=self._running_properties,
            wall_ms=session.wall_ms,
            seconds=session.reactor.seconds,
        )
