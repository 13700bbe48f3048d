"""What a store holds, in figures: its queues, its files, where groups stand."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from twistedmq.protocol.record_layout import MAGIC_V1, MAGIC_V2
from twistedmq.protocol.system_flags import BORN_HOST_V6, INNER_BATCH, STORE_HOST_V6
from twistedmq.store.files.checkpoint import read_checkpoint
from twistedmq.store.files.vouch import read_vouch
from twistedmq.store.log_scan import STORE_TIME_REACH, store_time_of
from twistedmq.store.offline.directory import QueueFolder, StoreDirectory
from twistedmq.store.offline.index_reading import HEADER, IndexHeader, read_header
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.queue_entries import QueueReader
from twistedmq.store.offline.walking import LogEnd, Records, walk
from twistedmq.store.queue_state import FILLER_SIZE
from twistedmq.store.time_search import offset_by_time


class QueueFigures(Struct):
    """One queue, as ``rmq store ls`` shows it."""

    topic: str
    queue: int
    kind: str
    min_offset: int
    max_offset: int
    messages: int
    bytes: int
    first_ms: int | None
    last_ms: int | None


class Overview:
    """Looks at the ends of queues, not at all that lies between."""

    def __init__(self, directory: StoreDirectory) -> None:
        self.directory = directory
        self.log = LogReader.of(directory)
        self.queues = QueueReader(directory.files)

    def list_queues(self) -> Iterator[QueueFigures]:
        """Give the figures of each queue; goes through the entries for the bytes."""
        log_min = self.log.min_offset
        for key in sorted(self.directory.queues):
            folder = self.directory.queues[key]
            low, high = self.queues.bounds(folder, log_min)
            first = self.queues.position_of(folder, low)
            end = self.queues.end(folder)
            yield QueueFigures(
                folder.topic,
                folder.queue_id,
                "batch" if folder.is_batch else "plain",
                low,
                high,
                high - low,
                self._bytes(folder, first, end),
                self._time_at(folder, first) if first < end else None,
                self._time_at(folder, end - 1) if first < end else None,
            )

    def _bytes(self, folder: QueueFolder, first: int, end: int) -> int:
        sizes = self.queues.sizes(folder, first, end)
        return sum(size for size in sizes if size != FILLER_SIZE)

    def _time_at(self, folder: QueueFolder, position: int) -> int | None:
        entry = self.queues.entry(folder, position)
        stored_ms = store_time_of(
            self.log.read(STORE_TIME_REACH, entry.physical_offset)
        )
        return stored_ms if stored_ms >= 0 else None

    # As of a time

    def offset_at(self, folder: QueueFolder, time_ms: int) -> int:
        """Give the queue offset of the first message stored at *time_ms* or later."""
        low, high = self.queues.bounds(folder, self.log.min_offset)
        first = self.queues.position_of(folder, low)
        end = self.queues.end(folder)

        @cache
        def time_of(position: int) -> int:
            return self._time_at(folder, position) or 0

        position = offset_by_time(first, end, time_of, time_ms, upper=False)
        if position >= end:
            return high
        return self.queues.entry(folder, position).queue_offset

    # The files

    def describe(self) -> dict[str, Any]:
        """Give what ``rmq store stat`` shows."""
        directory, files = self.directory, self.directory.files
        paths = directory.paths
        end = self._log_end()
        checkpoint = None
        if files.size(paths.checkpoint) is not None:
            checkpoint = to_builtins(read_checkpoint(files, paths.checkpoint))
        believed = read_vouch(files, paths) is not None
        vouch: dict[str, Any] | None = None
        if directory.vouch is not None:
            vouch = {"offset": directory.vouch.offset, "believed": believed}
        plain = [q for q in directory.queues.values() if not q.is_batch]
        batch = [q for q in directory.queues.values() if q.is_batch]
        return {
            "type": "store",
            "directory": str(directory.root),
            "written_by": self._written_by(believed),
            "formats": self._formats(),
            "min_offset": self.log.min_offset,
            "max_offset": end.offset,
            "torn_bytes": end.torn_end - end.offset,
            "segment_bytes": directory.segment_bytes,
            "segments": [
                {"base": s.base, "path": str(s.path), "bytes": s.size}
                for s in directory.segments
            ],
            "queue_files": _count_files(plain, directory.plain_file_bytes),
            "batch_queue_files": _count_files(batch, directory.batch_file_bytes),
            "index_files": [
                self._describe_index(path) for path in directory.index_files
            ],
            "abort": directory.has_abort,
            "checkpoint": checkpoint,
            "vouch": vouch,
            "bytes": self._bytes_of(directory.root),
        }

    def _written_by(self, vouch_is_believed: bool) -> str:
        if self.directory.vouch is None:
            return "a genuine broker" if self.directory.segments else "nobody yet"
        if vouch_is_believed:
            return "TwistedMQ"
        return "TwistedMQ, and a genuine broker last (or its end was not in order)"

    def _log_end(self) -> LogEnd:
        """Find the end from what is vouched for, or the last segment with records."""
        start = self.log.min_offset
        for segment in self.log.segments:
            if self.log.read(8, segment.base).strip(b"\0"):
                start = segment.base
        vouch = read_vouch(self.directory.files, self.directory.paths)
        if vouch is not None and start <= vouch.offset < self.log.segment_end(start):
            start = vouch.offset
        end = LogEnd(start, start, "")
        for step in walk(self.log, start):
            if isinstance(step, LogEnd):
                end = step
        return end

    def _formats(self) -> list[str]:
        """Name what the first records of each segment show."""
        marks: dict[str, None] = {}
        for segment in self.log.segments:
            for step in walk(self.log, segment.base, check_crc=False):
                if not isinstance(step, Records):
                    break
                for record in step.records:
                    at = record.physical_offset - step.base
                    magic = int.from_bytes(step.buffer[at + 4 : at + 8])
                    for is_there, mark in (
                        (magic == MAGIC_V1, "version 1 records"),
                        (magic == MAGIC_V2, "version 2 records"),
                        (record.sys_flag & (BORN_HOST_V6 | STORE_HOST_V6), "IPv6"),
                        (record.sys_flag & INNER_BATCH, "batch records"),
                        (b"__CRC32#" in record.properties, "checksums over records"),
                        (
                            b"INNER_MULTI_QUEUE_OFFSET" in record.properties,
                            "light queues",
                        ),
                    ):
                        if is_there:
                            marks[mark] = None
                break
        return list(marks)

    def _describe_index(self, path: Path) -> dict[str, Any]:
        file = self.directory.files.open(path)
        header = IndexHeader(*HEADER.unpack(read_header(file)))
        return {
            "name": path.name,
            "bytes": file.size(),
            "items": max(header.next_item - 1, 0),
            "begin_ms": header.begin_ms,
            "end_ms": header.end_ms,
            "begin_offset": header.begin_offset,
            "end_offset": header.end_offset,
        }

    def _bytes_of(self, folder: Path) -> int:
        files = self.directory.files
        total = 0
        for name in files.list(folder):
            size = files.size(folder / name)
            total += self._bytes_of(folder / name) if size is None else size
        return total


def _count_files(queues: list[QueueFolder], file_bytes: int) -> dict[str, int]:
    return {
        "queues": len(queues),
        "files": sum(len(queue.bases) for queue in queues),
        "file_bytes": file_bytes if queues else 0,
    }
