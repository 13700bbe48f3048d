"""The topics of a broker: a pure table; no file, no clock, no network.

Topics come into being by a send that names a template topic, by a message that is sent
back, by an admin's wish, and by themselves when the broker starts.
Source: TopicConfigManager.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from twistedmq.broker.attributes import TOPIC_ATTRIBUTES, apply_changes, is_batch_topic
from twistedmq.broker.topics.system import SystemTopics
from twistedmq.broker.versioned_table import VersionedTable
from twistedmq.config.broker import BrokerIdentity, BrokerLimits, TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion, TopicConfig
from twistedmq.protocol.errors import InvalidParameterError, ServiceUnavailableError
from twistedmq.protocol.names import is_lmq
from twistedmq.protocol.system_flags import PERM_INHERIT, PERM_READ, PERM_WRITE


class TopicTable(VersionedTable[TopicConfig]):
    """What this broker knows of each topic; name servers compare its version.

    Args:
        identity: cluster and broker name, after which two topics are named.
        defaults: which topics exist by themselves, and how new ones look.
        limits: how many topics there may be.
        wall_ms: the wall clock, for the data version.
        has_light_queues: whether light queues are topics, each with one queue, that
            need not be made and are not kept.
        batch_topics: is kept to hold the names of the topics with batch queues.
    """

    def __init__(
        self,
        identity: BrokerIdentity,
        defaults: Live[TopicDefaults],
        limits: Live[BrokerLimits],
        wall_ms: Callable[[], int],
        has_light_queues: bool = False,
        batch_topics: set[str] | None = None,
    ) -> None:
        self.system = SystemTopics(identity, defaults.value)
        super().__init__({c.topic_name: c for c in self.system.configs()}, wall_ms)
        self._defaults = defaults
        self._limits = limits
        self.has_light_queues = has_light_queues
        self.batch_topics: set[str] = set() if batch_topics is None else batch_topics

    def get(self, topic: str) -> TopicConfig | None:
        """Find a topic; creates nothing."""
        known = self._configs.get(topic)
        if known is None and self.has_light_queues and is_lmq(topic):
            return TopicConfig(topic_name=topic, read_queue_nums=1, write_queue_nums=1)
        return known

    def load(self, configs: Mapping[str, TopicConfig], version: DataVersion) -> None:
        """Take over what a file holds, over the topics that exist by themselves.

        Listeners are not told: this is how the table begins.
        """
        self._take_over(configs, version)
        for config in configs.values():
            self._note_queues(config)

    def create_on_send(
        self, topic: str, template: str, queue_count: int, sys_flag: int = 0
    ) -> TopicConfig | None:
        """Give *topic*, created after *template* if it does not exist.

        The template must exist and be marked as one (PERM_INHERIT). The new topic has
        the template's permissions and at most as many queues. None where that fails.

        Upstream, told not to create topics, still does after other templates than its
        own, of which a broker has two by itself: its name and its cluster's.
        """
        if (known := self._configs.get(topic)) is not None:
            return known
        if not self._defaults.value.auto_create:
            return None
        model = self._configs.get(template)
        if model is None or not model.perm & PERM_INHERIT:
            return None
        count = max(0, min(queue_count, model.write_queue_nums))
        return self._create(
            TopicConfig(
                topic_name=topic,
                read_queue_nums=count,
                write_queue_nums=count,
                perm=model.perm & ~PERM_INHERIT,
                topic_filter_type=model.topic_filter_type,
                topic_sys_flag=sys_flag,
            )
        )

    def create_if_absent(
        self,
        topic: str,
        queue_count: int = 1,
        perm: int = PERM_READ | PERM_WRITE,
        sys_flag: int = 0,
        *,
        ordered: bool = False,
    ) -> TopicConfig:
        """Give *topic*, created with these values if it does not exist.

        This is how retry, dead letter and other topics come into being that need no
        template. An existing topic only takes over *ordered*.
        """
        known = self._configs.get(topic)
        if known is None:
            return self._create(
                TopicConfig(
                    topic_name=topic,
                    read_queue_nums=queue_count,
                    write_queue_nums=queue_count,
                    perm=perm,
                    topic_sys_flag=sys_flag,
                    order=ordered,
                )
            )
        if known.order != ordered:
            known = replace(known, order=ordered)
            self.put(known)
        return known

    def put(self, config: TopicConfig) -> None:
        """Put *config* in the place of what has its name."""
        if self.has_light_queues and is_lmq(config.topic_name):
            return
        self._configs[config.topic_name] = config
        self._note_queues(config)
        self._changed(config.topic_name)

    def _note_queues(self, config: TopicConfig) -> None:
        if is_batch_topic(config.attributes):
            self.batch_topics.add(config.topic_name)
        else:
            self.batch_topics.discard(config.topic_name)

    def update(self, wished: TopicConfig) -> None:
        """Create or change a topic; ``wished.attributes`` are changes, see attributes.

        What would change nothing leaves the data version alone.

        Raises:
            AttributesError, InvalidParameterError: and then nothing was changed.
        """
        self.update_all([wished])

    def update_all(self, wishes: Sequence[TopicConfig]) -> None:
        """Create or change topics: all of them, or none where one cannot be.

        Raises: as ``update``.
        """
        configs = {config.topic_name: config for config in map(self._after, wishes)}
        self._check_room(len(configs.keys() - self._configs.keys()))
        for topic, config in configs.items():
            if config != self._configs.get(topic):
                self.put(config)

    def _after(self, wished: TopicConfig) -> TopicConfig:
        """Give how a topic would be after *wished*."""
        limit = self._limits.value.max_queues_per_topic
        for name, count in (
            ("readQueueNums", wished.read_queue_nums),
            ("writeQueueNums", wished.write_queue_nums),
        ):
            if not 0 <= count <= limit:
                raise InvalidParameterError(
                    f"{name} of topic {wished.topic_name} is {count}, allowed is 0 to "
                    f"{limit} (maxQueuesPerTopic)"
                )
        known = self._configs.get(wished.topic_name)
        current = None if known is None else known.attributes or {}
        changes = wished.attributes or {}
        attributes = apply_changes(current, changes, TOPIC_ATTRIBUTES)
        return replace(wished, attributes=attributes)

    def delete(self, topic: str) -> bool:
        """Forget *topic*; gives whether it existed."""
        if self._configs.pop(topic, None) is None:
            return False
        self.batch_topics.discard(topic)
        self._changed(topic)
        return True

    def mark_ordered(self, topics: Iterable[str]) -> None:
        """Mark *topics* as ordered: the name servers' KV config says that they are."""
        for topic in topics:
            config = self._configs.get(topic)
            if config is not None and not config.order:
                self.put(replace(config, order=True))

    def _create(self, config: TopicConfig) -> TopicConfig:
        self._check_room()
        self.put(config)
        return config

    def _check_room(self, count: int = 1) -> None:
        limit = self._limits.value.max_topics
        if count and len(self._configs) + count > limit:
            raise ServiceUnavailableError(
                f"no more than {limit} topics are allowed (maxTopics)"
            )
