"""Each queue entry against its record, and each record for its entries.

The log is gone through once, in order. Entries are compared a run at a time: those of
one queue in one piece of the log mostly follow each other. What no record accounts for
is looked at one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from twistedmq.protocol.names import SCHEDULE_TOPIC, is_lmq
from twistedmq.protocol.system_flags import TRANSACTION_MASK
from twistedmq.store.log_scan import LoggedRecord, TagsCodes, queues_of
from twistedmq.store.offline.directory import QueueFolder, StoreDirectory
from twistedmq.store.offline.findings import Finding, Notes
from twistedmq.store.offline.queue_entries import (
    EXTENDED_TAGS_CODE,
    Entry,
    QueueReader,
)
from twistedmq.store.offline.queue_progress import (
    IN_QUEUES,
    Missing,
    QueueProgress,
    batch_of,
    more,
)
from twistedmq.store.queue_state import ENTRY

BEHIND: Final = "recovery adds their queue entries"
_OLDER: Final = "they are of an earlier queue of that name"
_NO_QUEUE: Final = "the topic has no queues, so it was deleted"

Explain = Callable[[int, str, int, int], str]
"""Says why at a physical offset there is no whole record of (topic, queue id, queue
offset); "" if there is."""
_MOST_NAMED: Final = 1000


class QueueCheck:
    """Compares the queues of a store with what a walk through its log finds."""

    def __init__(
        self,
        directory: StoreDirectory,
        reader: QueueReader,
        tags_codes: TagsCodes,
        notes: Notes,
        explain: Explain,
        record_at: Callable[[int], LoggedRecord | None],
        topics: frozenset[str],
    ) -> None:
        """*topics* are those that the broker knows."""
        self._directory = directory
        self._reader = reader
        self._tags_codes = tags_codes
        self._notes = notes
        self._explain = explain
        self._record_at = record_at
        self._topics = topics
        self._progress: dict[tuple[str, int], QueueProgress] = {
            key: QueueProgress(folder, reader.first(folder))
            for key, folder in directory.queues.items()
        }
        self._lost: dict[tuple[str, int], Missing] = {}
        self.entries = 0
        self.faulty: set[tuple[str, int]] = set()
        """Queues with faults."""
        self.misnumbered: list[tuple[int, int]] = []
        """The first records whose own queue offset is wrong: begin, end."""
        self.log_min = 0
        self.log_end = 0

    def add(self, records: Sequence[LoggedRecord]) -> Iterator[Finding]:
        """Compare the entries of *records*, which follow each other in the log."""
        runs: dict[tuple[str, int], list[tuple[int, LoggedRecord, int]]] = {}
        code_of = self._tags_codes.of
        for record in records:
            if record.sys_flag & TRANSACTION_MASK not in IN_QUEUES:
                continue
            code = code_of(record)
            for topic, queue_id, queue_offset in queues_of(record):
                run = runs.get((topic, queue_id))
                if run is None:
                    run = runs[topic, queue_id] = []
                run.append((queue_offset, record, code))
        for key, run in runs.items():
            progress = self._progress.get(key)
            if progress is None:
                self._without_queue(key, run)
            elif progress.folder.is_batch:
                for _, record, code in run:
                    yield from self._compare_batch(progress, record, code)
            else:
                yield from self._compare_run(progress, run)

    def _without_queue(
        self, key: tuple[str, int], run: list[tuple[int, LoggedRecord, int]]
    ) -> None:
        """Note records whose queue has no folder at all."""
        topic = key[0]
        known = topic in self._topics or any(
            (topic, n) in self._progress for n in range(key[1] + 1)
        )
        for queue_offset, record, _ in run:
            if known and not is_lmq(topic):
                lost = self._lost.get(key)
                self._lost[key] = more(lost, queue_offset, record.physical_offset)
            else:
                where = f"{topic}/{key[1]}"
                self._notes.add("queue-gone", where, _NO_QUEUE, record.physical_offset)

    # Plain queues

    def _compare_run(
        self, progress: QueueProgress, run: list[tuple[int, LoggedRecord, int]]
    ) -> Iterator[Finding]:
        first, count = run[0][0], len(run)
        if [queue_offset for queue_offset, _, _ in run] == list(
            range(first, first + count)
        ):
            wanted = b"".join(
                [ENTRY.pack(r.physical_offset, r.size, code) for _, r, code in run]
            )
            if self._reader.raw(progress.folder, first, count) == wanted:
                yield from self._matched(progress, first, count)
                return
        for queue_offset, record, code in run:
            entry = self._reader.entry(progress.folder, queue_offset)
            yield from self._compare(progress, entry, record, code)

    def _compare(
        self, progress: QueueProgress, entry: Entry, record: LoggedRecord, code: int
    ) -> Iterator[Finding]:
        wrong = self._difference(progress.folder, entry, record, code)
        if not wrong:
            yield from self._matched(progress, entry.position, 1)
        elif (not entry.size and not entry.physical_offset) or (
            entry.physical_offset < record.physical_offset
            and not self._why_none(progress, entry)
        ):
            self._missing(progress, entry.position, record)
        elif entry.physical_offset > record.physical_offset and not self._why_none(
            progress, entry
        ):
            self._notes.add(
                "queue-older", progress.folder.name, _OLDER, record.physical_offset
            )
        else:
            yield from self._skipped(progress, entry.position)
            progress.next_position = max(progress.next_position, entry.position + 1)
            self.entries += 1
            what = f"the entry of the record at {record.physical_offset} is wrong"
            yield self._fault(progress, "queue-entry", entry.queue_offset, what, wrong)

    def _difference(
        self, folder: QueueFolder, entry: Entry, record: LoggedRecord, code: int
    ) -> str:
        """Say in what *entry* differs from what *record* should have."""
        if entry.physical_offset != record.physical_offset:
            return f"it points to {entry.physical_offset}"
        if entry.size != record.size:
            return f"it speaks of {entry.size} bytes, the record has {record.size}"
        own = entry.tags_code
        if own <= EXTENDED_TAGS_CODE:
            extended = self._reader.extended_tags_code(folder, own)
            if extended is None:
                return f"its extended unit at {own} is not there"
            own = extended
        if own != code:
            hint = ""
            if record.topic == SCHEDULE_TOPIC:
                hint = ", or messageDelayLevel is another"
            return f"its tags code is {own}, that of the record {code}{hint}"
        return ""

    def _matched(
        self, progress: QueueProgress, position: int, count: int
    ) -> Iterator[Finding]:
        yield from self._skipped(progress, position)
        progress.next_position = max(progress.next_position, position + count)
        self.entries += count
        if progress.missing is None:
            return
        if position <= progress.missing.last:
            self._note_older(progress)
        else:
            missing, progress.missing = progress.missing, None
            yield self._lost_entries(progress, missing)

    def _skipped(self, progress: QueueProgress, position: int) -> Iterator[Finding]:
        """Look at the entries up to *position* that no record accounts for."""
        if position > progress.next_position:
            begin, progress.next_position = progress.next_position, position
            yield from self._unaccounted(progress, begin, position)

    # Batch queues

    def _compare_batch(
        self, progress: QueueProgress, record: LoggedRecord, code: int
    ) -> Iterator[Finding]:
        """Find the entry by going on from the last one: they are in log order."""
        base, number = batch_of(record)
        folder, reader = progress.folder, self._reader
        position = progress.next_position
        for entry in reader.entries(folder, position, position + 64):
            if entry.physical_offset == record.physical_offset:
                wrong = self._difference(folder, entry, record, code)
                if not wrong and (entry.queue_offset, entry.count) != (base, number):
                    wrong = (
                        f"it holds {entry.count} from {entry.queue_offset} on, the "
                        f"record {number} from {base}"
                    )
                if not wrong and entry.store_ms != record.store_ms:
                    wrong = f"its time is {entry.store_ms}, not {record.store_ms}"
                if wrong:
                    what = f"the entry of the record at {record.physical_offset} is off"
                    yield self._fault(
                        progress, "queue-entry", entry.queue_offset, what, wrong
                    )
                yield from self._matched(progress, entry.position, 1)
                return
            if entry.physical_offset > record.physical_offset or not entry.size:
                break
        entry = reader.entry(folder, position)
        if entry.size and self._why_none(progress, entry):
            # it can be of no other record, so it is a damaged one of this
            progress.next_position = position + 1
            self.entries += 1
            what = f"the entry of the record at {record.physical_offset} is wrong"
            wrong = f"it points to {entry.physical_offset}"
            yield self._fault(progress, "queue-entry", base, what, wrong)
        else:
            self._missing(progress, base, record)

    # What has no counterpart

    def _missing(
        self, progress: QueueProgress, queue_offset: int, record: LoggedRecord
    ) -> None:
        if progress.missing is not None and queue_offset <= progress.missing.last:
            self._note_older(progress)
        progress.missing = more(progress.missing, queue_offset, record.physical_offset)

    def _note_older(self, progress: QueueProgress) -> None:
        """The queue begins anew, so what is missing was of one that was deleted."""
        missing, progress.missing = progress.missing, None
        if missing is not None:
            at, count = missing.physical_offset, missing.count
            self._notes.add("queue-older", progress.folder.name, _OLDER, at, count)

    def _lost_entries(self, progress: QueueProgress, missing: Missing) -> Finding:
        what = (
            f"{missing.count} records from {missing.physical_offset} on have no entry"
        )
        return self._fault(
            progress, "queue-missing", missing.first, what, "", missing.last + 1
        )

    def _unaccounted(
        self, progress: QueueProgress, begin: int, end: int | None
    ) -> Iterator[Finding]:
        """Tell of entries that no record accounts for; to the last without *end*."""
        empty: Entry | None = None
        empties = 0
        for entry in self._reader.entries(progress.folder, begin, end):
            if not entry.size and not entry.physical_offset:
                empty = empty or entry
                empties += 1
                if end is None and empties > 1024:
                    return
                continue
            if empty is not None:
                yield self._hole(progress, empty, entry.position)
                empty, empties = None, 0
            self.entries += 1
            if entry.is_filler or 0 <= entry.physical_offset < self.log_min:
                continue
            wrong = self._wrong_number(progress, entry)
            if wrong is not None:
                yield wrong
                continue
            why = self._why_unaccounted(progress, entry)
            what = f"the entry points to {entry.physical_offset}, where is none of its"
            yield self._fault(progress, "queue-entry", entry.queue_offset, what, why)
        if empty is not None and end is not None and progress.missing is None:
            yield self._hole(progress, empty, end)

    def _wrong_number(self, progress: QueueProgress, entry: Entry) -> Finding | None:
        """Give a finding if not the entry is wrong but what its record says of it."""
        folder, at = progress.folder, entry.physical_offset
        record = self._record_at(at)
        if record is None or folder.is_batch or record.size != entry.size:
            return None
        own = record.queue_offset
        is_here = (record.topic, record.queue_id) == (folder.topic, folder.queue_id)
        if not is_here or self._reader.entry(folder, own).physical_offset == at:
            return None
        if progress.missing is not None and progress.missing.physical_offset == at:
            progress.missing = None
        if len(self.misnumbered) < _MOST_NAMED:
            self.misnumbered.append((at, at + record.size))
        what = f"the record says that it is number {own} of {folder.name}"
        why = f"it is number {entry.queue_offset} there"
        return Finding("log-number", "commit log", at, at + record.size, what, why)

    def _why_unaccounted(self, progress: QueueProgress, entry: Entry) -> str:
        if entry.physical_offset >= self.log_end > 0:
            return f"the log ends at {self.log_end}"
        return self._why_none(progress, entry) or "another entry is before it"

    def _why_none(self, progress: QueueProgress, entry: Entry) -> str:
        folder = progress.folder
        return self._explain(
            entry.physical_offset, folder.topic, folder.queue_id, entry.queue_offset
        )

    def _hole(self, progress: QueueProgress, entry: Entry, end: int) -> Finding:
        first = entry.position
        what = f"{end - first} entries are empty, and others follow"
        return self._fault(progress, "queue-hole", first, what, "", end)

    def _fault(
        self,
        progress: QueueProgress,
        kind: str,
        queue_offset: int,
        what: str,
        why: str,
        end: int | None = None,
    ) -> Finding:
        folder = progress.folder
        self.faulty.add((folder.topic, folder.queue_id))
        end = queue_offset + 1 if end is None else end
        return Finding(kind, folder.name, queue_offset, end, what, why)

    def finish(self) -> Iterator[Finding]:
        """Look at what is left when the log has been gone through."""
        for (topic, queue_id), lost in self._lost.items():
            self.faulty.add((topic, queue_id))
            what = f"{lost.count} records from {lost.physical_offset} on have no queue"
            where = f"{topic}/{queue_id}"
            why = "its folder is missing"
            if self._directory.has_abort and not lost.first:
                self._note_behind(where, lost)
                continue
            yield Finding("queue-missing", where, lost.first, lost.last + 1, what, why)
        for progress in self._progress.values():
            for name, size in progress.folder.wrong_sizes:
                what = f"its file {name} has {size} bytes"
                why = f"the others have {progress.folder.file_bytes}"
                yield self._fault(progress, "queue-file", 0, what, why)
            yield from self._unaccounted(progress, progress.next_position, None)
            missing = progress.missing
            if missing is None:
                continue
            if self._directory.has_abort:
                self._note_behind(progress.folder.name, missing)
            else:
                yield self._lost_entries(progress, missing)

    def _note_behind(self, where: str, missing: Missing) -> None:
        at, count = missing.physical_offset, missing.count
        self._notes.add("queue-behind", where, BEHIND, at, count)
