"""Everything that can be wrong with a store, found in one walk through its log."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from twistedmq.store.log_scan import LoggedRecord, TagsCodes, queues_of, scan
from twistedmq.store.offline.diagnosis import why_broken
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.findings import Finding, Notes
from twistedmq.store.offline.index_check import IndexCheck
from twistedmq.store.offline.index_reading import IndexReader, guess_slots
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.queue_check import QueueCheck
from twistedmq.store.offline.queue_entries import QueueReader
from twistedmq.store.offline.queue_progress import batch_of, is_in_queues
from twistedmq.store.offline.tables import known_topics
from twistedmq.store.offline.walking import (
    CHUNK_BYTES,
    Blank,
    Damage,
    LogEnd,
    Records,
    walk,
)

DEFAULT_DELAY_LEVELS: Final = (
    "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h"
)
_LOG: Final = "commit log"
_KINDS: Final = {"record": "log-record", "hole": "log-hole", "missing": "log-missing"}


class Summary(Struct):
    """What a verification has looked at."""

    records: int = 0
    bytes: int = 0
    entries: int = 0
    index_items: int = 0
    faults: int = 0
    notes: int = 0
    end: int = 0
    """Physical offset behind the last record."""


class Verification:
    """Verifies one store, once. Findings come as they are found; memory stays flat."""

    def __init__(
        self,
        directory: StoreDirectory,
        *,
        delay_levels: str = DEFAULT_DELAY_LEVELS,
        check_crc: bool = True,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> None:
        """Nothing is read of the log before ``run``."""
        self.directory = directory
        self.log = LogReader.of(directory)
        self.summary = Summary()
        self.log_end: LogEnd | None = None
        self.damages: list[tuple[int, int]] = []
        """The first places in the log that are no whole records."""
        self.index_faults = 0
        self._check_crc = check_crc
        self._chunk_bytes = chunk_bytes
        self.progress: Callable[[int, int], None] = lambda done, of: None
        """Told how many bytes of the log are done, and of how many."""
        self._notes = Notes()
        self.queues = QueueCheck(
            directory,
            QueueReader(directory.files),
            TagsCodes(delay_levels),
            self._notes,
            self.why_no_record,
            lambda offset: self._look(offset)[1],
            frozenset(known_topics(directory)),
        )
        self.slots = guess_slots(directory.files, directory.index_files)
        readers = [
            IndexReader(directory.files, path, self.slots)
            for path in directory.index_files
            if self.slots
        ]
        self._index = IndexCheck(directory, readers, self._notes, self._why_broken_at)
        self.queues.log_min = self._index.log_min = self.log.min_offset

    def run(self) -> Iterator[Finding]:
        """Give what is found."""
        for finding in self._all():
            if finding.is_fault:
                self.summary.faults += 1
                self.index_faults += finding.kind.startswith("index-")
            else:
                self.summary.notes += 1
            yield finding

    def _all(self) -> Iterator[Finding]:
        yield from self._sizes()
        yield from self._index.start()
        done, whole = 0, sum(segment.size for segment in self.log.segments)
        for step in walk(
            self.log, check_crc=self._check_crc, chunk_bytes=self._chunk_bytes
        ):
            if isinstance(step, Records):
                yield from self._records(step)
                done = step.records[-1].physical_offset - self.log.min_offset
                self.progress(done, whole)
            elif isinstance(step, Damage):
                yield from self._damage(step)
            elif isinstance(step, Blank):
                self._blank(step)
            else:
                yield from self._end(step)
        self.progress(whole, whole)
        yield from self.queues.finish()
        yield from self._index.finish()
        for path, start, end, why in self.directory.files.refused:
            what = f"the disk does not give the bytes {start} to {end}"
            yield Finding("unreadable", str(path), start, end, what, why)
        self.summary.entries = self.queues.entries
        self.summary.index_items = self._index.items
        yield from self._notes.take()

    def _sizes(self) -> Iterator[Finding]:
        wanted = self.directory.segment_bytes
        for segment in self.log.segments:
            if segment.size != wanted:
                what = f"the file has {segment.size} bytes"
                why = f"segments have {wanted}"
                base, name = segment.base, str(segment.path)
                yield Finding("log-file", name, base, base + segment.size, what, why)
        if self.slots is None and self.directory.index_files:
            what = "no index file can be read"
            why = "how many slots they have cannot be told from their headers"
            yield Finding(
                "index-file", str(self.directory.paths.index), 0, 0, what, why
            )

    def _records(self, step: Records) -> Iterator[Finding]:
        records = step.records
        self.summary.records += len(records)
        last = records[-1]
        self.summary.bytes += last.physical_offset + last.size - step.base
        yield from self.queues.add(records)
        yield from self._index.add(records)

    def _damage(self, step: Damage) -> Iterator[Finding]:
        self._remember(step.start, step.end)
        yield _of_log(_KINDS[step.kind], step.start, step.end, step.why)
        if step.record is not None:
            self.summary.records += 1
            self.summary.bytes += step.record.size
            yield from self.queues.add([step.record])
            yield from self._index.add([step.record])

    def _remember(self, start: int, end: int) -> None:
        if len(self.damages) < 1000:
            self.damages.append((start, end))

    def _blank(self, step: Blank) -> None:
        size = min(step.end - step.start, 1 << 20)
        if self.log.read(size, step.start)[8:].strip(b"\0"):
            why = "what fills the end of the segment is not all zeros"
            self._notes.add("log-blank", _LOG, why, step.start)

    def _end(self, step: LogEnd) -> Iterator[Finding]:
        self.log_end = step
        self.summary.end = step.offset
        self.queues.log_end = self._index.log_end = step.offset
        if step.torn_end > step.offset:
            what = f"the log ends torn: {step.torn_end - step.offset} bytes"
            end = step.torn_end
            yield Finding("log-torn", _LOG, step.offset, end, what, step.why)

    # What stands somewhere

    def _why_broken_at(self, offset: int) -> str:
        """Say why no whole record begins at *offset*; "" if one does."""
        return self._look(offset)[0]

    def why_no_record(
        self, offset: int, topic: str, queue_id: int, queue_offset: int
    ) -> str:
        """Say why at *offset* there is no whole record of that place; "" if so."""
        why, record = self._look(offset)
        if record is None:
            return why
        if not is_in_queues(record):
            return "the record there is for no queue"
        places = queues_of(record)
        places.append((record.topic, record.queue_id, batch_of(record)[0]))
        if (topic, queue_id, queue_offset) in places:
            return ""
        own, own_id, own_offset = places[0]
        return f"the record there is number {own_offset} of {own}/{own_id}"

    def _look(self, offset: int) -> tuple[str, LoggedRecord | None]:
        segment_end = self.log.segment_end(offset)
        if self.log.segment_at(offset) is None:
            return "no file of the log has that offset", None
        data = self.log.record_bytes(offset)
        why = why_broken(data or self.log.read(91, offset), offset, segment_end)
        found = scan(memoryview(data), offset, segment_end, check_crc=False).records
        if found and not why:
            return "", found[0]
        return why or "no record begins there", None


def _of_log(kind: str, start: int, end: int, why: str) -> Finding:
    what = {
        "log-record": "the record is damaged",
        "log-hole": "no record can be read here",
        "log-missing": "a part of the log is missing",
    }[kind]
    return Finding(kind, _LOG, start, end, f"{what}: {end - start} bytes", why)
