"""Messages of a store as people and programs are shown them, and which are wanted."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any

from msgspec import Struct

from twistedmq.protocol import properties
from twistedmq.protocol.batch_body import BatchItem, decode_batch
from twistedmq.protocol.compression import CompressionError, decompress_body
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.properties import java_hash
from twistedmq.protocol.record import Record, RecordError, decode_record
from twistedmq.protocol.system_flags import INNER_BATCH
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.index_keys import find_key, keys_of, positive
from twistedmq.store.log_scan import LoggedRecord, queues_of, scan
from twistedmq.store.offline.diagnosis import host_text, why_broken
from twistedmq.store.offline.directory import QueueFolder, StoreDirectory
from twistedmq.store.offline.index_reading import IndexReader, guess_slots
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.queue_entries import QueueReader
from twistedmq.store.offline.walking import (
    Damage,
    Records,
    find_begin,
    segment_for_time,
    walk,
)


class Selection(Struct):
    """Which messages are wanted; what is None does not matter."""

    topic: str | None = None
    queue_id: int | None = None
    from_offset: int | None = None
    """Queue offsets: from this one on, and before the other."""
    to_offset: int | None = None
    from_physical: int | None = None
    to_physical: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    key: str | None = None
    tag: str | None = None
    property: tuple[str, str] | None = None
    body: "re.Pattern[bytes] | None" = None


class Message(Struct):
    """One stored message, its body unpacked."""

    record: Record
    properties: dict[str, str]
    body: bytes
    problem: str = ""
    """What is wrong with the record, if anything."""
    part: int | None = None
    """Which message of a batch that was stored as one record."""

    @property
    def keys(self) -> list[str]:
        """The keys a sender gave it."""
        return self.properties.get(properties.KEYS, "").split()

    def shown(self) -> dict[str, Any]:
        """Give what is shown to programs."""
        record, own = self.record, self.properties
        shown: dict[str, Any] = {
            "type": "message",
            "topic": record.topic,
            "queue": record.queue_id,
            "queue_offset": record.queue_offset,
            "physical_offset": record.physical_offset,
            "size": record.size,
            "message_id": own.get(properties.UNIQ_KEY),
            "offset_message_id": offset_id(record.store_host, record.physical_offset),
            "tag": own.get(properties.TAGS),
            "keys": self.keys,
            "properties": own,
            "flag": record.flag,
            "sys_flag": record.sys_flag,
            "born_ms": record.born_ms,
            "born_host": host_text(record.born_host),
            "store_ms": record.store_ms,
            "store_host": host_text(record.store_host),
            "reconsume_times": record.reconsume_times,
            "prepared_offset": record.prepared_offset,
        }
        if self.part is not None:
            shown["part"] = self.part
        try:
            shown["body"] = self.body.decode()
        except UnicodeDecodeError:
            shown["body_base64"] = b64encode(self.body).decode()
        if self.problem:
            shown["problem"] = self.problem
        return shown


def messages_of(data: bytes | memoryview, problem: str = "") -> list[Message]:
    """Make messages of a record, whatever its CRC: one, or those of a batch."""
    try:
        record = decode_record(data, check_crc=False)
    except RecordError:
        return []
    body = record.body
    try:
        body = decompress_body(record.sys_flag, body)
        if record.sys_flag & INNER_BATCH:
            return [
                _part_of(record, part, item, problem)
                for part, item in enumerate(decode_batch(body))
            ]
    except (CompressionError, FieldError) as error:
        problem = problem or str(error)
    return [Message(record, properties.parse(record.properties), body, problem)]


def _part_of(batch: Record, part: int, item: BatchItem, problem: str) -> Message:
    own = properties.parse(item.properties)
    base = properties.get(batch.properties, b"INNER_BASE") or b""
    first = int(base) if base.isdigit() else batch.queue_offset
    record = copy(batch)
    record.queue_offset, record.flag = first + part, item.flag
    return Message(record, own, item.body, problem, part)


class MessageReader:
    """Finds the messages of one store."""

    def __init__(self, directory: StoreDirectory) -> None:
        self.directory = directory
        self.log = LogReader.of(directory)
        self.queues = QueueReader(directory.files)
        self.way = ""
        """How the last search went about it, for people."""

    def find(
        self, wanted: Selection, *, by_queue: bool = True, by_index: bool = True
    ) -> Iterator[Message]:
        """Give the messages that *wanted* tells, one at a time.

        *by_queue*: by the entries of a queue, where one is named; in queue order then.
        *by_index*: by the key index, where it covers the log.
        """
        folder = None
        if by_queue and wanted.topic is not None and wanted.queue_id is not None:
            folder = self.directory.queues.get((wanted.topic, wanted.queue_id))
        if folder is not None:
            self.way = f"by the queue {folder.name}"
            found = self._by_queue(wanted)
        elif by_index and (readers := self._usable_index(wanted)):
            self.way = "by the index"
            found = self._by_index(wanted, readers)
        else:
            self.way = "by reading the log"
            found = self._by_log(wanted)
        for message in found:
            if _is_wanted(message, wanted):
                yield message

    def at(self, offset: int) -> list[Message]:
        """Give the message, or the batch, whose record begins at a physical offset."""
        data = self.log.record_bytes(offset)
        if not data:
            return []
        return messages_of(data, why_broken(data, offset, self.log.segment_end(offset)))

    def _by_queue(self, wanted: Selection) -> Iterator[Message]:
        assert wanted.topic is not None
        assert wanted.queue_id is not None
        folder = self.directory.queues[wanted.topic, wanted.queue_id]
        low, high = self.queues.bounds(folder, self.log.min_offset)
        start = max(low, wanted.from_offset or 0)
        stop = high if wanted.to_offset is None else min(high, wanted.to_offset)
        position = self.queues.position_of(folder, start)
        for entry in self.queues.entries(folder, position):
            if entry.queue_offset >= stop or (not entry.size and not entry.count):
                return
            if entry.is_filler or not entry.size:
                if entry.position >= stop:
                    return
                continue
            for message in self.at(entry.physical_offset):
                offset = message.record.queue_offset
                if not folder.is_batch or start <= offset < stop:
                    yield message

    def _by_log(self, wanted: Selection) -> Iterator[Message]:
        start = self.log.min_offset
        if wanted.since_ms is not None:
            start = segment_for_time(self.log, wanted.since_ms)
        if wanted.from_physical is not None:
            begin = find_begin(self.log, max(wanted.from_physical, start))
            if begin is None:
                return
            start = begin
        for step in walk(self.log, start, check_crc=True):
            if isinstance(step, Records):
                for record in step.records:
                    if _is_behind(record, wanted):
                        return
                    if _may_be_wanted(record, wanted):
                        at = record.physical_offset - step.base
                        yield from messages_of(step.buffer[at : at + record.size])
            elif (
                isinstance(step, Damage)
                and step.record is not None
                and not _is_behind(step.record, wanted)
                and _may_be_wanted(step.record, wanted)
            ):
                yield from messages_of(self.log.record_bytes(step.start), step.why)

    # The index

    def _usable_index(self, wanted: Selection) -> list[IndexReader]:
        """Give the index if it may be asked: it covers the whole log."""
        paths = self.directory.index_files
        if wanted.key is None or wanted.topic is None or not paths:
            return []
        slots = guess_slots(self.directory.files, paths)
        if slots is None or self.directory.has_abort:
            return []
        if any(q.is_batch and q.topic == wanted.topic for q in self._folders()):
            return []  # keys inside of a batch are not in the index
        readers = [IndexReader(self.directory.files, path, slots) for path in paths]
        return readers if self._covers(readers) else []

    def _folders(self) -> Iterable[QueueFolder]:
        return self.directory.queues.values()

    def _covers(self, readers: list[IndexReader]) -> bool:
        """Whether no record with keys lies before, between or behind the tables."""
        covered = self.log.min_offset
        for reader in readers:
            header = reader.header
            if reader.item(reader.count)[1] != header.end_offset:
                return False
            if self._first_keyed(covered) < header.begin_offset:
                return False
            covered = header.end_offset + 1
        last = readers[-1].header.end_offset
        return self._has_all_keys(last, readers[-2:]) and (
            self._first_keyed(covered) >= self.log.max_offset
        )

    def _first_keyed(self, start: int) -> int:
        """Give the offset of the first record from *start* on that has keys."""
        begin = find_begin(self.log, start)
        steps = walk(self.log, begin, check_crc=False) if begin is not None else ()
        for step in steps:
            for record in step.records if isinstance(step, Records) else ():
                if _has_keys(record):
                    return record.physical_offset
        return self.log.max_offset

    def _has_all_keys(self, offset: int, readers: list[IndexReader]) -> bool:
        """Whether the record at *offset* is found under each of its keys."""
        data, segment_end = self.log.record_bytes(offset), self.log.segment_end(offset)
        for record in scan(memoryview(data), offset, segment_end, False).records:
            item = IndexItem(record.topic, record.properties, offset, 0)
            for text in keys_of(item):
                key_hash = positive(java_hash(text))
                is_tag = text.startswith(f"{record.topic}#T#")
                if not is_tag and all(offset not in r.find(key_hash) for r in readers):
                    return False
        return True

    def _by_index(
        self, wanted: Selection, readers: list[IndexReader]
    ) -> Iterator[Message]:
        assert wanted.topic is not None
        assert wanted.key is not None
        key_hash = positive(java_hash(find_key(wanted.topic, wanted.key, "")))
        seen: set[int] = set()
        for reader in readers:
            for offset in sorted(set(reader.find(key_hash)) - seen):
                seen.add(offset)
                if offset >= self.log.min_offset:
                    yield from self.at(offset)


def _has_keys(record: LoggedRecord) -> bool:
    return any(
        properties.get(record.properties, name) for name in (b"KEYS", b"UNIQ_KEY")
    )


def _is_behind(record: LoggedRecord, wanted: Selection) -> bool:
    """Whether nothing wanted can follow *record*."""
    to = wanted.to_physical
    return to is not None and record.physical_offset >= to


def _may_be_wanted(record: LoggedRecord, wanted: Selection) -> bool:
    """Say no where a look at what queues need of a record is enough."""
    if wanted.since_ms is not None and record.store_ms < wanted.since_ms:
        return False
    if wanted.until_ms is not None and record.store_ms >= wanted.until_ms:
        return False
    if wanted.topic is None or record.topic == wanted.topic:
        return wanted.queue_id is None or record.queue_id == wanted.queue_id
    return any(
        topic == wanted.topic and wanted.queue_id in (None, queue_id)
        for topic, queue_id, _ in queues_of(record)
    )


def _is_wanted(message: Message, wanted: Selection) -> bool:
    tests: tuple[tuple[object, Callable[[], bool]], ...] = (
        (wanted.since_ms, lambda: message.record.store_ms >= (wanted.since_ms or 0)),
        (wanted.until_ms, lambda: message.record.store_ms < (wanted.until_ms or 0)),
        (wanted.key, lambda: _has_key(message, wanted.key)),
        (wanted.tag, lambda: message.properties.get(properties.TAGS) == wanted.tag),
        (wanted.property, lambda: _has_property(message, wanted.property)),
        (wanted.body, lambda: bool(wanted.body and wanted.body.search(message.body))),
    )
    return all(holds() for asked, holds in tests if asked is not None)


def _has_key(message: Message, key: str | None) -> bool:
    return key in message.keys or key == message.properties.get(properties.UNIQ_KEY)


def _has_property(message: Message, wanted: tuple[str, str] | None) -> bool:
    return wanted is not None and message.properties.get(wanted[0]) == wanted[1]
