"""The timer log: units in a row, in files of one size, or in memory.

Both kinds keep ``begin`` (place of the first unit kept) and ``end`` (where the next one
goes), give places before anything is written, and lead from a unit back to the ones
before it in its slot.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.files_layer import Files, OpenFile, write_all
from twistedmq.store.timer.units import (
    END_BYTES,
    NOWHERE,
    UNIT_BYTES,
    TimerUnit,
    decode_unit,
    encode_end,
    encode_units,
    is_end,
    whole_units,
)

_READ_BYTES: Final = 1260 * UNIT_BYTES
"""So much is read at once when following a chain: neighbours are often in one slot."""


class BrokenChainError(TwistedMQError):
    """A unit that another one, or a slot, names is not there."""

    def __init__(self, place: int) -> None:
        """Keep the *place*."""
        super().__init__(f"there is no unit at {place} of the timer log")
        self.place = place


class TimerLog(Protocol):
    """What holds the units. Reads may be called in any thread."""

    @property
    def begin(self) -> int:
        """Where the first unit is that is kept."""

    @property
    def end(self) -> int:
        """Where the next unit goes, or the file before it ends."""

    def places(self, count: int) -> list[int]:
        """Give where the next *count* units will be."""

    def append(self, units: Sequence[TimerUnit]) -> None:
        """Add units at the places that ``places`` gave for so many."""

    def chain(self, last: int, until: int = NOWHERE) -> Iterator[TimerUnit]:
        """Give the unit at *last* and those before it in its slot, newest first.

        It ends before the one at *until*, or where units have been forgotten.
        Raises: BrokenChainError.
        """

    def units_from(self, place: int) -> Iterator[tuple[int, TimerUnit]]:
        """Give all whole units from *place* on with their places; may take long."""

    def sync(self) -> None:
        """Return when all units are on the disk."""

    def forget_before(self, physical_offset: int) -> None:
        """Drop units from the front whose records are before *physical_offset*."""


class MemoryTimerLog:
    """Units in memory, for stores that keep nothing over a restart."""

    def __init__(self) -> None:
        self.begin = 0
        self._units: list[TimerUnit] = []

    @property
    def end(self) -> int:
        """Where the next unit goes."""
        return self.begin + len(self._units) * UNIT_BYTES

    def places(self, count: int) -> list[int]:
        """Give where the next *count* units will be."""
        return [self.end + n * UNIT_BYTES for n in range(count)]

    def append(self, units: Sequence[TimerUnit]) -> None:
        """Add units."""
        self._units.extend(units)

    def chain(self, last: int, until: int = NOWHERE) -> Iterator[TimerUnit]:
        """Give the units of a slot, newest first."""
        while last >= self.begin and last != until:
            number, rest = divmod(last - self.begin, UNIT_BYTES)
            if rest or not 0 <= number < len(self._units):
                raise BrokenChainError(last)
            unit = self._units[number]
            yield unit
            last = unit.previous

    def units_from(self, place: int) -> Iterator[tuple[int, TimerUnit]]:
        """Give all units from *place* on."""
        first = max(0, place - self.begin) // UNIT_BYTES
        for number, unit in enumerate(self._units[first:], first):
            yield self.begin + number * UNIT_BYTES, unit

    def sync(self) -> None:
        """There is no disk."""

    def forget_before(self, physical_offset: int) -> None:
        """Drop what is before *physical_offset*."""
        gone = 0
        while gone < len(self._units):
            if self._units[gone].physical_offset >= physical_offset:
                break
            gone += 1
        del self._units[:gone]
        self.begin += gone * UNIT_BYTES


class TimerLogFiles:
    """Units in files, each as large as the setting says, as the genuine broker wants.

    ``end`` is where the last file that exists ends until ``cut`` says better.
    """

    def __init__(self, files: Files, folder: Path, file_bytes: int) -> None:
        self._files = files
        self._folder = folder
        self._file_bytes = file_bytes
        starts = self._starts()
        self.begin = starts[0] if starts else 0
        self.end = starts[-1] + file_bytes if starts else 0
        self._synced = self.end
        self._writing: tuple[int, OpenFile] | None = None
        self._reading: tuple[int, OpenFile] | None = None

    def _starts(self) -> list[int]:
        names = self._files.list(self._folder)
        return [int(name) for name in names if len(name) == 20 and name.isdigit()]

    def _path(self, start: int) -> Path:
        return self._folder / f"{start:020d}"

    def _room(self, place: int) -> int:
        """Give how many units fit behind *place* in its file."""
        left = self._file_bytes - place % self._file_bytes
        return max(0, (left - END_BYTES) // UNIT_BYTES)

    def places(self, count: int) -> list[int]:
        """Give where the next *count* units will be."""
        found, place = list[int](), self.end
        while count > len(found):
            room = self._room(place)
            if not room:
                place += self._file_bytes - place % self._file_bytes
                continue
            taken = min(room, count - len(found))
            found.extend(range(place, place + taken * UNIT_BYTES, UNIT_BYTES))
            place += taken * UNIT_BYTES
        return found

    def append(self, units: Sequence[TimerUnit]) -> None:
        """Write units, each file's with one write.

        Raises:
            OSError: some of them were perhaps written; ``end`` is as it was.
        """
        place, done = self.end, 0
        while done < len(units):
            room = self._room(place)
            start = place - place % self._file_bytes
            file = self._open_to_write(start)
            taken = min(room, len(units) - done)
            data = encode_units(units[done : done + taken])
            done += taken
            left = start + self._file_bytes - place - len(data)
            if self._room(place + len(data)) == 0 and left >= END_BYTES:
                data += encode_end(left)
            write_all(file, data, place - start)
            place += taken * UNIT_BYTES
            if done < len(units):
                place = start + self._file_bytes
        self.end = place

    def _open_to_write(self, start: int) -> OpenFile:
        if self._writing is not None and self._writing[0] == start:
            return self._writing[1]
        path = self._path(start)
        file = self._files.open(path, create=True)
        if file.size() != self._file_bytes:
            file.resize(self._file_bytes)
        self._writing = start, file
        return file

    def _read(self, start: int, size: int, offset: int) -> Buffer:
        held = self._reading
        if held is None or held[0] != start:
            try:
                held = start, self._files.open(self._path(start))
            except FileNotFoundError:
                return b""
            self._reading = held
        return held[1].read(size, offset)

    def unit_at(self, place: int) -> TimerUnit | None:
        """Give one unit; None if there is none."""
        offset = place % self._file_bytes
        return decode_unit(self._read(place - offset, UNIT_BYTES, offset), 0, place)

    def is_behind_unit(self, place: int) -> bool:
        """Whether the log may end at *place*: a unit ends there, or it is empty."""
        offset = place % self._file_bytes
        if not offset and place > self.begin:
            place += self._last_in_file() + UNIT_BYTES - self._file_bytes
        elif offset % UNIT_BYTES:
            return False
        return place == self.begin or self.unit_at(place - UNIT_BYTES) is not None

    def back_from(self, place: int, units: int = 5000) -> int:
        """Give where about so many units before *place* begin."""
        back = max(self.begin, place - units * UNIT_BYTES)
        return back - back % self._file_bytes % UNIT_BYTES

    def _last_in_file(self) -> int:
        return (self._room(0) - 1) * UNIT_BYTES

    def chain(self, last: int, until: int = NOWHERE) -> Iterator[TimerUnit]:
        """Give the units of a slot, newest first."""
        held: Buffer = b""
        held_from = 0
        while last >= self.begin and last != until:
            at = last - held_from
            if not 0 <= at <= len(held) - UNIT_BYTES:
                start = last - last % self._file_bytes
                held_from = max(start, last + UNIT_BYTES - _READ_BYTES)
                size = last + UNIT_BYTES - held_from
                held = self._read(start, size, held_from - start)
                at = last - held_from
            unit = decode_unit(held, at, last)
            if unit is None:
                raise BrokenChainError(last)
            yield unit
            last = unit.previous

    def units_from(self, place: int) -> Iterator[tuple[int, TimerUnit]]:
        """Give all whole units from *place* on with their places; may take long.

        What was written before must end at *place*.
        """
        place = max(place, self.begin)
        for start in self._starts():
            if start + self._file_bytes <= place:
                continue
            if start > place:
                return
            while self._room(place):
                data = self._read(start, _READ_BYTES, place - start)
                found = list(whole_units(data, place))
                yield from found
                place += len(found) * UNIT_BYTES
                if not found or len(data) < _READ_BYTES:
                    break
            ended = is_end(self._read(start, END_BYTES, place - start), 0)
            if self._room(place) and not ended:
                return
            place = start + self._file_bytes

    def cut(self, end: int) -> None:
        """Make *end* the end: what was behind it can never be taken for units."""
        for start in self._starts():
            path = self._path(start)
            if start >= end:
                self._files.remove(path)
            elif end - start < self._file_bytes:
                _blank(self._files.open(path), end - start, self._file_bytes)
        self.end = end
        self.begin = min(self.begin, end)
        self._writing = self._reading = None

    def sync(self) -> None:
        """Return when all units are on the disk."""
        end = self.end
        for start in self._starts():
            if self._synced < start + self._file_bytes and start < end:
                self._files.open(self._path(start)).sync()
        self._files.sync_folder(self._folder)
        self._synced = end

    def forget_before(self, physical_offset: int) -> None:
        """Delete files whose last unit's record is before *physical_offset*."""
        for start in self._starts()[:-1]:
            unit = self.unit_at(start + self._last_in_file())
            if unit is not None and unit.physical_offset >= physical_offset:
                return
            self.begin = start + self._file_bytes
            self._files.remove(self._path(start))


def _blank(file: OpenFile, offset: int, size: int) -> None:
    """See that a file has zeros from *offset* on, or its end mark, and its size."""
    if is_end(file.read(END_BYTES, offset), 0):
        return
    at = offset
    while (at := file.next_data(at)) < file.size():
        data = bytes(file.read(_READ_BYTES, at))
        if data.strip(b"\0"):
            file.resize(offset)
            break
        at += len(data)
    if file.size() != size:
        file.resize(size)
