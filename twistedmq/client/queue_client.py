"""Queues and offsets of a group: what all consumers that pull by themselves can ask."""

from datetime import datetime

from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.group_client import GroupClient
from twistedmq.client.interfaces import Unsubscribe
from twistedmq.client.session import Session
from twistedmq.client.topic_watch import QueuesListener, TopicWatch
from twistedmq.protocol import names
from twistedmq.protocol.bodies.queues import MessageQueue


class QueueClient(GroupClient):
    """Knows the queues of topics, and asks brokers about their offsets."""

    def __init__(self, group: str, session: Session, patience_s: float = 0.0) -> None:
        super().__init__(group, session, patience_s)
        self._watch = TopicWatch(session.routes)

    @gives_deferred
    async def queues(self, topic: str) -> list[MessageQueue]:
        """Give the queues of a topic that may be read, sorted."""
        self._must_run()
        names.check_topic(topic)
        route = await self._session.routes.get(topic)
        return list(route.subscribable)

    def on_queues_changed(self, topic: str, listener: QueuesListener) -> Unsubscribe:
        """Have *listener* called with the topic and its queues when these change.

        Gives what calls that off.
        """
        names.check_topic(topic)
        return self._watch.add(topic, listener)

    @gives_deferred
    async def min_offset(self, queue: MessageQueue) -> int:
        """Give the first offset that a queue still has."""
        return await self._session.calls.min_offset(await self._master(queue), queue)

    @gives_deferred
    async def max_offset(self, queue: MessageQueue) -> int:
        """Give the offset that the next message of a queue will have."""
        return await self._session.calls.max_offset(await self._master(queue), queue)

    @gives_deferred
    async def offset_at(self, queue: MessageQueue, time: datetime) -> int:
        """Give the offset of the first message stored at *time* or later."""
        time_ms = int(time.timestamp() * 1000)
        address = await self._master(queue)
        return await self._session.calls.offset_at(address, queue, time_ms)

    @gives_deferred
    async def committed(self, queue: MessageQueue) -> int | None:
        """Give the offset that the group has committed, None where it has none.

        While a queue is young, a broker says 0 of a group that it does not know.
        """
        address = await self._master(queue)
        return await self._session.calls.committed(address, self.group, queue)

    async def _master(self, queue: MessageQueue) -> str:
        self._must_run()
        await self._session.routes.get(queue.topic)
        return self._session.routes.address(queue.broker_name)
