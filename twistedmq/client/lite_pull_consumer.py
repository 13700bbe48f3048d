"""Polling for messages: queues shared out or chosen, positions in one's own hands."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from twisted.internet.defer import Deferred, TimeoutError

from twistedmq.client.arguments import check_range, check_some, to_ms
from twistedmq.client.consumption import NoHandlerError
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import ArgumentError
from twistedmq.client.interfaces import IQueueAllocation, Unsubscribe
from twistedmq.client.iteration import Iteration, Iterations
from twistedmq.client.lite_pull_errors import CommitFailedError, PollUnderWayError
from twistedmq.client.lite_queues import AssignedListener, LiteQueues, LiteRules
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.pausable_inbox import PausableInbox
from twistedmq.client.queue_client import QueueClient
from twistedmq.client.rebalance import AverageAllocation
from twistedmq.client.requests import ConsumerRequests, RequestParts
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.starting import Start, StartFrom, check_start, heartbeat_value
from twistedmq.client.subscription import check_subscriptions
from twistedmq.client.window import Limits
from twistedmq.protocol.bodies.clients import ConsumeType
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.remoting.periodic import PeriodicCall

MOST = 10_000
COMMIT_S = 5.0
PATIENCE_S = 10.0
IN_ALL = Limits(messages=10_000, size_bytes=256 * 1024 * 1024)


class LitePullConsumer(QueueClient):
    """Gives messages when it is polled, and fetches ahead meanwhile.

    ::

        async with LitePullConsumer("billing", {"orders": "new || paid"}) as consumer:
            while True:
                for message in await consumer.poll(timeout_s=5):
                    await charge(message.body)

            async for message in consumer:  # the same, one by one
                await charge(message.body)

    What a poll gave counts as done when the next one is made, or ``commit`` is called;
    a clean exit of ``async with`` counts, too, an exception does not. What is done is
    committed every few seconds, and at the end; what is not done comes again.

    With subscriptions the members of the group share the queues; without, ``assign``
    says which ones this program reads.

    Calls about a queue fail with NotAssignedError, and with ArgumentError before
    anything is sent; all with RefusedError, BrokerNotFoundError, RouteNotFoundError or
    an error of the remoting room, where brokers cannot be asked. Polls do not fail:
    what is wrong with brokers is logged and waited out.

    Args:
        group: whose progress this is.
        subscriptions: topic to expression: ``*``, tags joined by ``||``, or an ``Sql``.
            None: queues are assigned.
        nameservers: as for ``Producer``.
        start_from: where a queue without progress begins: LAST, FIRST or a datetime.
        prefetch: how much of each queue is fetched ahead.
        prefetch_in_all: how much of all queues together.
        commit_s: how often what is done is committed; None: only by ``commit``.
        allocation: who consumes which queues; the same in all members.
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
        subscriptions: Mapping[str, str] | None = None,
        *,
        nameservers: Nameservers = None,
        start_from: Start = StartFrom.LAST,
        prefetch: Limits | None = None,
        prefetch_in_all: Limits = IN_ALL,
        commit_s: float | None = COMMIT_S,
        allocation: IQueueAllocation | None = None,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        if subscriptions is not None:
            check_subscriptions(subscriptions)
            check_some("subscriptions", list(subscriptions))
        if commit_s is not None:
            check_range("commit_s", commit_s, 0.1)
        check_start(start_from)
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(group, session, PATIENCE_S)
        self._subscribe(subscriptions or {})
        self._start_position = heartbeat_value(start_from)
        self._commit_s = commit_s
        self._inbox = PausableInbox(self._forget)
        self._iterations = Iterations(self._inbox, self._done)
        self._handed: list[ReceivedMessage] = []
        self._polling = False
        rules = LiteRules(
            group=group,
            subscriptions=self._subscriptions,
            start_from=start_from,
            limits=prefetch or Limits(),
            in_all=prefetch_in_all,
            allocation=allocation or AverageAllocation(),
        )
        self._queues = LiteQueues(session, rules, self._inbox, self._heartbeats)
        self._owned = self._queues.owned
        self._commits = PeriodicCall(self._commit_done, session.reactor)
        session.handlers = ConsumerRequests(self._request_parts()).table()

    @property
    def assignment(self) -> list[MessageQueue]:
        """The queues that this member has now."""
        return self._owned.queues

    @property
    def paused(self) -> frozenset[MessageQueue]:
        """The queues that are held back."""
        return self._inbox.paused

    def start(self) -> Deferred[Self]:
        """Join the group; fires when its queues were shared out for the first time.

        Fails with NoNameServerError. Topics and brokers may come later.
        """
        return super().start()

    def close(self) -> Deferred[None]:
        """Leave the group: commit what is done, disconnect."""
        return super().close()

    @gives_deferred
    async def assign(
        self, queues: Iterable[MessageQueue], expression: str = "*"
    ) -> None:
        """Read these queues from now on, and no others; fires when they are begun.

        May be called before ``start``. A queue whose broker cannot be asked is begun
        as soon as it can. Fails with SubscribedError if there are subscriptions.

        Args:
            queues: all that are to be read.
            expression: which messages of them.
        """
        await self._queues.choose(queues, expression)

    def on_assigned(self, listener: AssignedListener) -> Unsubscribe:
        """Have *listener* called with all queues of this member when these change.

        Gives what calls that off.
        """
        return self._queues.on_assigned(listener)

    @gives_deferred
    async def poll(
        self, timeout_s: float = 5.0, max_messages: int = 32
    ) -> list[ReceivedMessage]:
        """Give the next messages, none if none came in time.

        What the poll before gave counts as done. Fails with PollUnderWayError while
        another one waits.

        Args:
            timeout_s: how long to wait for the first one.
            max_messages: 1 to 10000.
        """
        self._must_run()
        to_ms("timeout_s", timeout_s)
        check_range("max_messages", max_messages, 1, MOST)
        if self._polling:
            raise PollUnderWayError
        self._all_done()
        found = self._inbox.take_some(max_messages)
        if not found and timeout_s > 0:
            found = await self._wait(timeout_s, max_messages)
        self._handed = found
        return list(found)

    def take_back(self) -> None:
        """Have the next poll give what the last one gave, since it reached nobody."""
        handed, self._handed = self._handed, []
        for message in reversed(handed):
            self._inbox.put_back(message)

    @gives_deferred
    async def seek(self, queue: MessageQueue, offset: int) -> None:
        """Go on at *offset* of a queue; nothing that was fetched before is given.

        Fails with ArgumentError where the queue has no such offset.
        """
        self._must_have(queue)
        check_range("offset", offset, 0)
        first, end = await self.min_offset(queue), await self.max_offset(queue)
        if not first <= offset <= end:
            raise ArgumentError("offset", offset, f"{first} to {end}")
        self._seek(queue, offset)

    @gives_deferred
    async def seek_to_begin(self, queue: MessageQueue) -> None:
        """Go on at the first offset that a queue still has."""
        self._must_have(queue)
        self._seek(queue, await self.min_offset(queue))

    @gives_deferred
    async def seek_to_end(self, queue: MessageQueue) -> None:
        """Go on with what comes from now on."""
        self._must_have(queue)
        self._seek(queue, await self.max_offset(queue))

    def position(self, queue: MessageQueue) -> int:
        """Give the offset of the next message of *queue* to be given.

        Raises: NotAssignedError.
        """
        return self._queues.position(queue)

    def pause(self, *queues: MessageQueue) -> None:
        """Give and fetch nothing of *queues* until they are resumed.

        That holds for a queue that is lost and comes again, too.
        """
        for queue in queues:
            self._queues.pause(queue)

    def resume(self, *queues: MessageQueue) -> None:
        """Go on with *queues*."""
        for queue in queues:
            self._queues.resume(queue)

    @gives_deferred
    async def commit(self) -> None:
        """Commit all that was given so far.

        Fails with CommitFailedError, which says what brokers did not take.
        """
        self._must_run()
        self._all_done()
        failed = await self._owned.commit()
        if failed:
            raise CommitFailedError(sorted(failed))

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them."""
        self._must_run()
        return self._iterations.begin()

    def _left(self, *, cleanly: bool) -> None:
        self._iterations.leave(cleanly=cleanly)
        if cleanly:
            self._all_done()

    def _wind_up(self) -> Deferred[None]:
        return self._iterations.wind_up()

    async def _wait(self, timeout_s: float, most: int) -> list[ReceivedMessage]:
        self._polling = True
        waiting = self._inbox.get()
        try:
            first = await waiting.addTimeout(timeout_s, self._session.reactor)
        except TimeoutError:
            return []
        finally:
            self._polling = False
        return [] if first is None else [first, *self._inbox.take_some(most - 1)]

    def _done(self, message: ReceivedMessage) -> None:
        self._queues.rates.counts[message.queue.topic].consumed += 1
        self._owned.ack(message)

    def _all_done(self) -> None:
        handed, self._handed = self._handed, []
        for message in handed:
            self._done(message)

    def _seek(self, queue: MessageQueue, offset: int) -> None:
        self._must_have(queue)  # another may have got it while brokers were asked
        self._owned.seek(queue, offset)

    def _forget(self, queue: MessageQueue) -> None:
        """What was given of a queue before is not done by what is asked for later.

        It goes on elsewhere, where the same offsets may be fetched again.
        """
        self._handed = [each for each in self._handed if each.queue != queue]
        self._iterations.forget_queue(queue)

    def _must_have(self, queue: MessageQueue) -> None:
        self._must_run()
        self._queues.must_have(queue)

    async def _start(self) -> None:
        await self._join()
        await self._queues.start()
        if self._running and self._commit_s is not None:
            self._commits.start(self._commit_s, now=False)

    async def _close(self) -> None:
        await self._queues.stop()
        if self._commits.running:
            self._commits.stop()
        if self._commit_s is not None:
            await self._owned.commit()
        await self._part()

    def _commit_done(self) -> Deferred[Any]:
        return Deferred.fromCoroutine(self._owned.commit())

    def _request_parts(self) -> RequestParts:
        session = self._session
        return RequestParts(
            group=self.group,
            subscriptions=self._subscriptions.values(),
            owned=self._owned,
            rebalance=self._queues.rebalance,
            consume=_no_handler,
            properties=self._running_properties,
            rates=self._queues.rates,
            wall_ms=session.wall_ms,
            seconds=session.reactor.seconds,
        )

    def _running_properties(self) -> dict[str, str]:
        return {
            "PROP_CONSUME_TYPE": ConsumeType.CONSUME_ACTIVELY,
            "PROP_CONSUMEORDERLY": "false",
            "consumeFromWhere": self._start_position,
            "consumerGroup": self.group,
        }


def _no_handler(message: ReceivedMessage) -> Deferred[object]:
    raise NoHandlerError("this consumer is polled: it has no function for messages")
