"""Where the messages of a group go that it did not acknowledge."""

from msgspec.structs import replace

from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.names import is_retry_topic
from twistedmq.protocol.pop_handles import normal_topic, pop_retry_topic


class RetryTopics:
    """Finds pop retry topics, and makes them.

    Args:
        topics: gets them.
        groups: whether a group still exists.
        offsets: where a group begins in a new one.
        config: of which kind new ones are.
    """

    def __init__(
        self,
        topics: TopicTable,
        groups: GroupTable,
        offsets: OffsetTable,
        config: Live[PopConfig],
    ) -> None:
        self._topics = topics
        self._groups = groups
        self._offsets = offsets
        self._config = config

    def are_wanted(self, topic: str, group: str) -> bool:
        """Say whether there still are the topic and the group of a lent message."""
        return (
            self._topics.get(normal_topic(topic, group)) is not None
            and self._groups.peek(group) is not None
        )

    def find(self, topic: str, group: str) -> str:
        """Give where a message of *topic* goes: what is tried again stays there.

        Raises: ServiceUnavailableError, if it must be made and there are too many.
        """
        if not is_retry_topic(topic):
            v2 = self._config.value.retry_topic_v2
            topic = pop_retry_topic(topic, group, v2=v2)
        known, wanted = self._topics.get(topic), self._queues_wanted(topic, group)
        if known is None:
            self._topics.create_if_absent(topic, wanted)
        elif self._is_separate and known.write_queue_nums != wanted:
            self._topics.put(
                replace(known, read_queue_nums=wanted, write_queue_nums=wanted)
            )
        else:
            return topic
        for queue_id in range(wanted):
            if self._offsets.query(group, topic, queue_id) < 0:
                self._offsets.commit(group, topic, queue_id, 0)
        return topic

    def queue_of(self, topic: str, queue_id: int) -> int:
        """Give the queue of a retry topic for what was in *queue_id* before."""
        if not self._is_separate:
            return 0
        config = self._topics.get(topic)
        there = config is not None and queue_id < config.write_queue_nums
        return queue_id if there else 0

    @property
    def _is_separate(self) -> bool:
        return self._config.value.separate_retry_queues

    def _queues_wanted(self, topic: str, group: str) -> int:
        if not self._is_separate:
            return 1
        normal = self._topics.get(normal_topic(topic, group))
        return 1 if normal is None else max(1, normal.write_queue_nums)
