"""Which queues and offsets an ack may name. Source: AckMessageProcessor."""

from twistedmq.broker.pull.errors import FAQ
from twistedmq.broker.topics.table import TopicTable
from twistedmq.protocol.errors import MessageIllegalError, TopicNotFoundError
from twistedmq.remoting.interfaces import IConnection
from twistedmq.store.interfaces import IMessageStore


class AckedQueues:
    """Looks up what acks are about.

    Args:
        topics: which queues there are.
        store: which offsets they have.
    """

    def __init__(self, topics: TopicTable, store: IMessageStore) -> None:
        self._topics = topics
        self._store = store

    def bounds(self, topic: str, queue_id: int) -> tuple[int, int]:
        """Give (min, max); (0, 0) for a queue without messages."""
        return self._store.queue_bounds(topic, queue_id)

    def checked_bounds(
        self, topic: str, queue_id: int, connection: IConnection
    ) -> tuple[int, int]:
        """Give the same of a queue that exists.

        Raises: TopicNotFoundError, MessageIllegalError.
        """
        config = self._topics.get(topic)
        if config is None:
            raise TopicNotFoundError(topic, f", apply first please! {FAQ}")
        if not 0 <= queue_id < config.read_queue_nums:
            raise MessageIllegalError(
                f"queueId[{queue_id}] is illegal, topic:[{topic}] "
                f"topicConfig.readQueueNums:[{config.read_queue_nums}] "
                f"consumer:[/{connection.peer}]"
            )
        return self._store.queue_bounds(topic, queue_id)
