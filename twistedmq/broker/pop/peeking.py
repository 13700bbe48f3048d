"""PEEK_MESSAGE: look at what a pop would give, and leave it.

Source: PeekMessageProcessor.
"""

from collections.abc import Iterator
from random import Random

from twisted.internet.defer import Deferred

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.pop.checks import PopChecks
from twistedmq.broker.pop.positions import Place, Positions
from twistedmq.broker.settling import settle
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.protocol.headers import PeekMessageRequestHeader
from twistedmq.protocol.pop_handles import pop_retry_topic
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore, QueueRead, ReadStatus

_NO_LIMIT = 2**31 - 1
_RETRY_FIRST_PERCENT = 20
_ELSEWHERE = frozenset({ReadStatus.OFFSET_TOO_SMALL, ReadStatus.OFFSET_OVERFLOW_BADLY})


class PeekHandlers:
    """Serves PEEK_MESSAGE.

    Args:
        checks: who may peek what.
        store: where messages are read.
        topics: which queues there are.
        positions: where a pop would begin.
        counters: counts what was given.
        config: which retry topic is looked into.
        random: which queue comes first.
    """

    def __init__(
        self,
        *,
        checks: PopChecks,
        store: IMessageStore,
        topics: TopicTable,
        positions: Positions,
        counters: BrokerCounters,
        config: Live[PopConfig],
        random: Random,
    ) -> None:
        self._checks = checks
        self._store = store
        self._topics = topics
        self._positions = positions
        self._counters = counters
        self._config = config
        self._random = random

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.PEEK_MESSAGE: self.peek}

    def peek(self, request: Request) -> Deferred[Reply]:
        """Give messages that stay where they are."""
        header: PeekMessageRequestHeader = request.header
        checks = self._checks
        checks.check_broker("peeking message")
        checks.check(
            header.topic, header.queue_id, header.consumer_group, request.connection
        )
        return Deferred.fromCoroutine(self._peek(header))

    async def _peek(self, header: PeekMessageRequestHeader) -> Reply:
        records: list[Buffer] = []
        count = rest = size = 0
        for place in list(self._places(header)):
            offset = self._positions.peek(place)
            rest += max(0, self._store.queue_bounds(place[0], place[2])[1] - offset)
            if count >= header.max_msg_nums:
                continue
            read = await self._read(place, offset, header.max_msg_nums - count)
            if read.status in _ELSEWHERE:
                least = read.next_offset
                read = await self._read(place, least, header.max_msg_nums - count)
            records += read.records
            count += read.count
            size += read.size
        fields = {"popTime": "0", "invisibleTime": "0", "reviveQid": "0"}
        fields["restNum"] = f"{rest}"
        if not count:
            code, status = ResponseCode.PULL_NOT_FOUND, ReadStatus.NO_MESSAGE_IN_QUEUE
            return Reply(code, fields, remark=status.value)
        self._counters.pulled(header.topic, header.consumer_group, count, size)
        return Reply(header=fields, body=records, remark=ReadStatus.FOUND.value)

    async def _read(self, place: Place, offset: int, count: int) -> QueueRead:
        topic, _, queue_id = place
        return await settle(
            self._store.read_queue(
                topic, queue_id, offset, count, _NO_LIMIT, None, None
            )
        )

    def _places(self, header: PeekMessageRequestHeader) -> Iterator[Place]:
        topic, group = header.topic, header.consumer_group
        draw = self._random.randrange(100)
        v2 = self._config.value.retry_topic_v2
        retry = self._queues_of(pop_retry_topic(topic, group, v2=v2), group, draw)
        if draw < _RETRY_FIRST_PERCENT:
            yield from retry
        if header.queue_id >= 0:
            yield (topic, group, header.queue_id)
        else:
            yield from self._queues_of(topic, group, draw)
        yield from retry

    def _queues_of(self, topic: str, group: str, draw: int) -> Iterator[Place]:
        config = self._topics.get(topic)
        count = 0 if config is None else config.read_queue_nums
        for step in range(count):
            yield (topic, group, (draw + step) % count)
