"""The topics that exist without anybody asking for them.

Source: TopicConfigManager.init, TopicValidator.
"""

from collections.abc import Iterator
from typing import Final

from twistedmq.config.broker import BrokerIdentity, TopicDefaults
from twistedmq.protocol import names
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.system_flags import PERM_INHERIT, PERM_READ, PERM_WRITE

BENCHMARK_QUEUES: Final = 1024
SCHEDULE_QUEUES: Final = 18
"""One a delay level."""
CLUSTER_QUEUES: Final = 16

_READ_WRITE: Final = PERM_READ | PERM_WRITE
_SINGLE_QUEUE: Final = (
    names.SELF_TEST_TOPIC,
    names.OFFSET_MOVED_TOPIC,
    names.HALF_TOPIC,
    names.OP_HALF_TOPIC,
    names.ROCKSDB_HALF_TOPIC,
    names.ROCKSDB_OP_HALF_TOPIC,
    names.TIMER_TOPIC,
)


class SystemTopics:
    """Which topics belong to the system on this broker."""

    def __init__(self, identity: BrokerIdentity, defaults: TopicDefaults) -> None:
        self._identity = identity
        self._defaults = defaults
        self._names = frozenset(config.topic_name for config in self.configs())

    def __contains__(self, topic: str) -> bool:
        """Say whether *topic* is the system's own, here or everywhere."""
        return topic in self._names or names.is_system_topic(topic)

    def configs(self) -> Iterator[TopicConfig]:
        """Give the topics that exist from the start."""
        cluster, broker = self._identity.cluster_name, self._identity.broker_name
        wanted = self._defaults
        if wanted.auto_create:
            perm = PERM_INHERIT | _READ_WRITE
            yield _topic(names.AUTO_CREATE_TOPIC, wanted.queue_count, perm)
        for topic in _SINGLE_QUEUE:
            yield _topic(topic, 1)
        yield _topic(names.BENCHMARK_TOPIC, BENCHMARK_QUEUES)
        yield _topic(names.SCHEDULE_TOPIC, SCHEDULE_QUEUES)
        yield _topic(cluster, CLUSTER_QUEUES, _named_perm(wanted.cluster_topic))
        yield _topic(broker, 1, _named_perm(wanted.broker_topic))
        if wanted.trace_topic:
            yield _topic(wanted.trace_topic_name, 1)
        yield _topic(names.reply_topic(cluster), 1)
        yield _topic(names.REVIVE_TOPIC_PREFIX + cluster, wanted.revive_queue_count)
        yield _topic(names.SYNC_MEMBER_GROUP_PREFIX + broker, 1, PERM_INHERIT)


def _named_perm(usable: bool) -> int:
    return PERM_INHERIT | (_READ_WRITE if usable else 0)


def _topic(name: str, queues: int, perm: int = _READ_WRITE) -> TopicConfig:
    return TopicConfig(
        topic_name=name, read_queue_nums=queues, write_queue_nums=queues, perm=perm
    )
