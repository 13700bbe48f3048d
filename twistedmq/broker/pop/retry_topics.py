"""Where the messages of a group go that it did not acknowledge."""

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
        if self._topics.get(topic) is None:
            self._topics.create_if_absent(topic, 1)
            if self._offsets.query(group, topic, 0) < 0:
                self._offsets.commit(group, topic, 0, 0)
        return topic
