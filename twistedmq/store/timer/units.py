"""Units of the timer log: each says which record is due when.

Layout, big endian, 52 bytes: int32 52, int64 place of the unit before it in the same
slot of the wheel (-1: none), int32 kind, int64 write time, int32 delay in ms, int64
physical offset, int32 record size, int32 hash of the topic, int64 0. A unit's place is
its byte position in the log. Where a file has no room for one more, int32 bytes left,
int64 0 and a magic end it. Source: TimerLog, TimerMessageStore.doEnqueue.
"""

from collections.abc import Iterable, Iterator
from struct import Struct as Layout
from typing import Final, NamedTuple

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record import BLANK_MAGIC

UNIT_BYTES: Final = 52
END_BYTES: Final = 16
NOWHERE: Final = -1
"""Instead of a place: there is none."""

WAITS: Final = 1
ROLLS: Final = 2
"""The message is due later than the wheel reaches: it is stored once more then."""
DELETES: Final = 4
"""The message calls back another one of the same slot."""

_LAYOUT: Final = Layout(">iqiqiqiiq")
_END: Final = Layout(">iqI")
_MOST_KINDS: Final = 0xF


class TimerUnit(NamedTuple):
    """One unit."""

    previous: int
    kind: int
    write_ms: int
    """The wheel's time when it was put in."""
    delay_ms: int
    physical_offset: int
    size: int
    topic_hash: int

    @property
    def due_ms(self) -> int:
        """The time of its slot."""
        return self.write_ms + self.delay_ms

    @property
    def only_deletes(self) -> bool:
        """Whether it is over with the slot: what it calls back has to be there."""
        return self.kind & (DELETES | ROLLS) == DELETES


def encode_units(units: Iterable[TimerUnit]) -> bytes:
    """Lay out units that follow each other."""
    pack = _LAYOUT.pack
    return b"".join(pack(UNIT_BYTES, *unit, 0) for unit in units)


def encode_end(left: int) -> bytes:
    """Give what ends a file that has *left* bytes more."""
    return _END.pack(left, 0, BLANK_MAGIC)


def decode_unit(buffer: Buffer, at: int, place: int) -> TimerUnit | None:
    """Read the unit at *at*, whose place in the log is *place*; None if it is none."""
    if not 0 <= at <= len(buffer) - UNIT_BYTES:
        return None
    size, *fields, _ = _LAYOUT.unpack_from(buffer, at)
    unit = TimerUnit(*fields)
    return unit if size == UNIT_BYTES and _is_sound(unit, place) else None


def whole_units(buffer: Buffer, place: int) -> Iterator[tuple[int, TimerUnit]]:
    """Give the units of a file from the start of *buffer* on, with their places.

    It begins at *place*; what is no unit is the end.
    """
    for at in range(0, len(buffer) - UNIT_BYTES + 1, UNIT_BYTES):
        unit = decode_unit(buffer, at, place + at)
        if unit is None:
            return
        yield place + at, unit


def is_end(buffer: Buffer, at: int) -> bool:
    """Whether what is at *at* says that the file has no more units."""
    if not 0 <= at <= len(buffer) - END_BYTES:
        return False
    magic: int = _END.unpack_from(buffer, at)[2]
    return magic == BLANK_MAGIC


def _is_sound(unit: TimerUnit, place: int) -> bool:
    return (
        0 < unit.kind <= _MOST_KINDS
        and NOWHERE <= unit.previous < place
        and unit.write_ms >= 0
        and unit.physical_offset >= 0
        and unit.size > 0
    )
