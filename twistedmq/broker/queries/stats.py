"""How far queues reach and groups are. Source: AdminBrokerProcessor."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from twisted.internet.defer import Deferred

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.settling import settle
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    ConsumeStats,
    ConsumeStatsList,
    MessageQueue,
    OffsetWrapper,
    QueryConsumeTimeSpanBody,
    QueueTimeSpan,
    TopicConfig,
    TopicOffset,
    TopicStatsTable,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TopicNotFoundError
from twistedmq.protocol.headers import (
    GetConsumeStatsInBrokerHeader,
    GetConsumeStatsRequestHeader,
    GetTopicStatsInfoRequestHeader,
    QueryConsumeTimeSpanRequestHeader,
)
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore

LIST_SEPARATOR: Final = ";"
"""Between the topics of a request for several."""


class StatsQueries:
    """Serves figures about topics and groups.

    Args:
        store: ends and times of queues.
        offsets: how far groups are.
        topics: which queues there are.
        groups: which groups there are.
        clients: what groups subscribe to.
        counters: rates.
        identity: this broker's name.
        address: gives this broker's address.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        *,
        store: IMessageStore,
        offsets: OffsetTable,
        topics: TopicTable,
        groups: GroupTable,
        clients: ClientManager,
        counters: BrokerCounters,
        identity: Live[BrokerIdentity],
        address: Callable[[], str],
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._offsets = offsets
        self._topics = topics
        self._groups = groups
        self._clients = clients
        self._counters = counters
        self._identity = identity
        self._address = address
        self._wall_ms = wall_ms

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.GET_TOPIC_STATS_INFO: _awaiting(self._topic_stats),
            RequestCode.GET_CONSUME_STATS: _awaiting(self._consume_stats),
            RequestCode.GET_BROKER_CONSUME_STATS: _awaiting(self._all_consume_stats),
            RequestCode.QUERY_CONSUME_TIME_SPAN: _awaiting(self._time_span),
        }

    async def _topic_stats(self, header: GetTopicStatsInfoRequestHeader) -> Reply:
        """Give the ends of all queues of a topic."""
        topic = header.topic
        config = self._known(topic)
        table = TopicStatsTable(topic_put_tps=self._counters.put_per_second(topic))
        for queue_id in range(max(config.write_queue_nums, config.read_queue_nums)):
            least, end = self._store.queue_bounds(topic, queue_id)
            table.offset_table[self._queue(topic, queue_id)] = TopicOffset(
                min_offset=least,
                max_offset=end,
                last_update_timestamp=await self._last_time(topic, queue_id, end),
            )
        return Reply(body=loose_json.encode(table))

    async def _consume_stats(self, header: GetConsumeStatsRequestHeader) -> Reply:
        """Give how far a group is in its topics, or in those asked for."""
        group = header.consumer_group
        stats = ConsumeStats()
        for topic in self._topics_asked_for(header):
            config = self._topics.get(topic)
            if config is not None:
                await self._add_stats(stats, group, config, with_pull=True)
        return Reply(body=loose_json.encode(stats))

    def _topics_asked_for(self, header: GetConsumeStatsRequestHeader) -> list[str]:
        group = header.consumer_group
        listed = [t for t in (header.topic_list or "").split(LIST_SEPARATOR) if t]
        if listed:
            return listed
        topic = (header.topic or "").strip()
        topics = [topic] if topic else sorted(self._offsets.topics_of(group))
        return [topic for topic in topics if self._consumes(group, topic)]

    async def _all_consume_stats(self, header: GetConsumeStatsInBrokerHeader) -> Reply:
        """Give how far every group of this broker is."""
        result = ConsumeStatsList(broker_addr=self._address())
        for group in list(self._groups):
            found = []
            for topic in sorted(self._offsets.topics_of(group)):
                config = self._topics.get(topic)
                if config is None or (header.is_order and not config.order):
                    continue
                if self._consumes(group, topic):
                    stats = ConsumeStats()
                    await self._add_stats(stats, group, config, with_pull=False)
                    result.total_diff += _behind(stats)
                    found.append(stats)
            result.consume_stats_list.append({group: found})
        return Reply(body=loose_json.encode(result))

    async def _add_stats(
        self, stats: ConsumeStats, group: str, config: TopicConfig, *, with_pull: bool
    ) -> None:
        topic = config.topic_name
        count = config.read_queue_nums if with_pull else config.write_queue_nums
        for queue_id in range(count):
            _, end = self._store.queue_bounds(topic, queue_id)
            offset = max(0, self._offsets.query(group, topic, queue_id))
            pulled = self._offsets.query_pull(group, topic, queue_id)
            stats.offset_table[self._queue(topic, queue_id)] = OffsetWrapper(
                broker_offset=end,
                consumer_offset=offset,
                pull_offset=max(offset, pulled) if with_pull else 0,
                last_timestamp=await self._last_time(topic, queue_id, offset),
            )
        stats.consume_tps += self._counters.got_per_second(group, topic)

    async def _time_span(self, header: QueryConsumeTimeSpanRequestHeader) -> Reply:
        """Give, by queue, which times are stored and which the group has reached."""
        topic = header.topic
        config = self._known(topic)
        spans = [
            await self._queue_span(header.group, topic, queue_id)
            for queue_id in range(config.write_queue_nums)
        ]
        body = QueryConsumeTimeSpanBody(consume_time_span_set=spans)
        return Reply(body=loose_json.encode(body))

    async def _queue_span(self, group: str, topic: str, queue_id: int) -> QueueTimeSpan:
        least, end = self._store.queue_bounds(topic, queue_id)
        offset = self._offsets.query(group, topic, queue_id)
        first_ms = await self._time(topic, queue_id, least)
        last_ms = await self._time(topic, queue_id, end - 1)
        reached_ms = (
            await self._time(topic, queue_id, offset - 1) if offset > 0 else first_ms
        )
        waits_since_ms = (
            await self._time(topic, queue_id, max(least, offset))
            if offset < end
            else -1
        )
        return QueueTimeSpan(
            message_queue=self._queue(topic, queue_id),
            min_time_stamp=first_ms,
            max_time_stamp=last_ms,
            consume_time_stamp=reached_ms,
            delay_time=self._wall_ms() - waits_since_ms if waits_since_ms >= 0 else 0,
            min_time_stamp_str=time_text(first_ms),
            max_time_stamp_str=time_text(last_ms),
            consume_time_stamp_str=time_text(reached_ms),
        )

    def _known(self, topic: str) -> TopicConfig:
        config = self._topics.get(topic)
        if config is None:
            raise TopicNotFoundError(topic)
        return config

    def _consumes(self, group: str, topic: str) -> bool:
        """Whether nothing speaks against *group* consuming *topic*."""
        if self._clients.subscription(group, topic) is not None:
            return True
        return not self._clients.subscription_count(group)

    async def _time(self, topic: str, queue_id: int, offset: int) -> int:
        if offset < 0:
            return -1
        return await settle(self._store.store_time(topic, queue_id, offset))

    async def _last_time(self, topic: str, queue_id: int, end: int) -> int:
        """Give the time of the message before *end*, 0 without one."""
        return max(0, await self._time(topic, queue_id, end - 1))

    def _queue(self, topic: str, queue_id: int) -> MessageQueue:
        return MessageQueue(topic, self._identity.value.broker_name, queue_id)


def time_text(time_ms: int) -> str:
    """Write a time as upstream's tools show it, in this machine's zone."""
    moment = datetime.fromtimestamp(time_ms / 1000).astimezone()
    return f"{moment:%Y-%m-%d#%H:%M:%S}:{time_ms % 1000:03d}"


def _behind(stats: ConsumeStats) -> int:
    return sum(
        each.broker_offset - each.consumer_offset
        for each in stats.offset_table.values()
    )


def _awaiting(
    handle: Callable[[Any], Coroutine[Any, Any, Reply]],
) -> Callable[[Request], Deferred[Reply]]:
    """Make a handler of a coroutine function over the header."""
    return lambda request: Deferred.fromCoroutine(handle(request.header))
