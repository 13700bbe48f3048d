"""What one pop takes: out of which queues, in which order, and how much. No sockets.

A pop goes through its places (queues of the topic, and of its pop retry topics) until
it has enough. One pop at a time reads a queue for a group; another passes it by.
Source: PopMessageProcessor.popMsgFromQueue.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.pop.order import OrderTable
from twistedmq.broker.pop.positions import Move, Place, Positions
from twistedmq.broker.pop.priorities import Draw, draw
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.filter.interfaces import Filter
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.pop_handles import pop_retry_topic
from twistedmq.protocol.record import queue_offset_of, size_of
from twistedmq.store.interfaces import IMessageStore, QueueRead, ReadStatus

NO_LIMIT: Final = 2**31 - 1

_ELSEWHERE: Final = frozenset(
    {
        ReadStatus.OFFSET_TOO_SMALL,
        ReadStatus.OFFSET_OVERFLOW_BADLY,
        ReadStatus.OFFSET_FOUND_NULL,
    }
)
"""The group is where the queue has nothing: it is put where the queue has."""

_PASSED_OVER: Final = frozenset(
    {ReadStatus.NO_MATCHED_MESSAGE, ReadStatus.MESSAGE_WAS_REMOVING}
)


class Asked(Struct):
    """What a pop asks for."""

    topic: str
    group: str
    queue_id: int
    max_count: int
    invisible_ms: int
    init_mode: int
    is_ordered: bool
    attempt_id: str | None
    filter: Filter
    priority_percent: int = 0
    """In how many of a hundred pops priorities are heeded."""


class Taken(Struct):
    """What was taken out of one queue."""

    place: Place
    start_offset: int
    offsets: Sequence[int]
    records: list[Buffer]
    is_retry: bool


class Popped(Struct):
    """What a pop took."""

    popped_ms: int
    taken: list[Taken] = []
    moves: list[Move] = []
    """Steps to be committed once the checkpoints are written."""
    order_items: list[str] = []
    """Items of orderCountInfo."""
    count: int = 0
    rest: int = 0
    """Messages that are left, of this pop's queues."""
    looks_again: bool = False
    """Where nothing was found: there may be something that was not looked at."""
    damage: TwistedMQError | OSError | None = None
    """Why a queue could not be read."""


class _Work:
    """A pop on its way."""

    __slots__ = ("asked", "most_in_flight", "places", "popped")

    def __init__(
        self,
        asked: Asked,
        places: Iterator[Place],
        popped_ms: int,
        most_in_flight: int | None,
    ) -> None:
        self.asked = asked
        self.places = places
        self.popped = Popped(popped_ms)
        self.most_in_flight = most_in_flight


class PopReader:
    """Takes messages out of queues.

    Args:
        store: where they are read.
        topics: which queues there are.
        positions: where each group is; ordered pops commit there at once.
        orders: what ordered pops wait for.
        in_flight: how much of each queue is out.
        counters: counts what was given, once a queue.
        config: which retry topics are read, and when.
        random: which of them come first, and which queue.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        *,
        store: IMessageStore,
        topics: TopicTable,
        positions: Positions,
        orders: OrderTable,
        in_flight: InFlight,
        counters: BrokerCounters,
        config: Live[PopConfig],
        random: Random,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._topics = topics
        self._positions = positions
        self._orders = orders
        self._in_flight = in_flight
        self._counters = counters
        self._config = config
        self._random = random
        self._wall_ms = wall_ms
        self._busy: set[Place] = set()

    def pop(self, asked: Asked) -> Popped | Deferred[Popped]:
        """Take what *asked* wants; at once, unless a cold disk must be waited for."""
        config = self._config.value
        most = config.max_in_flight if config.limit_in_flight else None
        work = _Work(asked, iter(()), self._wall_ms(), most)
        work.places = self._places(work)
        return self._go_on(work)

    def _places(self, work: _Work) -> Iterator[Place]:
        """Give where to look, in order; later places depend on what was found."""
        asked = work.asked
        drawn = draw(self._config.value, self._random, asked.priority_percent)
        retry = [] if asked.is_ordered else self._retry_places(asked, drawn)
        if drawn.retry_first:
            yield from retry
        if asked.queue_id >= 0:
            yield (asked.topic, asked.group, asked.queue_id)
        else:
            yield from self._queues_of(asked.topic, asked.group, drawn)
        if not drawn.retry_first and work.popped.count < asked.max_count:
            yield from retry

    def _retry_places(self, asked: Asked, drawn: Draw) -> list[Place]:
        config = self._config.value
        v2 = config.retry_topic_v2
        if v2 and config.read_retry_topic_v1 and drawn.old_retry_topic:
            v2 = False  # a pop can name one retry topic only
        topic = pop_retry_topic(asked.topic, asked.group, v2=v2)
        return self._queues_of(topic, asked.group, drawn)

    def _queues_of(self, topic: str, group: str, drawn: Draw) -> list[Place]:
        config = self._topics.get(topic)
        if config is None:
            return []
        return [(topic, group, n) for n in drawn.queues(config.read_queue_nums)]

    def _go_on(self, work: _Work) -> Popped | Deferred[Popped]:
        for place in work.places:
            offset = self._start(work, place)
            if offset is not None:
                waiting = self._read(work, place, offset)
                if waiting is not None:
                    return waiting
        popped = work.popped
        if popped.damage is not None and not popped.count:
            self._positions.take_back(popped.moves)
            raise popped.damage
        return popped

    def _read(
        self, work: _Work, place: Place, offset: int | None
    ) -> Deferred[Popped] | None:
        """Take from *offset* on; gives what to wait for, where that must be.

        What cannot be read does not keep the pop from the other queues.
        """
        try:
            while offset is not None:
                read = self._ask(work, place, offset)
                if not isinstance(read, QueueRead):
                    self._busy.add(place)
                    return read.addBoth(self._resume, work, place, offset)
                offset = self._take(work, place, offset, read)
        except (TwistedMQError, OSError) as error:
            work.popped.damage = error
        return None

    def _resume(
        self, read: QueueRead | Failure, work: _Work, place: Place, offset: int
    ) -> Popped | Deferred[Popped]:
        self._busy.discard(place)
        work.popped.looks_again = True
        if isinstance(read, Failure):
            read.trap(TwistedMQError, OSError)
            assert isinstance(read.value, TwistedMQError | OSError)
            work.popped.damage = read.value
        else:
            waiting = self._read(work, place, self._take(work, place, offset, read))
            if waiting is not None:
                return waiting
        return self._go_on(work)

    def _start(self, work: _Work, place: Place) -> int | None:
        """Say where to read; None if the pop has enough or may not have of this one."""
        asked, popped = work.asked, work.popped
        topic, _, queue_id = place
        end = self._store.queue_bounds(topic, queue_id)[1]
        most = work.most_in_flight
        if place in self._busy or (
            most is not None and self._in_flight.count(place) > most
        ):
            if not asked.is_ordered:
                popped.rest += max(0, end - self._positions.peek(place))
            return None
        offset = self._positions.find(place, asked.init_mode)
        if asked.is_ordered:
            if self._orders.is_blocked(place, asked.attempt_id, asked.invisible_ms):
                return None
            self._in_flight.clear(place)
        if popped.count >= asked.max_count:
            popped.rest += max(0, end - offset)
            return None
        return None if offset == end else offset

    def _ask(
        self, work: _Work, place: Place, offset: int
    ) -> QueueRead | Deferred[QueueRead]:
        wanted = work.asked.filter
        return self._store.read_queue(
            place[0],
            place[2],
            offset,
            work.asked.max_count - work.popped.count,
            NO_LIMIT,
            wanted.tags,
            wanted.matches,
        )

    def _take(
        self, work: _Work, place: Place, offset: int, read: QueueRead
    ) -> int | None:
        """Take what was found at *offset*; gives where to look instead, if there is."""
        asked, popped = work.asked, work.popped
        if read.status in _ELSEWHERE:
            if read.next_offset == offset:
                return None
            self._positions.correct(place, read.next_offset)
            more = read.next_offset < read.max_offset
            return read.next_offset if more else None
        rest = max(0, read.max_offset - read.next_offset)
        popped.rest += rest
        if read.count:
            self._give(work, place, offset, read)
        elif read.status in _PASSED_OVER and read.next_offset > offset:
            popped.looks_again |= rest > 0
            if asked.is_ordered:
                self._positions.correct(place, read.next_offset)
            else:
                move = self._positions.move(place, read.next_offset)
                popped.moves.append(move)
        return None

    def _give(self, work: _Work, place: Place, offset: int, read: QueueRead) -> None:
        asked, popped = work.asked, work.popped
        topic, group, _ = place
        if read.next_offset - offset == read.count and not self._holds_batches(topic):
            offsets: Sequence[int] = range(offset, read.next_offset)
        else:
            offsets = _offsets(read)
        is_retry = topic != asked.topic
        start = min(offset, offsets[0])
        popped.taken.append(Taken(place, start, offsets, read.records, is_retry))
        popped.count += read.count
        if asked.is_ordered:
            item = self._orders.given(
                place, offsets, popped.popped_ms, asked.invisible_ms, asked.attempt_id
            )
            popped.order_items.append(item)
            self._positions.correct(place, offset)
        else:
            popped.moves.append(self._positions.move(place, read.next_offset))
        self._in_flight.popped(place, len(offsets))
        self._counters.popped(asked.topic, topic, group, read.count, read.size)

    def _holds_batches(self, topic: str) -> bool:
        """Say whether one record of *topic* may be several messages.

        Such a one is lent, and acknowledged, as a whole, by its first offset.
        """
        return topic in self._topics.batch_topics


def _offsets(read: QueueRead) -> list[int]:
    """Give the queue offsets of the records that were read."""
    offsets = []
    for buffer in read.records:
        at = 0
        while at < len(buffer):
            offsets.append(queue_offset_of(buffer, at))
            at += size_of(buffer, at)
    return offsets
