"""Everything there is to say about one record."""

from typing import Any

from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.protocol.properties import java_hash
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.index_keys import keys_of, positive
from twistedmq.store.log_scan import LoggedRecord, TagsCodes, queues_of, scan
from twistedmq.store.offline.diagnosis import fields_of, why_broken
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.index_reading import IndexReader, guess_slots
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.queue_entries import Entry, QueueReader
from twistedmq.store.offline.queue_progress import batch_of, is_in_queues
from twistedmq.store.offline.verification import DEFAULT_DELAY_LEVELS
from twistedmq.store.offline.walking import find_begin

_SHOWN_BYTES = 512


def offset_of(text: str) -> int:
    """Give the physical offset that *text*, an offset or a broker's message id, names.

    Raises:
        FieldError: it is neither.
    """
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    return parse_offset_id(text)[1]


class Explainer:
    """Explains records of one store."""

    def __init__(self, directory: StoreDirectory) -> None:
        self._directory = directory
        self._log = LogReader.of(directory)
        self._queues = QueueReader(directory.files)
        self._tags_codes = TagsCodes(DEFAULT_DELAY_LEVELS)

    def explain(self, offset: int) -> dict[str, Any]:
        """Give what is known of the record at *offset*.

        Raises:
            FieldError: no file of the log has that offset.
        """
        segment = self._log.segment_at(offset)
        if segment is None:
            raise FieldError(
                "offset",
                f"{offset} is outside of the log, whose files have "
                f"{self._log.min_offset} to {self._log.max_offset}",
            )
        segment_end = self._log.segment_end(offset)
        data = self._log.record_bytes(offset) or self._log.read(_SHOWN_BYTES, offset)
        problem = why_broken(data, offset, segment_end)
        found = scan(memoryview(data), offset, segment_end, check_crc=False).records
        record = found[0] if found else None
        return {
            "type": "record",
            "physical_offset": offset,
            "file": str(segment.path),
            "position": offset - segment.base,
            "size": record.size if record else len(data),
            "problem": problem or None,
            "next_record": None if record else find_begin(self._log, offset + 1),
            "fields": [
                {
                    "at": field.at,
                    "bytes": len(field.raw),
                    "name": field.name,
                    "hex": field.raw[:_SHOWN_BYTES].hex(),
                    "value": field.value,
                }
                for field in fields_of(data)
            ],
            "entries": self._entries(record) if record else [],
            "index_items": self._index_items(record) if record else [],
        }

    def _entries(self, record: LoggedRecord) -> list[dict[str, Any]]:
        if not is_in_queues(record):
            return []
        shown = []
        for topic, queue_id, queue_offset in queues_of(record):
            row: dict[str, Any] = {
                "topic": topic,
                "queue": queue_id,
                "queue_offset": queue_offset,
            }
            folder = self._directory.queues.get((topic, queue_id))
            if folder is None:
                shown.append(row | {"problem": "there is no such queue"})
                continue
            wanted = batch_of(record)[0] if folder.is_batch else queue_offset
            position = self._queues.position_of(folder, wanted)
            entry = self._queues.entry(folder, position)
            at = position * folder.entry_bytes
            base = at - at % folder.file_bytes
            row |= {
                "file": str(folder.path / f"{base:020d}"),
                "position": at - base,
                "physical_offset": entry.physical_offset,
                "size": entry.size,
                "tags_code": entry.tags_code,
                "count": entry.count,
                "problem": self._entry_problem(record, entry),
            }
            shown.append(row)
        return shown

    def _entry_problem(self, record: LoggedRecord, entry: Entry) -> str | None:
        if (entry.physical_offset, entry.size) != (record.physical_offset, record.size):
            return "it is not the entry of this record"
        if entry.tags_code not in (self._tags_codes.of(record),) and (
            entry.tags_code > -(1 << 31) - 1
        ):
            return f"its tags code should be {self._tags_codes.of(record)}"
        return None

    def _index_items(self, record: LoggedRecord) -> list[dict[str, Any]]:
        paths = self._directory.index_files
        slots = guess_slots(self._directory.files, paths)
        if slots is None:
            return []
        readers = [IndexReader(self._directory.files, path, slots) for path in paths]
        item = IndexItem(
            record.topic, record.properties, record.physical_offset, record.store_ms
        )
        shown = []
        for text in keys_of(item):
            key_hash = positive(java_hash(text))
            files = [
                reader.path.name
                for reader in readers
                if record.physical_offset in reader.find(key_hash)
            ]
            shown.append({"key": text, "hash": key_hash, "files": files})
        return shown
