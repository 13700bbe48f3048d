"""What the timer files say at a start: which messages wait, and what is to be seen to.

The wheel is believed as far as it fits the log, and the log as far as it is whole.
Where they do not fit, or the file that says how far things are is missing, the wheel is
made anew from the log, and what the log lacks is found in the timer topic's queue.
Runs in a thread. Source: TimerMessageStore.recover, recoverAndRevise; stricter.
"""

from pathlib import Path
from typing import Final

from msgspec import Struct, field

from twistedmq.store.files_layer import Files
from twistedmq.store.timer.log import TimerLogFiles
from twistedmq.store.timer.progress import TimerProgress, read_progress
from twistedmq.store.timer.slots import Slot, WheelFileError, read_wheel
from twistedmq.store.timer.units import (
    DELETES,
    END_BYTES,
    NOWHERE,
    UNIT_BYTES,
    TimerUnit,
)

WHEEL: Final = "timerwheel"
LOG: Final = "timerlog"
PROGRESS: Final = "config/timercheck"
LEAST_FILE_BYTES: Final = UNIT_BYTES + END_BYTES


class QueueFacts(Struct):
    """What the store says about the timer topic."""

    min_offset: int
    max_offset: int
    log_end: int
    """Physical offset behind everything that is stored."""
    now_ms: int
    """The wall clock."""


class Recovered(Struct):
    """What waits, and where to go on."""

    log: TimerLogFiles
    progress: TimerProgress
    """As the file said; zeros if it could not be used."""
    slots: dict[int, Slot] = {}
    changed: set[int] = field(default_factory=set)
    """Slots that are other than in the wheel's file."""
    seen: set[int] = field(default_factory=set)
    """Physical offsets of messages that are in the log and may be met once more."""
    is_whole: bool = True
    """Whether all messages before the queue offset of ``progress`` are in the log."""
    notes: list[str] = []
    """What an operator should know, a line each."""


class TimerFiles:
    """The timer files below the root of a store.

    Args:
        files: the file system.
        root: the store's directory.
        grain_ms: what a slot stands for.
        log_file_bytes: size of one file of the log.
    """

    def __init__(
        self, files: Files, root: Path, grain_ms: int, log_file_bytes: int
    ) -> None:
        self.files = files
        self.wheel = root / WHEEL
        self.log = root / LOG
        self.progress = root / PROGRESS
        self._root = root
        self._grain_ms = grain_ms
        self._log_file_bytes = log_file_bytes

    def exist(self) -> bool:
        """Whether there is any timer file."""
        sizes = self.files.size(self.wheel), self.files.size(self.progress)
        return any(sizes) or bool(self.files.list(self.log))

    def new_log(self) -> TimerLogFiles:
        """Give a log where there is none yet; nothing is made before it is used."""
        return TimerLogFiles(self.files, self.log, self._log_file_bytes)

    def recover(self, queue: QueueFacts, *, anew: bool = False) -> Recovered:
        """Read everything; with *anew*, do not believe the wheel."""
        notes = list[str]()
        progress = self._read_progress(queue, notes)
        found = Recovered(
            self._open_log(notes), progress or TimerProgress(), notes=notes
        )
        if progress is None or anew or not self._follow_wheel(found, queue):
            self._make_anew(found, queue, is_known=progress is not None)
        return found

    def _read_progress(
        self, queue: QueueFacts, notes: list[str]
    ) -> TimerProgress | None:
        try:
            progress = read_progress(self.files, self.progress)
        except ValueError as error:
            notes.append(f"{self.progress} cannot be used: {error}")
            return None
        if progress and progress.queue_offset > queue.max_offset:
            notes.append(
                f"{self.progress} is at message {progress.queue_offset} of a queue "
                f"that has {queue.max_offset}: it goes on there"
            )
            progress.queue_offset = queue.max_offset
        if progress and progress.read_ms > queue.now_ms:
            # Nothing that is due later is delivered, unless the clock was set back.
            notes.append(
                f"{self.progress} is at {progress.read_ms} ms of a clock that is at "
                f"{queue.now_ms}: what is due from now on is delivered"
            )
            progress.read_ms = queue.now_ms - queue.now_ms % self._grain_ms
        return progress

    def _open_log(self, notes: list[str]) -> TimerLogFiles:
        """Open the log with the size its files have; set odd ones aside."""
        names, wanted = self.files.list(self.log), self._log_file_bytes
        sizes = {self.files.size(self.log / name) or 0 for name in names}
        if sizes <= {wanted}:
            return TimerLogFiles(self.files, self.log, wanted)
        if len(sizes) == 1 and (size := min(sizes)) >= LEAST_FILE_BYTES:
            notes.append(
                f"{self.log} goes on with files of {size} bytes, as it has them, "
                f"instead of mappedFileSizeTimerLog={wanted}"
            )
            return TimerLogFiles(self.files, self.log, size)
        aside = self.log.with_name(f"{LOG}.damaged")
        self.files.remove(aside)
        self.files.rename(self.log, aside)
        notes.append(
            f"{self.log} has files of {len(sizes)} sizes, from {min(sizes)} to "
            f"{max(sizes)} bytes: it was set aside as {aside.name}"
        )
        return TimerLogFiles(self.files, self.log, wanted)

    def _follow_wheel(self, found: Recovered, queue: QueueFacts) -> bool:
        """Take over the wheel, and what the log has behind it; False if they differ."""
        log, place = found.log, found.progress.log_place
        if not log.is_behind_unit(place):
            found.notes.append(f"{self.log} does not reach to {place}, as it did")
            return False
        snapshots = self._snapshots()
        if snapshots:
            found.notes.append(f"{self.wheel} is older than {snapshots[-1].name}")
            return False
        try:
            if log.end or self.files.size(self.wheel) is not None:
                found.slots = read_wheel(
                    self.files, self.wheel, self._grain_ms, found.progress.read_ms
                )
        except WheelFileError as error:
            found.notes.append(f"{self.wheel} cannot be used: {error}")
            return False
        if not self._has_last_ones(found, place):
            found.notes.append(f"{self.wheel} lacks messages that {self.log} has")
            return False
        self._follow_log(found, place, queue.log_end)
        for time_ms in sorted(found.slots, key=lambda t: found.slots[t].last):
            last = found.slots[time_ms].last
            if last < log.begin:
                del found.slots[time_ms]
                continue
            unit = log.unit_at(last) if last < log.end else None
            if unit is None or unit.due_ms != time_ms:
                found.notes.append(f"{self.wheel} names {last}, where no such unit is")
                return False
        return True

    def _has_last_ones(self, found: Recovered, place: int) -> bool:
        """Whether the wheel holds the units before *place*, as far as one looks."""
        for unit_place, unit in found.log.units_from(found.log.back_from(place)):
            if unit_place >= place:
                return True
            if unit.due_ms >= found.progress.read_ms:
                slot = found.slots.get(unit.due_ms)
                if slot is None or slot.last < unit_place:
                    return False
        return True

    def _make_anew(
        self, found: Recovered, queue: QueueFacts, *, is_known: bool
    ) -> None:
        """Make the wheel of the whole log."""
        found.slots, found.changed, found.seen = {}, set(), set()
        log, known = found.log, found.progress
        is_empty = not log.end and not queue.max_offset
        self._follow_log(found, log.begin, queue.log_end)
        found.is_whole = is_known and log.end >= known.log_place
        self.files.remove(self.wheel)
        for path in self._snapshots():
            self.files.remove(path)
        if not is_empty:
            found.notes.append(
                f"the timer wheel was made anew: {len(found.slots)} times with messages"
                + ("" if found.is_whole else "; the timer topic is gone through again")
            )

    def _follow_log(self, found: Recovered, place: int, log_end: int) -> None:
        """Put the units from *place* on into the slots, and end the log behind them."""
        end, from_ms, log = place, found.progress.read_ms, found.log
        last = dict[int, int]()
        for unit_place, unit in log.units_from(place):
            before = unit.previous
            if before not in {last.get(unit.due_ms), NOWHERE} and before >= log.begin:
                linked = log.unit_at(before)
                if linked is None or linked.due_ms != unit.due_ms:
                    break  # what is damaged ends the log, though it looks whole
            last[unit.due_ms] = unit_place
            end = unit_place + UNIT_BYTES
            if unit.physical_offset >= log_end:
                continue  # its message was lost with the power
            found.seen.add(unit.physical_offset)
            if unit.due_ms >= from_ms:
                _merge(found, unit_place, unit)
        found.log.cut(end)

    def _snapshots(self) -> list[Path]:
        """Give where a broker with timerWheelSnapshotFlush keeps its wheel."""
        names = self.files.list(self._root)
        found = (name.removeprefix(f"{WHEEL}.") for name in names)
        return [self._root / f"{WHEEL}.{n}" for n in sorted(filter(str.isdigit, found))]


def _merge(found: Recovered, place: int, unit: TimerUnit) -> None:
    slot = found.slots.get(unit.due_ms)
    if slot is None:
        slot = found.slots[unit.due_ms] = Slot(place, -1)
    if place > slot.last:
        slot.last = place
        slot.count += -1 if unit.kind & DELETES else 1
        found.changed.add(unit.due_ms)
