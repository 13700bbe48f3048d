"""Whether a group may pop something of a topic. Pure but for the store's bounds.

Looked at is what a pop would read, and nothing is changed by that.
Source: NotificationProcessor.hasMsgFromQueue.
"""

from collections.abc import Iterator

from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.positions import Place, Positions
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.headers import NotificationRequestHeader
from twistedmq.protocol.pop_handles import pop_retry_topic
from twistedmq.store.interfaces import IMessageStore


class Poppable:
    """Counts what could be popped.

    Args:
        store: where queues end.
        topics: which queues a topic, and its retry topics, have.
        positions: where the next pop of a group begins.
        orders: which queues are blocked for a group that pops in order.
        config: which retry topics are read.
    """

    def __init__(
        self,
        store: IMessageStore,
        topics: TopicTable,
        positions: Positions,
        orders: OrderTable,
        config: Live[PopConfig],
    ) -> None:
        self._store = store
        self._topics = topics
        self._positions = positions
        self._orders = orders
        self._config = config

    def count(self, asked: NotificationRequestHeader, enough: int) -> int:
        """Count the messages that *asked* could have, up to *enough* and some."""
        found = 0
        for place in self._places(asked):
            if not self._is_blocked(asked, place):
                end = self._store.queue_bounds(place[0], place[2])[1]
                found += max(0, end - self._positions.peek(place))
                if found >= enough:
                    break
        return found

    def _is_blocked(self, asked: NotificationRequestHeader, place: Place) -> bool:
        return bool(asked.order) and self._orders.is_blocked(place, asked.attempt_id, 0)

    def _places(self, asked: NotificationRequestHeader) -> Iterator[Place]:
        topic, group = asked.topic, asked.consumer_group
        if asked.queue_id >= 0:
            yield (topic, group, asked.queue_id)
        else:
            yield from self._queues_of(topic, group)
        if asked.order:
            return  # what is popped in order is not put into retry topics
        config = self._config.value
        if not config.retry_topic_v2 or config.read_retry_topic_v1:
            retry = pop_retry_topic(topic, group, v2=False)
            yield from self._queues_of(retry, group)
        if config.retry_topic_v2:
            retry = pop_retry_topic(topic, group, v2=True)
            yield from self._queues_of(retry, group)

    def _queues_of(self, topic: str, group: str) -> Iterator[Place]:
        config = self._topics.get(topic)
        for queue_id in range(0 if config is None else config.read_queue_nums):
            yield (topic, group, queue_id)
