"""The file of the timer wheel: 32 bytes for each slot of two weeks.

A slot: int64 time in grains, int64 place of its first unit in the timer log, int64
place of the last one, int32 number of messages, int32 magic (unused). Where a time goes
follows from the time; a slot of zeros is empty. Source: TimerWheel, Slot.
"""

from collections.abc import Iterable
from pathlib import Path
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from twistedmq.store.files_layer import Files, write_all

DAY_SLOTS: Final = 24 * 3600
WEEK_SLOTS: Final = 7 * DAY_SLOTS
"""How far ahead a message may wait in the wheel."""
WHEEL_SLOTS: Final = 2 * WEEK_SLOTS
SLOT_BYTES: Final = 32
WHEEL_BYTES: Final = WHEEL_SLOTS * SLOT_BYTES

_LAYOUT: Final = Layout(">qqqii")
_EMPTY: Final = bytes(SLOT_BYTES)
_AT_ONCE: Final = 4096 * SLOT_BYTES


class Slot(Struct):
    """The messages that are due at one time."""

    first: int
    last: int
    count: int = 0
    magic: int = 0


class WheelFileError(ValueError):
    """A file that is no timer wheel of ours or of a genuine broker."""


def slot_at(time_ms: int, grain_ms: int) -> int:
    """Give where in the file the slot of a time is, counted in slots."""
    return time_ms // grain_ms % WHEEL_SLOTS


def encode_slot(time_ms: int, slot: Slot | None, grain_ms: int) -> bytes:
    """Lay out one slot; None is an empty one."""
    if slot is None:
        return _EMPTY
    return _LAYOUT.pack(
        time_ms // grain_ms, slot.first, slot.last, slot.count, slot.magic
    )


def read_wheel(
    files: Files, path: Path, grain_ms: int, from_ms: int
) -> dict[int, Slot]:
    """Give the slots that are not empty, from *from_ms* on, by time in ms.

    Raises:
        WheelFileError: its size or what it holds is not that of a wheel.
    """
    size = files.size(path)
    if size != WHEEL_BYTES:
        raise WheelFileError(f"it has {size} bytes instead of {WHEEL_BYTES}")
    file, found, at = files.open(path), dict[int, Slot](), 0
    while (at := file.next_data(at)) < size:
        at -= at % SLOT_BYTES
        data = bytes(file.read(_AT_ONCE, at))
        for number, fields in enumerate(_LAYOUT.iter_unpack(data), at // SLOT_BYTES):
            grains, first, last, count, magic = fields
            if 0 <= grains * grain_ms < from_ms or not grains:
                continue
            if grains % WHEEL_SLOTS != number or not 0 <= first <= last:
                raise WheelFileError(f"slot {number} holds {fields}")
            found[grains * grain_ms] = Slot(first, last, count, magic)
        at += len(data)
    return found


def write_wheel(files: Files, path: Path, slots: Iterable[tuple[int, bytes]]) -> None:
    """Write slots (number, bytes) to their places, and sync them."""
    file = files.open(path, create=True)
    if file.size() != WHEEL_BYTES:
        file.resize(0)
        file.resize(WHEEL_BYTES)
    start, pieces = 0, list[bytes]()
    for number, data in sorted(slots):
        if pieces and number != start + len(pieces):
            write_all(file, b"".join(pieces), start * SLOT_BYTES)
            pieces = []
        if not pieces:
            start = number
        pieces.append(data)
    if pieces:
        write_all(file, b"".join(pieces), start * SLOT_BYTES)
    file.sync()
