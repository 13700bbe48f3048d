"""What lies behind a place in the log at which there is no whole record.

After a loss of power that is what the disk had not got round to, and a record there
may be whole by chance. In what was synced long ago it is damage, and the records behind
it are as good as ever.
"""

import re
from typing import Final

from msgspec import Struct

from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.log_scan import LoggedRecord, ScanEnd, scan

_CHUNK_BYTES: Final = 1024 * 1024
_MAGIC: Final = re.compile(rb"\xda\xa3\x20[\xa7\xab]")
_MAGIC_AT: Final = 4
_OWN_OFFSET: Final = slice(28, 36)
_HEAD_BYTES: Final = 36


class Behind(Struct):
    """What was found behind a broken place."""

    end: int
    """Physical offset behind the last byte that is not zero."""
    first: LoggedRecord | None = None
    """The first whole record."""
    count: int = 0
    """How many whole records there are."""


def next_whole(log: CommitLog, offset: int) -> LoggedRecord | None:
    """Give the first whole record that begins at *offset* or later."""
    at = _next_head(log, offset)
    while at < log.end:
        chunk = bytes(log.read(_CHUNK_BYTES, at))
        for match in _MAGIC.finditer(chunk):
            start = match.start() - _MAGIC_AT
            head = chunk[max(start, 0) : start + _HEAD_BYTES]
            if start < 0 or len(head) < _HEAD_BYTES:
                continue
            if int.from_bytes(head[_OWN_OFFSET]) != at + start:
                continue
            record = _record_at(log, at + start, int.from_bytes(head[:4], signed=True))
            if record is not None:
                return record
        # A head may lie across the end of the chunk, but not of the segment.
        step = len(chunk) - _HEAD_BYTES + 1
        if len(chunk) < _CHUNK_BYTES or step <= 0:
            at = _next_head(log, log.segment_end(at))
        else:
            at = _next_head(log, at + step)
    return None


def _next_head(log: CommitLog, offset: int) -> int:
    """Give where the next head may begin: with zeros, the size's upper bytes."""
    data = log.next_data(offset)
    return data if data >= log.end else max(offset, data - _MAGIC_AT + 1)


def _record_at(log: CommitLog, offset: int, size: int) -> LoggedRecord | None:
    segment_end = log.segment_end(offset)
    if not 0 < size <= segment_end - offset:
        return None
    found = scan(memoryview(log.read(size, offset)), offset, segment_end)
    return found.records[0] if found.records else None


def look_behind(log: CommitLog, offset: int) -> Behind:
    """Say what there is from *offset* on, where no whole record begins."""
    behind = Behind(_data_end(log, offset))
    at = offset + 1
    while (record := next_whole(log, at)) is not None:
        behind.first = behind.first or record
        behind.count += 1
        at = record.physical_offset + record.size
        at, count = _whole_row(log, at)
        behind.count += count
        behind.end = max(behind.end, at)
    return behind


def _whole_row(log: CommitLog, at: int) -> tuple[int, int]:
    """Go over the records from *at* on that follow each other; gives end and count."""
    count = 0
    while at < log.end:
        segment_end = log.segment_end(at)
        found = scan(memoryview(log.read(_CHUNK_BYTES, at)), at, segment_end)
        count += len(found.records)
        if found.reason is ScanEnd.BLANK:
            return segment_end, count
        if not found.records:
            break
        at = found.end
    return at, count


def _data_end(log: CommitLog, offset: int) -> int:
    end = offset
    at = log.next_data(offset)
    while at < log.end:
        chunk = bytes(log.read(_CHUNK_BYTES, at))
        if not chunk:
            break
        if kept := chunk.rstrip(b"\0"):
            end = at + len(kept)
        at = log.next_data(at + len(chunk))
    return end
