"""Consuming without queues of one's own: messages are lent, one by one acknowledged."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.arguments import check_range, check_some, to_ms
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import ArgumentError
from twistedmq.client.group_client import GroupClient
from twistedmq.client.iteration import Iteration, Iterations
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.pop_acks import AckParts, PopAcks
from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.pop_feed import FeedParts, PopFeed
from twistedmq.client.pop_loans import LoanParts, Loans
from twistedmq.client.pop_notices import NoticeParts, PopNotices
from twistedmq.client.pop_receiving import (
    FROM_FIRST,
    FROM_LAST,
    ReceiveParts,
    Receiving,
    Wish,
)
from twistedmq.client.pop_requests import PopRequestParts, PopRequests
from twistedmq.client.pop_targets import (
    AssignedTargets,
    AssignmentParts,
    RouteTargets,
    Targets,
)
from twistedmq.client.retrying import open_retries
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.starting import StartFrom
from twistedmq.client.subscription import check_subscriptions
from twistedmq.protocol.bodies.clients import ConsumeType

MOST = 32
"""Brokers lend no more with one pop."""
INVISIBLE_S = 60.0
SHORTEST_INVISIBLE_S = 1.0
LONGEST_INVISIBLE_S = 12 * 3600.0
AWAIT_S = 15.0
PATIENCE_S = 30.0
AGAIN_AFTER_S = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0)
"""When a message comes again that was given back, by how often it came before."""

_log = Logger()


class SimpleConsumer(GroupClient):
    """Receives messages of topics for a while each, and acknowledges them one by one.

    ::

        async with SimpleConsumer("billing", {"orders": "new || paid"}) as consumer:
            for message in await consumer.receive(16, invisible_s=60):
                await charge(message.body)
                await consumer.ack(message)

            async for message in consumer:  # asking for the next one acks this one
                await charge(message.body)

    What is not acknowledged in its time comes again, to this or another member of the
    group; so does what ``nack`` gives back. There may be more members than queues.

    All calls fail with an error of the remoting room where a broker cannot be reached,
    with RefusedError where it says no, and with ArgumentError before anything is sent.

    Args:
        group: whose progress this is.
        subscriptions: topic to expression: ``*``, tags joined by ``||``, or an ``Sql``.
        nameservers: as for ``Producer``.
        start_from: where a group without progress begins: FIRST or LAST.
        ordered: whether the messages of a queue come in order: none before all those
            before it are acknowledged, or their time is over.
        assigned: whether brokers say what this member pops, as an operator has set it
            (``mqadmin setConsumeMode``); else it pops at all brokers.
        max_reconsume_times: what came back so often goes to the dead letters.
        invisible_s: for ``async for``: how long the loop may take for a message,
            counting those that were fetched with it.
        prefetch: for ``async for``: how many are fetched at a time.
        close_timeout_s: how long ``close`` waits for acks.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.

    Raises:
        MessageIllegalError: the name of the group or of a topic is not allowed.
        NoNameServerError: *nameservers* is malformed.
        ArgumentError: there are no subscriptions, or a number is out of its range.
    """

    _receives = True
    _consume_type: ClassVar[ConsumeType] = ConsumeType.CONSUME_POP

    def __init__(  # noqa: PLR0913 - all but two are optional and by name
        self,
        group: str,
        subscriptions: Mapping[str, str],
        *,
        nameservers: Nameservers = None,
        start_from: StartFrom = StartFrom.LAST,
        ordered: bool = False,
        assigned: bool = False,
        max_reconsume_times: int = 16,
        invisible_s: float = INVISIBLE_S,
        prefetch: int = 16,
        close_timeout_s: float = PATIENCE_S,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        check_subscriptions(subscriptions)
        check_some("subscriptions", list(subscriptions))
        check_range("max_reconsume_times", max_reconsume_times, 1)
        check_range("close_timeout_s", close_timeout_s, 0)
        if not isinstance(start_from, StartFrom):
            raise ArgumentError("start_from", start_from, "StartFrom.FIRST or LAST")
        self._usual = _wish(prefetch, invisible_s, AWAIT_S, "prefetch")
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(group, session, close_timeout_s)
        self._subscribe(subscriptions)
        self._start_position = start_from.value
        self._calls = PopCalls(session.pool)
        self._targets = self._make_targets() if assigned else self._all_brokers()
        clocks = BrokerClocks(session.wall_ms)
        self._loans = self._make_loans(clocks, max_reconsume_times)
        self._receiving = self._make_receiving(clocks, start_from, ordered=ordered)
        parts = FeedParts(self._next_few, self._loans.is_over, session.reactor)
        self._feed = PopFeed(parts, low=max(1, prefetch // 2))
        self._iterations = Iterations(self._feed, self._loans.ack_quietly)
        asked = PopRequestParts(
            group, ordered, self._subscriptions.values(), self._targets
        )
        session.handlers = PopRequests(asked).table()

    def start(self) -> Deferred[Self]:
        """Join the group; fails with NoNameServerError.

        Topics and brokers may come later.
        """
        return super().start()

    def close(self) -> Deferred[None]:
        """Leave the group: send the acks, give back what was not handed out."""
        return super().close()

    @gives_deferred
    async def receive(
        self,
        max_messages: int = MOST,
        invisible_s: float = INVISIBLE_S,
        await_s: float = AWAIT_S,
    ) -> list[ReceivedMessage]:
        """Take some messages for a while; none if none came in *await_s*.

        Args:
            max_messages: 1 to 32. All come from one broker.
            invisible_s: 1 s to 12 h: how long nobody else is given them.
            await_s: how long to wait for the first. A broker that is away is waited
                for, too; the error comes when the time is over.
        """
        self._must_run()
        wish = _wish(max_messages, invisible_s, await_s, "max_messages")
        return self._loans.without_spent(await self._receiving.receive(wish))

    def ack(self, message: ReceivedMessage) -> Deferred[None]:
        """Have done with *message*; fires when its broker has taken note of it.

        Those of one turn of the reactor go out together. Fails with NotPoppedError or
        ReceiptHandleExpiredError; with RefusedError, or one of the remoting room, after
        a few attempts.
        """
        try:
            self._must_run()
            self._iterations.forget(message)
            return self._loans.ack(message)
        except Exception:
            return fail(Failure())

    @gives_deferred
    async def ack_all(self, messages: Sequence[ReceivedMessage]) -> None:
        """Have done with all of them; fails with AckFailedError, which says which."""
        self._must_run()
        await self._loans.ack_all(messages)

    @gives_deferred
    async def change_invisible(
        self, message: ReceivedMessage, invisible_s: float
    ) -> ReceivedMessage:
        """Keep *message* until so long after now; gives it with its new handle.

        The one given before cannot be acked any more. Fails as ``ack`` does.
        """
        self._must_run()
        wanted_ms = _invisible_ms(invisible_s)
        return await self._loans.change(message, wanted_ms)

    @gives_deferred
    async def nack(
        self, message: ReceivedMessage, delay_s: float | None = None
    ) -> None:
        """Give *message* back, so that it comes again.

        Args:
            message: one that was received, and is not acked.
            delay_s: how long not before, up to 12 h; None: 10 s at first, longer each
                time. A broker takes two to four seconds more.
        """
        self._must_run()
        if delay_s is None:
            level = min(message.reconsume_times, len(AGAIN_AFTER_S) - 1)
            delay_s = AGAIN_AFTER_S[level]
        check_range("delay_s", delay_s, 0, LONGEST_INVISIBLE_S)
        self._iterations.forget(message)
        await self._loans.change(message, round(delay_s * 1000))

    @gives_deferred
    async def bury(self, message: ReceivedMessage) -> None:
        """Send *message* to the dead letters of the group, and ack it."""
        self._must_run()
        self._iterations.forget(message)
        await self._loans.bury(message)

    def __aiter__(self) -> Iteration:
        """Iterate over messages; several iterations share them.

        Trouble with brokers is logged and waited out.
        """
        self._must_run()
        return self._iterations.begin()

    def _left(self, *, cleanly: bool) -> None:
        self._iterations.leave(cleanly=cleanly)

    def _wind_up(self) -> Deferred[None]:
        self._loans.give_back(self._feed.leftover())
        return self._iterations.wind_up()

    async def _start(self) -> None:
        await self._join()
        await self._targets.start()

    async def _close(self) -> None:
        self._targets.stop()
        self._loans.give_back(self._feed.leftover())
        self._receiving.stop()
        await self._loans.finish(self._patience_s)
        await self._part()

    async def _next_few(self) -> list[ReceivedMessage]:
        found = await self._receiving.receive(self._usual)
        return self._loans.without_spent(found)

    def _all_brokers(self) -> Targets:
        return RouteTargets(self._session.routes, tuple(self._subscriptions))

    def _make_targets(self) -> Targets:
        session = self._session
        parts = AssignmentParts(
            group=self.group,
            client_id=session.client_id,
            calls=self._calls,
            routes=session.routes,
            clock=session.reactor,
            heartbeat=self._heartbeats.beat,
        )
        return AssignedTargets(parts, tuple(self._subscriptions))

    def _make_loans(self, clocks: BrokerClocks, max_reconsume_times: int) -> Loans:
        session = self._session
        acks = AckParts(self.group, self._calls, session.routes, session.reactor)
        parts = LoanParts(
            group=self.group,
            most_times=max_reconsume_times,
            calls=self._calls,
            acks=PopAcks(acks),
            retries=open_retries(session, self.group, max_reconsume_times),
            routes=session.routes,
            clocks=clocks,
            clock=session.reactor,
        )
        return Loans(parts)

    def _make_receiving(
        self, clocks: BrokerClocks, start_from: StartFrom, *, ordered: bool
    ) -> Receiving:
        session = self._session
        notices = NoticeParts(
            group=self.group,
            ordered=ordered,
            calls=self._calls,
            routes=session.routes,
            clock=session.reactor,
            clocks=clocks,
        )
        parts = ReceiveParts(
            group=self.group,
            ordered=ordered,
            init_mode=FROM_FIRST if start_from is StartFrom.FIRST else FROM_LAST,
            calls=self._calls,
            routes=session.routes,
            targets=self._targets,
            notices=PopNotices(notices),
            clock=session.reactor,
            clocks=clocks,
            unwanted=self._loans.ack_all_quietly,
            next_id=session.unique_ids(),
        )
        return Receiving(parts, self._subscriptions)


def _wish(most: int, invisible_s: float, await_s: float, name: str) -> Wish:
    check_range(name, most, 1, MOST)
    to_ms("await_s", await_s)
    return Wish(most, _invisible_ms(invisible_s), await_s)


def _invisible_ms(invisible_s: float) -> int:
    check_range("invisible_s", invisible_s, SHORTEST_INVISIBLE_S, LONGEST_INVISIBLE_S)
    return round(invisible_s * 1000)
