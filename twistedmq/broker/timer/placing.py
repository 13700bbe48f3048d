"""From the timer topic into the wheel: a batch of messages at a time.

What is late goes into the slot of its time too, where it meets what calls it back; that
slot is over, and comes next. Source: TimerMessageStore.enqueue, doEnqueue.
"""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Callable, Generator
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.logger import Logger

from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.broker.timer.pace import Pace
from twistedmq.broker.timer.restoring import NotTimedError, due_time
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.protocol.record import Outline, outlines, store_time
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import IMessageStore, QueueRead
from twistedmq.store.timer.log import TimerLog
from twistedmq.store.timer.slots import WEEK_SLOTS
from twistedmq.store.timer.units import DELETES, ROLLS, WAITS, TimerUnit

BATCH: Final = 256
BATCH_BYTES: Final = 512 * 1024
_BLANK_SLOTS: Final = 60
_MOST_DELAY_MS: Final = 2**31 - 1
_hash_of: Final = lru_cache(4096)(props.java_hash)

Placed = tuple[Outline, dict[str, str], int]
"""A record, its properties, and when it is due."""


class Replay(Struct):
    """What of the queue was in the wheel before, where it is gone through again."""

    seen: set[int]
    """Physical offsets of messages that are in the timer log."""
    known_until: int
    """Messages before this queue offset were in the wheel once ..."""
    done_before_ms: int
    """... and if they were due before this time, they are delivered."""
    until: int
    """Behind this queue offset everything is new."""

    def is_done(self, record: Outline, due_ms: int) -> bool:
        """Whether nothing is to be done for a message."""
        if record.physical_offset in self.seen:
            return True
        return record.queue_offset < self.known_until and due_ms < self.done_before_ms


class Placing:
    """Takes messages from the timer topic into the wheel, in their order.

    Attributes:
        queue_offset: the next message to be taken; all before are in the wheel, or
            delivered.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        store: IMessageStore,
        wheel: Wheel,
        metrics: TimerMetrics,
        config: Live[TimerConfig],
        seconds: Callable[[], float],
    ) -> None:
        self._store = store
        self._wheel = wheel
        self._metrics = metrics
        self._config = config
        self.queue_offset = 0
        self.last_store_ms = 0
        """When the message was stored that was taken last."""
        self.placed = Pace(seconds)
        """How many went into the wheel since the start."""
        self._replay: Replay | None = None

    def begin_at(self, queue_offset: int, replay: Replay | None = None) -> None:
        """Go on at *queue_offset*, perhaps with messages that were seen before."""
        self.queue_offset = queue_offset
        self._replay = replay

    @property
    def behind(self) -> int:
        """How many messages of the topic are not taken yet."""
        return max(0, self._store.queue_bounds(TIMER_TOPIC, 0)[1] - self.queue_offset)

    @inlineCallbacks
    def take(
        self, timer_log: TimerLog, wheel_ms: int
    ) -> Generator[Deferred[Any], Any, None]:
        """Take one batch; *wheel_ms* is the time before which slots are over.

        Fails with OSError where it could not be written: then the same messages are
        taken the next time.
        """
        try:
            read: QueueRead | Deferred[QueueRead] = self._store.read_queue(
                TIMER_TOPIC, 0, self.queue_offset, BATCH, BATCH_BYTES, None, None
            )
            if isinstance(read, Deferred):
                read = yield read
        except DamagedRecordError as error:
            self._log.error("a timed message is lost: {problem}", problem=str(error))
            self.queue_offset += 1
            return
        assert isinstance(read, QueueRead)
        if read.next_offset != self.queue_offset and not read.records:
            self._log.warn(
                "timed messages {first} to {next} of {topic} are no longer there",
                first=self.queue_offset, next=read.next_offset, topic=TIMER_TOPIC,
            )  # fmt: skip
        records = [r for buffer in read.records for r in outlines(buffer)]
        if placed := self._wanted(records):
            self._place(timer_log, placed, wheel_ms)
        if records:
            buffer = read.records[-1]
            self.last_store_ms = store_time(buffer, len(buffer) - records[-1].size)
        self.queue_offset = max(read.next_offset, read.min_offset)
        if self._replay is not None and self.queue_offset >= self._replay.until:
            self._replay = None

    def _wanted(self, records: list[Outline]) -> list[Placed]:
        """Give those that are to be placed, and when they are due."""
        wanted, replay = list[Placed](), self._replay
        for record in records:
            held = props.parse(record.properties)
            try:
                due_ms = due_time(TIMER_TOPIC, held)
            except NotTimedError as error:
                self._log.error(
                    "message {offset} of {topic} cannot be delivered: {problem}",
                    offset=record.queue_offset, topic=TIMER_TOPIC, problem=str(error),
                )  # fmt: skip
                continue
            if replay is None or not replay.is_done(record, due_ms):
                wanted.append((record, held, due_ms))
        return wanted

    def _place(self, timer_log: TimerLog, placed: list[Placed], wheel_ms: int) -> None:
        places, last = timer_log.places(len(placed)), dict[int, int]()
        units, topics = list[TimerUnit](), Tally[str]()
        delays: defaultdict[str, list[int]] = defaultdict(list)
        window_ms = roll_window_ms(self._config.value)
        grain_ms = self._wheel.grain_ms
        for place, (record, held, due_ms) in zip(places, placed, strict=True):
            slot_ms, kind = slot_of(due_ms, wheel_ms, window_ms, grain_ms)
            one = 1
            if props.TIMER_DEL_UNIQKEY in held:
                kind, one = kind | DELETES, -1
            before = last.get(slot_ms)
            if before is None:
                before = self._wheel.last_of(slot_ms)
            last[slot_ms] = place
            topic = held[props.REAL_TOPIC]
            topics[topic] += one
            delays[topic].append(due_ms - record.born_ms)
            write_ms = min(wheel_ms, slot_ms)
            units.append(
                TimerUnit(
                    before,
                    kind,
                    write_ms,
                    slot_ms - write_ms,
                    record.physical_offset,
                    record.size,
                    _hash_of(topic),
                )
            )
        timer_log.append(units)
        for place, unit in zip(places, units, strict=True):
            self._wheel.put(place, unit)
        self._metrics.add(topics)
        self._metrics.came(delays)
        self.placed.add(len(units))


def roll_window_ms(config: TimerConfig) -> int:
    """Give how far ahead a message may wait in the wheel."""
    most, slots = WEEK_SLOTS - _BLANK_SLOTS, config.roll_slots
    if not 2 <= slots <= most:
        slots = most
    return min(slots, _MOST_DELAY_MS // config.grain_ms) * config.grain_ms


def slot_of(
    due_ms: int, wheel_ms: int, window_ms: int, grain_ms: int
) -> tuple[int, int]:
    """Give the slot of a message, and its kind of unit.

    One that is due later than the wheel reaches rolls: it waits a whole window, or
    half of one if little would be left then.
    """
    due_ms -= due_ms % grain_ms
    ahead_ms = due_ms - wheel_ms
    if ahead_ms < window_ms:
        return due_ms, WAITS
    slots = window_ms // grain_ms
    is_little = ahead_ms - window_ms < slots // 3 * grain_ms
    wait_ms = slots // 2 * grain_ms if is_little else window_ms
    return wheel_ms + wait_ms, WAITS | ROLLS
