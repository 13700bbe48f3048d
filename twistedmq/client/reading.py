"""Reading a topic as a bystander: no group, nothing committed, nobody disturbed."""

from typing import Any, Self

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.client.inbox import Inbox
from twistedmq.client.iteration import Iteration, Iterations
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.nameserver_sources import Nameservers
from twistedmq.client.pulling import PullParts, QueuePuller
from twistedmq.client.rounds import Rounds
from twistedmq.client.session import ClientSettings, Session, merged_settings
from twistedmq.client.startable import Startable
from twistedmq.client.starting import Start, StartFrom, start_offset
from twistedmq.client.subscription import Subscription
from twistedmq.client.window import Limits, QueueWindow
from twistedmq.protocol import names
from twistedmq.protocol.bodies.queues import MessageQueue

PATIENCE_S = 10.0
"""For the message that a loop has in work when the reactor shuts down."""

_log = Logger()


class TopicReader(Startable):
    """Gives the messages of all queues of a topic, as they come, without end.

    ::

        async with TopicReader("orders", start_from=StartFrom.FIRST) as reader:
            async for message in reader:
                print(message.body)

    Args:
        topic: what to read.
        expression: ``*`` or tags joined by ``||``.
        nameservers: as for ``Producer``.
        start_from: LAST: what comes from now on; FIRST; a datetime; or an offset, which
            is then that of every queue; below zero it counts from each queue's end.
        prefetch: how much of each queue is fetched ahead.
        settings: what else clients can be told; *nameservers* goes before it.
        reactor: None: the global one.
    """

    _receives = True

    def __init__(
        self,
        topic: str,
        expression: str = "*",
        *,
        nameservers: Nameservers = None,
        start_from: Start | int = StartFrom.LAST,
        prefetch: Limits | None = None,
        settings: ClientSettings | None = None,
        reactor: Any = None,
    ) -> None:
        names.check_topic(topic)
        session = Session(merged_settings(settings, nameservers, reactor))
        super().__init__(session, PATIENCE_S)
        self._subscription = Subscription(topic, expression, session.wall_ms())
        self._start_from = start_from
        self._limits = prefetch or Limits()
        self._inbox = Inbox()
        self._iterations = Iterations(self._inbox, self._done)
        self._pullers: dict[MessageQueue, QueuePuller] = {}
        self._rounds = Rounds(
            self._read_what_is_new, session.reactor, "reading what is new"
        )
        self._parts = PullParts(
            group=names.TOOLS_CONSUMER_GROUP,
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            deliver=self._inbox.put,
            moved=self._inbox.discard,
            unknown=lambda: None,
            subscribes=True,
        )

    def start(self) -> Deferred[Self]:
        """Find the queues and begin; fails with RouteNotFoundError."""
        return super().start()

    def close(self) -> Deferred[None]:
        """Stop reading and disconnect."""
        return super().close()

    def __aiter__(self) -> Iteration:
        """Iterate over the messages."""
        return self._iterations.begin()

    async def _start(self) -> None:
        await self._session.start()
        self._running = True
        route = await self._session.routes.get(self._subscription.topic)
        for queue in route.subscribable:
            await self._read(queue, self._start_from)
        self._session.routes.on_change(self._route_changed)
        await self._rounds.start()

    def _left(self, *, cleanly: bool) -> None:
        self._iterations.leave(cleanly=cleanly)

    def _wind_up(self) -> Deferred[None]:
        return self._iterations.wind_up()

    async def _close(self) -> None:
        await self._rounds.stop()
        for puller in self._pullers.values():
            puller.stop()
        self._inbox.close()
        await self._session.close(None)

    async def _read(self, queue: MessageQueue, start_from: Start | int) -> None:
        offset = await self._offset(queue, start_from)
        if not self._running or queue in self._pullers:
            return
        window = QueueWindow(offset, self._limits)
        puller = QueuePuller(self._parts, queue, self._subscription, window)
        self._pullers[queue] = puller
        puller.start()

    async def _offset(self, queue: MessageQueue, start_from: Start | int) -> int:
        session = self._session
        if isinstance(start_from, int) and start_from >= 0:
            return start_from
        address = session.routes.address(queue.broker_name)
        if isinstance(start_from, int):
            first = await session.calls.min_offset(address, queue)
            end = await session.calls.max_offset(address, queue)
            return max(first, end + start_from)
        if start_from is StartFrom.FIRST:
            return await session.calls.min_offset(address, queue)
        return await start_offset(queue, start_from, session.calls, session.routes)

    def _route_changed(self, topic: str) -> None:
        if topic == self._subscription.topic:
            self._rounds.soon()

    async def _read_what_is_new(self) -> bool:
        """Read new queues from their beginning; gives whether all could be begun."""
        route = self._session.routes.cached(self._subscription.topic)
        queues = route.subscribable if route is not None else ()
        good = True
        for queue in [each for each in queues if each not in self._pullers]:
            try:
                await self._read(queue, StartFrom.FIRST)
            except Exception as error:
                _log.warn(
                    "{queue} cannot be read yet: {why}", queue=queue, why=str(error)
                )
                good = False
        return good

    def _done(self, message: ReceivedMessage) -> None:
        puller = self._pullers.get(message.queue)
        if puller is not None:
            puller.ack(message)
