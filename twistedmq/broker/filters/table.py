"""The conditions of groups, as consumerFilter.json holds them. Pure.

A genuine broker that wrote bit maps relies on it: a bit map answers for a condition
only from when that was registered. Source: ConsumerFilterManager.
"""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from twistedmq.broker.clients.consumer_group import ConsumerGroup, Subscription
from twistedmq.config.filters import FilterDataConfig
from twistedmq.config.live import Live
from twistedmq.filter.bloom import BloomFilter
from twistedmq.filter.expressions import is_tag_type
from twistedmq.protocol.numbers import Int32, Int64

SEEN_BEFORE_LOADING_MS = 30_000
"""Who was there when the file was written counts as gone for so long."""


class BloomBits(Struct, kw_only=True, rename="camel"):
    """The bits of a group in bit maps of its topic."""

    bit_num: Int32 = 0
    bit_pos: list[Int32] = field(default_factory=list)


class FilterData(Struct, kw_only=True, rename="camel"):
    """The condition of a group on the messages of a topic."""

    bloom_filter_data: BloomBits | None = None
    born_time: Int64 = 0
    client_version: Int64 = 0
    consumer_group: str = ""
    dead: bool = False
    dead_time: Int64 = 0
    expression: str = ""
    expression_type: str = ""
    topic: str = ""


class FilterDataOfTopic(Struct, kw_only=True, rename="camel"):
    """The conditions of all groups on one topic."""

    group_filter_data: dict[str, FilterData] = field(default_factory=dict)
    topic: str = ""


class ConsumerFilters:
    """Conditions by topic and group.

    Args:
        config: the bits of groups, and how long a condition is kept.
        wall_ms: the clock of the file.
    """

    def __init__(
        self, config: Live[FilterDataConfig], wall_ms: Callable[[], int]
    ) -> None:
        self._config = config
        self._wall_ms = wall_ms
        self._bloom = BloomFilter(
            config.value.bloom_error_percent, config.value.bloom_expected_groups
        )
        self._topics: dict[str, FilterDataOfTopic] = {}
        self._topics_of: dict[str, set[str]] = {}
        self._listeners: list[Callable[[str], None]] = []

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Have *listener* told of topics whose conditions changed."""
        self._listeners.append(listener)

    def topics(self) -> list[str]:
        """Give the topics that somebody has a condition on."""
        return list(self._topics)

    def of_topic(self, topic: str) -> FilterDataOfTopic | None:
        """Give all conditions on *topic*."""
        return self._topics.get(topic)

    def load(self, held: Mapping[str, FilterDataOfTopic]) -> bool:
        """Take over what a file holds; False if its bits are other than ours.

        Then bit maps were made otherwise, and nothing is taken over.
        """
        data = [each for t in held.values() for each in t.group_filter_data.values()]
        if not all(self._is_ours(each.bloom_filter_data) for each in data):
            return False
        gone_at = self._wall_ms() - SEEN_BEFORE_LOADING_MS
        for each in data:
            if each.dead_time == 0:
                each.dead_time = max(each.born_time, gone_at)
                each.dead = True
            self._put(each)
        return True

    def group_changed(self, group: ConsumerGroup) -> None:
        """Note what the members of *group* want now, or that nobody is left."""
        wanted = list(group.subscriptions.values()) if group.members else []
        changed = {
            each.data.topic for each in wanted if self._register(group.name, each)
        }
        kept = {each.data.topic for each in wanted if _is_condition(each)}
        for topic in self._topics_of.get(group.name, set()) - kept:
            known = self._topics[topic].group_filter_data[group.name]
            if not known.dead:
                known.dead, known.dead_time = True, self._wall_ms()
                changed.add(topic)
        self._tell(changed | self._clean())

    def _register(self, group: str, wanted: Subscription) -> bool:
        """Whether that changed something."""
        data = wanted.data
        if not _is_condition(wanted):
            return False
        fresh = FilterData(
            bloom_filter_data=BloomBits(
                bit_num=self._bloom.bits,
                bit_pos=self._bloom.positions(f"{group}#{data.topic}"),
            ),
            born_time=self._wall_ms(),
            client_version=data.sub_version,
            consumer_group=group,
            expression=data.sub_string,
            expression_type=data.expression_type,
            topic=data.topic,
        )
        topic = self._topics.get(data.topic)
        known = None if topic is None else topic.group_filter_data.get(group)
        if known is not None and (known.expression, known.expression_type) == (
            fresh.expression,
            fresh.expression_type,
        ):
            # the same as before: bit maps made since then still answer for it
            fresh = replace(fresh, born_time=known.born_time)
        if fresh == known:
            return False
        self._put(fresh)
        return True

    def _put(self, data: FilterData) -> None:
        topic = self._topics.setdefault(data.topic, FilterDataOfTopic(topic=data.topic))
        topic.group_filter_data[data.consumer_group] = data
        self._topics_of.setdefault(data.consumer_group, set()).add(data.topic)

    def _clean(self) -> set[str]:
        """Forget who left long ago; gives the topics that changed."""
        before = self._wall_ms() - self._config.value.kept_after_leaving_ms
        gone = [
            each
            for topic in self._topics.values()
            for each in topic.group_filter_data.values()
            if each.dead and each.dead_time <= before
        ]
        for each in gone:
            groups = self._topics[each.topic].group_filter_data
            del groups[each.consumer_group]
            if not groups:
                del self._topics[each.topic]
            self._topics_of[each.consumer_group].discard(each.topic)
            if not self._topics_of[each.consumer_group]:
                del self._topics_of[each.consumer_group]
        return {each.topic for each in gone}

    def _is_ours(self, bits: BloomBits | None) -> bool:
        return (
            bits is not None
            and bits.bit_num == self._bloom.bits
            and len(bits.bit_pos) == self._bloom.hashes
        )

    def _tell(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for listener in self._listeners:
                listener(topic)


def _is_condition(wanted: Subscription) -> bool:
    """Whether it is none of tags, and can be compiled."""
    return wanted.filter is not None and not is_tag_type(wanted.data.expression_type)
