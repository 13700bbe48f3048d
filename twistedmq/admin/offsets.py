"""How far groups are, and putting them somewhere else."""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from msgspec import Struct

from twistedmq.admin.asking import Asking, addresses_of
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.groups import (
    ConsumeStats,
    ConsumeStatsList,
    OffsetWrapper,
)
from twistedmq.protocol.bodies.offsets import (
    ConsumerOffsetSerializeWrapper,
    QueryConsumeTimeSpanBody,
    QueueTimeSpan,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.groups import (
    GetConsumeStatsInBrokerHeader,
    GetConsumeStatsRequestHeader,
)
from twistedmq.protocol.headers.offsets import (
    CloneGroupOffsetRequestHeader,
    GetEarliestMsgStoretimeRequestHeader,
    GetEarliestMsgStoretimeResponseHeader,
)
from twistedmq.protocol.headers.queries import QueryConsumeTimeSpanRequestHeader

BETWEEN: Final = "@"
"""Stands between topic and group where brokers put them together."""


class QueueProgress(Struct, frozen=True):
    """How far a group is in one queue. Offsets are those of messages to come."""

    end: int
    """Of the message that will be stored next."""
    committed: int
    """Of the message that the group will consume next."""
    pulled: int
    """Of the message that a member will fetch next; 0 where nobody fetches."""
    stored_at_ms: int
    """When the last message before ``committed`` was stored; 0: it is not there."""

    @property
    def lag(self) -> int:
        """Messages that are stored and not yet consumed."""
        return self.end - self.committed

    @property
    def in_flight(self) -> int:
        """Messages that were fetched and are not yet consumed."""
        return self.pulled - self.committed


class GroupProgress(Struct, frozen=True):
    """How far a group is in all its queues."""

    consumed_per_s: float
    queues: dict[MessageQueue, QueueProgress]
    """Sorted."""

    @property
    def lag(self) -> int:
        """Messages that are stored and not yet consumed."""
        return sum(each.lag for each in self.queues.values())

    @property
    def in_flight(self) -> int:
        """Messages that were fetched and are not yet consumed."""
        return sum(each.in_flight for each in self.queues.values())


class BrokerProgress(Struct, frozen=True):
    """How far the groups of one broker are."""

    groups: dict[str, dict[MessageQueue, QueueProgress]]
    """By group, in the broker's order; queues are sorted."""
    lag: int
    """Messages that are stored and not yet consumed, of all of them."""


class Offsets:
    """The offsets of the groups of one cluster.

    Calls fail with RouteNotFoundError, RefusedError, NoNameServerError or an error of
    the remoting room.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    @gives_deferred
    async def progress(
        self, group: str, topic: str | None = None, *, route_of: str | None = None
    ) -> GroupProgress:
        """Give how far *group* is, in all its topics or in one.

        Brokers are found by the group's retry topic, and by *topic* where it has none
        yet. A group that has consumed nothing has no queues here.

        Args:
            group: whose progress.
            topic: only in this one.
            route_of: a topic by which brokers are found as well: light queues have no
                route of their own.
        """
        found = [names.retry_topic(group)]
        found += [each for each in (topic, route_of) if each]
        stats = await self._stats(await self._asking.brokers_of(*found), group, topic)
        queues = {
            queue: _progress(wrapper)
            for each in stats.values()
            for queue, wrapper in each.offset_table.items()
        }
        return GroupProgress(
            sum(each.consume_tps for each in stats.values()),
            dict(sorted(queues.items())),
        )

    @gives_deferred
    async def all_at(
        self, address: str, *, ordered: bool = False, timeout_s: float | None = None
    ) -> BrokerProgress:
        """Give how far all groups are on one broker.

        Args:
            address: the broker.
            ordered: only of topics whose order is kept.
            timeout_s: instead of the usual time: this is much to count.
        """
        header = GetConsumeStatsInBrokerHeader(is_order=ordered)
        code = RequestCode.GET_BROKER_CONSUME_STATS
        answer = await self._asking.calls.ask(
            address, code, header, timeout_s=timeout_s
        )
        body = loose_json.decode(answer.body, type=ConsumeStatsList)
        groups: dict[str, dict[MessageQueue, QueueProgress]] = {}
        for each in body.consume_stats_list:
            for group, stats in each.items():
                tables = [one.offset_table for one in stats]
                groups[group] = {
                    queue: _progress(wrapper)
                    for table in tables
                    for queue, wrapper in sorted(table.items())
                }
        return BrokerProgress(groups, body.total_diff)

    @gives_deferred
    async def committed_at(self, address: str) -> dict[str, dict[str, dict[int, int]]]:
        """Give all offsets that one broker keeps: by group, topic and queue number."""
        code = RequestCode.GET_ALL_CONSUMER_OFFSET
        body = await self._asking.body(
            address, code, None, ConsumerOffsetSerializeWrapper
        )
        found: dict[str, dict[str, dict[int, int]]] = {}
        for key, queues in body.offset_table.items():
            topic, _, group = key.partition(BETWEEN)
            found.setdefault(group, {})[topic] = dict(queues)
        return found

    @gives_deferred
    async def oldest_at_ms(self, queue: MessageQueue) -> int:
        """Give when the first message that a queue still has was stored; -1: none."""
        header = GetEarliestMsgStoretimeRequestHeader(
            topic=queue.topic, queue_id=queue.queue_id, target_broker=queue.broker_name
        )
        address = await self._asking.address_of(queue)
        code = RequestCode.GET_EARLIEST_MSG_STORETIME
        answer = await self._asking.calls.ask(address, code, header)
        kind = GetEarliestMsgStoretimeResponseHeader
        return decode_fields(kind, answer.fields).timestamp

    @gives_deferred
    async def time_spans(self, group: str, topic: str) -> list[QueueTimeSpan]:
        """Give when the oldest and the newest message of each queue of *topic* were
        stored, and how old the one is that *group* consumes next. Times are in ms.
        """
        header = QueryConsumeTimeSpanRequestHeader(topic=topic, group=group)
        bodies = await self._asking.bodies(
            await self._asking.brokers_of(topic),
            RequestCode.QUERY_CONSUME_TIME_SPAN,
            header,
            QueryConsumeTimeSpanBody,
        )
        spans = chain(*(each.consume_time_span_set for each in bodies.values()))
        return sorted(spans, key=lambda span: span.message_queue)

    @gives_deferred
    async def commit(self, group: str, offsets: Mapping[MessageQueue, int]) -> None:
        """Write *offsets* down for *group*, as its members do.

        Members that run do not look: they write over it. See ``Resets``.
        """
        for queue, offset in offsets.items():
            await self._commit(
                await self._asking.address_of(queue), group, queue, offset
            )

    @gives_deferred
    async def copy(self, source: str, target: str, topic: str) -> None:
        """Put the group *target* where *source* is, in all topics of *source*.

        The queues are found through *topic*, which had better be on all brokers where
        *source* is. Brokers are not asked to: each offset is written down.
        """
        found = (await self.progress(source)).queues
        brokers = addresses_of(await self._asking.route(topic))
        for queue, progress in found.items():
            if progress.committed >= 0 and queue.broker_name in brokers:
                address = brokers[queue.broker_name]
                await self._commit(address, target, queue, progress.committed)

    @gives_deferred
    async def clone(
        self, source: str, target: str, topic: str, *, offline: bool = True
    ) -> None:
        """Have the brokers put the group *target* where *source* is in *topic*.

        Fails with RefusedError where *target* is online, unless *offline* is true.
        """
        header = CloneGroupOffsetRequestHeader(
            src_group=source, dest_group=target, topic=topic, offline=offline
        )
        brokers = await self._asking.brokers_of(names.retry_topic(source))
        for address in brokers.values():
            await self._asking.calls.ask(
                address, RequestCode.CLONE_GROUP_OFFSET, header
            )

    # How it is asked

    async def _stats(
        self, brokers: Mapping[str, str], group: str, topic: str | None
    ) -> dict[str, ConsumeStats]:
        header = GetConsumeStatsRequestHeader(consumer_group=group, topic=topic)
        code = RequestCode.GET_CONSUME_STATS
        return await self._asking.bodies(brokers, code, header, ConsumeStats)

    async def _commit(
        self, address: str, group: str, queue: MessageQueue, offset: int
    ) -> None:
        await self._asking.calls.commit(address, group, queue, offset)


def _progress(wrapper: OffsetWrapper) -> QueueProgress:
    return QueueProgress(
        end=wrapper.broker_offset,
        committed=wrapper.consumer_offset,
        pulled=wrapper.pull_offset,
        stored_at_ms=wrapper.last_timestamp,
    )
