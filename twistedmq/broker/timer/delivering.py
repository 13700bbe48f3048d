"""From the wheel to the real topics: one slot after the other, in slices.

Thousands may be due in the same second: each slice is one append of a bounded number of
messages, and others have their turn in between. A slot is over when all of it is safe.
Source: TimerMessageStore.dequeue, TimerDequeueGetMessageService.
"""

from array import array
from collections import Counter as Tally
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from twistedmq.broker.inner.message import InnerMessage, of_record
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.broker.timer.pace import Pace
from twistedmq.broker.timer.restoring import (
    NotTimedError,
    delivered,
    due_time,
    rolled,
)
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.protocol import properties as props
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.record import Record, RecordError, decode_record
from twistedmq.store.interfaces import Appended, IMessageStore, StoreFullError
from twistedmq.store.timer.log import TimerLog
from twistedmq.store.timer.slots import Slot
from twistedmq.store.timer.units import DELETES, NOWHERE, ROLLS, TimerUnit
from twistedmq.store.workers import Workers

SLICE: Final = 64
SLICE_BYTES: Final = 256 * 1024
FULL_RETRY_S: Final = 1.0
_NOTHING: Final = Slot(NOWHERE, NOWHERE)


class Due:
    """The units of one slot, oldest first, in little memory."""

    def __init__(self) -> None:
        self.offsets = array("q")
        self.sizes = array("q")
        self.placed_ms = array("q")
        self.kinds = array("b")

    @classmethod
    def of(cls, timer_log: TimerLog, slot_ms: int, slot: Slot, done: Slot) -> "Due":
        """Read the units of a slot that it did not have before; may take long.

        Raises: BrokenChainError.
        """
        due = cls()
        for unit in timer_log.chain(slot.last, done.last):
            due._add(unit)
        for column in (due.offsets, due.sizes, due.placed_ms, due.kinds):
            column.reverse()
        if due.count < slot.count - done.count:
            # A link is damaged, and what it led to cannot be told from the others.
            due = cls()
            for _, unit in timer_log.units_from(timer_log.begin):
                if unit.due_ms == slot_ms:
                    due._add(unit)
        return due

    def _add(self, unit: TimerUnit) -> None:
        self.offsets.append(unit.physical_offset)
        self.sizes.append(unit.size)
        self.placed_ms.append(unit.write_ms)
        self.kinds.append(unit.kind)

    @property
    def count(self) -> int:
        """How many messages there are, as the wheel counts."""
        deletes = sum(1 for kind in self.kinds if kind & DELETES)
        return len(self.kinds) - 2 * deletes

    def slices(self, *, of_calls: bool) -> Iterator[list[int]]:
        """Give the units that call others back, or the other ones, so many at once as
        one append should bring.
        """
        taken, size = list[int](), 0
        for number, kind in enumerate(self.kinds):
            if (kind & (DELETES | ROLLS) == DELETES) is not of_calls:
                continue
            if len(taken) == SLICE or (taken and size > SLICE_BYTES):
                yield taken
                taken, size = [], 0
            taken.append(number)
            size += self.sizes[number]
        if taken:
            yield taken


class Outcome:
    """What became of the messages of one slot."""

    def __init__(self) -> None:
        self.called_back: set[str] = set()
        """Keys of messages that are not wanted any more."""
        self.left: Tally[str] = Tally()
        """What is to be taken off the counts, by topic."""
        self.stored: Tally[str] = Tally()
        """What was stored once more, by topic."""
        self.lost = 0
        """Records that are no longer in the store."""
        self.appended: Appended | None = None
        """The last of what was written."""
        self.moved: list[TimerUnit] = []
        """Units (without what comes before them) that go to a later slot."""

    def names(self, message: InnerMessage) -> bool:
        """Whether *message* was called back."""
        key = message.unique_id
        if not self.called_back or not key:
            return False
        topic = message.properties.get(props.REAL_TOPIC, "")
        return not self.called_back.isdisjoint((key, f"{topic}+{key}"))


class Delivering:
    """Delivers what is due.

    Attributes:
        delivered: how many messages left the wheel since the start.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: IReactorTime,
        workers: Workers,
        store: IMessageStore,
        inner: InnerWriter,
        wheel: Wheel,
        metrics: TimerMetrics,
        wall_ms: Callable[[], int],
        seconds: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._workers = workers
        self._store = store
        self._inner = inner
        self._wheel = wheel
        self._metrics = metrics
        self._wall_ms = wall_ms
        self._is_stopping = False
        self._done: dict[int, Slot] = {}
        """What of a slot is delivered, where more has come into it since."""
        self.delivered = Pace(seconds)

    def stop(self) -> None:
        """Wait for a full disk no longer."""
        self._is_stopping = True

    @inlineCallbacks
    def deliver(
        self, timer_log: TimerLog, slot_ms: int
    ) -> Generator[Deferred[Any], Any, None]:
        """Deliver all of one slot, and take it out of the wheel.

        Fails with StoreFullError where the flush failed, and then all of it is to be
        delivered once more; with BrokenChainError where it is unknown what is in it.
        """
        done = self._done.pop(slot_ms, _NOTHING)
        slot = self._wheel.copy_of(slot_ms)
        while slot is not None and slot.last != done.last:
            if slot_ms >= self._wheel.floor(self._wall_ms()):
                self._done[slot_ms] = done  # the clock was set back
                return
            outcome = Outcome()
            is_done = yield self._deliver(timer_log, slot_ms, slot, done, outcome)
            if not is_done:
                return
            self._settle(slot_ms, outcome)
            # More may have come meanwhile, late or after the clock was set back.
            done, slot = slot, self._wheel.copy_of(slot_ms)
        self._wheel.remove(slot_ms)

    @inlineCallbacks
    def _deliver(
        self,
        timer_log: TimerLog,
        slot_ms: int,
        slot: Slot,
        done: Slot,
        outcome: Outcome,
    ) -> Generator[Deferred[Any], Any, bool]:
        """Deliver what is in *slot* and was not in *done*; False if it must be left."""
        due: Due = yield self._workers.run(Due.of, timer_log, slot_ms, slot, done)
        for numbers in due.slices(of_calls=True):
            records = yield self._read(due, numbers)
            _note_calls(records, outcome)
        for numbers in due.slices(of_calls=False):
            records = yield self._read(due, numbers)
            messages = self._messages(due, numbers, records, slot_ms, outcome)
            if messages and not (yield self._write(messages, outcome)):
                return False
            yield deferLater(self._clock, 0)
        self._move(timer_log, outcome.moved)
        last = outcome.appended
        if last is not None and (safe := self._inner.safe(last)) is not None:
            yield safe
        return True

    def _move(self, timer_log: TimerLog, units: list[TimerUnit]) -> None:
        """Put units into their later slots.

        Raises: OSError.
        """
        if not units:
            return
        last, linked = dict[int, int](), list[TimerUnit]()
        places = timer_log.places(len(units))
        for place, unit in zip(places, units, strict=True):
            before = last.get(unit.due_ms, self._wheel.last_of(unit.due_ms))
            linked.append(unit._replace(previous=before))
            last[unit.due_ms] = place
        timer_log.append(linked)
        for place, unit in zip(places, linked, strict=True):
            self._wheel.put(place, unit)

    def _settle(self, slot_ms: int, outcome: Outcome) -> None:
        self._metrics.add({topic: -count for topic, count in outcome.left.items()})
        self._metrics.delivered.update(outcome.stored)
        if outcome.lost:
            self._log.error(
                "{lost} messages due at {slot} ms are no longer in the store: they "
                "waited longer than messages are kept, or were damaged",
                lost=outcome.lost,
                slot=slot_ms,
            )

    def _read(
        self, due: Due, numbers: Sequence[int]
    ) -> "Deferred[list[Record | None]]":
        """Give the records of some units, None for each that is no longer there."""
        found = [self._store.record_at(due.offsets[number]) for number in numbers]
        here = [buffer for buffer in found if not isinstance(buffer, Deferred)]
        if len(here) == len(found):
            return succeed(_decoded(here, due, numbers))
        waiting = [f if isinstance(f, Deferred) else succeed(f) for f in found]
        all_of_them = gatherResults(waiting, consumeErrors=True)
        return all_of_them.addCallback(_decoded, due, numbers)

    def _messages(
        self,
        due: Due,
        numbers: Sequence[int],
        records: Sequence[Record | None],
        slot_ms: int,
        outcome: Outcome,
    ) -> list[InnerMessage]:
        """Give what is to be stored of some units."""
        messages, now_ms, grain_ms = [], self._wall_ms(), self._wheel.grain_ms
        over_ms = self._wheel.floor(now_ms)
        for number, record in zip(numbers, records, strict=True):
            kind, placed_ms = due.kinds[number], due.placed_ms[number]
            try:
                if record is None:
                    raise NotTimedError("it is gone")
                message = of_record(record)
                due_ms = due_time(message.topic, message.properties)
                if not kind & ROLLS and due_ms >= slot_ms + grain_ms:
                    raise NotTimedError("another message is in its place")
                topic = message.properties[props.REAL_TOPIC]
                if outcome.names(message) and not kind & ROLLS:
                    outcome.left[topic] += 1
                    continue
                if kind & ROLLS and slot_ms < due_ms < over_ms:
                    # Late: it goes straight where it meets what calls it back.
                    due_ms -= due_ms % grain_ms
                    wait_ms, plain = due_ms - slot_ms, kind & ~ROLLS
                    topic_hash = props.java_hash(topic)
                    place = due.offsets[number], due.sizes[number], topic_hash
                    unit = TimerUnit(NOWHERE, plain, slot_ms, wait_ms, *place)
                    outcome.moved.append(unit)
                    continue
                again = rolled if kind & ROLLS else delivered
                messages.append(again(message, placed_ms, now_ms))
                outcome.stored[topic] += 1
                outcome.left[topic] += -1 if kind & DELETES else 1
            except NotTimedError:
                outcome.lost += 1
        return messages

    @inlineCallbacks
    def _write(
        self, messages: list[InnerMessage], outcome: Outcome
    ) -> Generator[Deferred[Any], Any, bool]:
        """Store *messages*, waiting for room if need be; False if there never was."""
        is_told = False
        while True:
            try:
                outcome.appended = self._write_all(messages) or outcome.appended
            except StoreFullError as error:
                if not is_told:
                    self._log.error(
                        "messages that are due have to wait: {problem}",
                        problem=str(error),
                    )
                is_told = True
            else:
                self.delivered.add(len(messages))
                return True
            if self._is_stopping:
                return False
            yield deferLater(self._clock, FULL_RETRY_S)

    def _write_all(self, messages: list[InnerMessage]) -> Appended | None:
        """Store *messages*; what the store will never take is left out, with a word.

        Raises: StoreFullError, and then none is stored.
        """
        try:
            return self._inner.write(messages)
        except StoreFullError:
            raise
        except TwistedMQError as error:
            if len(messages) == 1:
                self._log.error(
                    "a message that is due for {topic} cannot be stored: {problem}",
                    topic=messages[0].topic,
                    problem=str(error),
                )
                return None
        last = None
        for message in messages:
            last = self._write_all([message]) or last
        return last


def _decoded(
    found: Sequence[Buffer | None], due: Due, numbers: Sequence[int]
) -> list[Record | None]:
    records = list[Record | None]()
    for buffer, number in zip(found, numbers, strict=True):
        try:
            record = decode_record(buffer or b"")
            records.append(record if record.size == due.sizes[number] else None)
        except RecordError:
            records.append(None)
    return records


def _note_calls(records: Sequence[Record | None], outcome: Outcome) -> None:
    """Take the keys out of messages that call others back."""
    for record in records:
        held = props.parse(record.properties) if record else {}
        if record is not None and (key := held.get(props.TIMER_DEL_UNIQKEY)):
            outcome.called_back.add(key)
            outcome.left[held.get(props.REAL_TOPIC, record.topic)] -= 1
