"""Through a log record by record, past what is damaged.

A broker that recovers ends the log before the first record that is not whole. Here the
walk goes on at the next one, which is known by its magic and by its own offset.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from twistedmq.protocol.record import BLANK_MAGIC, MIN_RECORD_BYTES
from twistedmq.protocol.record_crc import SealCheck
from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2
from twistedmq.store.log_scan import (
    STORE_TIME_REACH,
    LoggedRecord,
    ScanEnd,
    scan,
    store_time_of,
)
from twistedmq.store.offline.diagnosis import why_broken
from twistedmq.store.offline.log_reading import LARGEST_RECORD_BYTES, LogReader

CHUNK_BYTES: Final = 4 * 1024 * 1024
_WINDOW_BYTES: Final = 1024 * 1024
_HEAD_BYTES: Final = 40
_SURE_BYTES: Final = 8 * 1024 * 1024
"""A record of more is looked behind before so much memory is spent on it."""
_MAGICS: Final = re.compile(
    b"|".join(re.escape(m.to_bytes(4)) for m in (MAGIC_V1, MAGIC_V2, BLANK_MAGIC))
)
_ZEROS: Final = bytes(_WINDOW_BYTES)


class Records(Struct):
    """Whole records that follow each other."""

    base: int
    buffer: memoryview
    """Bytes from *base* on; holds all the records, and perhaps more."""
    records: list[LoggedRecord]


class Damage(Struct):
    """A place that holds no whole record though there are some behind it."""

    start: int
    end: int
    kind: str
    """``record``: one whose bounds are known; ``hole``: bytes; ``missing``: a file."""
    why: str
    record: LoggedRecord | None = None
    """What it seems to say, where only a checksum is wrong."""


class Blank(Struct):
    """The rest of a segment that the next record did not fit into."""

    start: int
    end: int


class LogEnd(Struct):
    """Behind the last record."""

    offset: int
    torn_end: int
    """Behind the last byte that is not zero; *offset* where nothing is torn."""
    why: str


Step = Records | Damage | Blank | LogEnd


def walk(
    log: LogReader,
    start: int | None = None,
    *,
    check_crc: bool = True,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Step]:
    """Give what the log holds from *start* on, where a record or segment begins.

    The last step is a LogEnd. Holds one chunk at a time.
    """
    at = log.min_offset if start is None else start
    wanted = chunk_bytes
    while at < log.max_offset:
        if log.segment_at(at) is None:
            base = log.next_base(at)
            if base is None:
                break
            yield Damage(at, base, "missing", "the file is missing")
            at = base
            continue
        segment_end = log.segment_end(at)
        size = min(wanted, segment_end - at)
        buffer = memoryview(log.read(size, at))
        found = scan(buffer, at, segment_end, check_crc, SealCheck.PRESENT)
        if found.records:
            yield Records(at, buffer, found.records)
        moved = found.end > at
        at = found.end
        if found.reason is ScanEnd.BLANK:
            yield Blank(at, segment_end)
            at = segment_end
        elif at == segment_end:
            continue
        elif found.reason is ScanEnd.MORE and len(buffer) == size and moved:
            wanted = chunk_bytes
        elif (
            found.reason is ScanEnd.MORE
            and len(buffer) == size
            and size < segment_end - at
            and (size < _SURE_BYTES or _seems_long(log, at))
        ):
            wanted = 2 * size
        else:
            wanted = chunk_bytes
            step = _past_damage(log, at)
            yield step
            if isinstance(step, LogEnd):
                return
            at = step.end
    yield LogEnd(at, at, "")


def _seems_long(log: LogReader, offset: int) -> bool:
    """Whether a record that claims to be long has something sensible behind it."""
    size = int.from_bytes(log.read(4, offset))
    if not 0 < size <= LARGEST_RECORD_BYTES:
        return False
    behind = offset + size
    return behind == log.segment_end(offset) or is_begin(log, behind)


def _past_damage(log: LogReader, at: int) -> Damage | LogEnd:
    segment_end = log.segment_end(at)
    size = int.from_bytes(log.read(4, at))
    if _SURE_BYTES < size <= segment_end - at and not _seems_long(log, at):
        data = log.read(MIN_RECORD_BYTES, at)
        why = f"its size is {size}, but no record begins behind that"
    else:
        data = log.record_bytes(at) or log.read(MIN_RECORD_BYTES, at)
        why = why_broken(data, at, segment_end) or "it is no whole record"
    unchecked = scan(memoryview(data), at, segment_end, check_crc=False).records
    behind = at + unchecked[0].size if unchecked else at + 1
    following = find_begin(log, behind)
    if following is None:
        return LogEnd(at, _last_byte(log, at), why)
    if unchecked:
        return Damage(at, behind, "record", why, unchecked[0])
    return Damage(at, following, "hole", why)


def is_begin(log: LogReader, offset: int) -> bool:
    """Whether a record that knows its own offset, or an end mark, begins there."""
    head = log.read(_HEAD_BYTES, offset)
    if len(head) < 8:
        return False
    size, magic = int.from_bytes(head[:4], signed=True), int.from_bytes(head[4:8])
    left = log.segment_end(offset) - offset
    if magic == BLANK_MAGIC:
        return size == left
    return (
        magic in (MAGIC_V1, MAGIC_V2)
        and MIN_RECORD_BYTES <= size <= min(left, LARGEST_RECORD_BYTES)
        and int.from_bytes(head[28:36], signed=True) == offset
    )


def find_begin(log: LogReader, start: int) -> int | None:
    """Give the first place from *start* on where a record or end mark begins."""
    at: int | None = start
    while at is not None and at < log.max_offset:
        if log.segment_at(at) is None:
            at = log.next_base(at)
            continue
        at = log.next_data(at)
        data = log.read(_WINDOW_BYTES, at)
        if data != _ZEROS[: len(data)]:
            for match in _MAGICS.finditer(data):
                place = at + match.start() - 4
                if place >= start and is_begin(log, place):
                    return place
        segment_end = log.segment_end(at)
        # a magic may lie across the end of the window
        at = at + len(data) - 8 if len(data) == _WINDOW_BYTES else segment_end
    return None


def _last_byte(log: LogReader, start: int) -> int:
    """Give the offset behind the last byte from *start* on that is not zero."""
    last = at = start
    while at < log.max_offset:
        at = log.next_data(at)
        data = log.read(_WINDOW_BYTES, at)
        if data != _ZEROS[: len(data)]:
            last = at + len(data.rstrip(b"\0"))
        at = at + len(data) if len(data) == _WINDOW_BYTES else log.segment_end(at)
    return last


def segment_for_time(log: LogReader, time_ms: int) -> int:
    """Give the start of the last segment that begins with a record stored by then."""
    for segment in reversed(log.segments):
        stored_ms = store_time_of(log.read(STORE_TIME_REACH, segment.base))
        if 0 < stored_ms <= time_ms:
            return segment.base
    return log.min_offset
