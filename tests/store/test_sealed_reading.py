"""With checksums over whole records, a damaged message is never given."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from twistedmq.protocol.record import decode_records
from twistedmq.store.errors import DamagedRecordError, StoreOpenError
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import QueueRead
from twistedmq.store.queue_state import ENTRY, ENTRY_BYTES
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
LOG = ROOT / "commitlog" / f"{0:020d}"
BODIES = [b"body %d" % n for n in range(4)]


def filled(files: FakeFiles, **changes: Any) -> FileStore:
    store = open_store(ROOT, files, **{"seals_records": True, **changes})
    store.append(batch_of([Told(body=body, tag="a") for body in BODIES]))
    return store


def read(store: FileStore, offset: int = 0) -> QueueRead:
    found = store.read_queue("Orders", 0, offset, 32, 1 << 20, None, None)
    assert not isinstance(found, Deferred)
    return found


def bodies(store: FileStore) -> list[bytes]:
    data = b"".join(bytes(record) for record in read(store).records)
    return [record.body for record in decode_records(data)]


@pytest.mark.parametrize("required", [False, True])
def test_whole_messages_are_read(required: bool) -> None:
    files = FakeFiles()
    store = filled(files, requires_seals=required)
    assert bodies(store) == BODIES
    store.stop()
    again = open_store(ROOT, files, seals_records=True, requires_seals=required)
    assert bodies(again) == BODIES


def test_messages_over_the_end_of_a_segment_are_sealed_too() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files, seals_records=True, requires_seals=True)
    store.append(batch_of([Told(body=b"x" * 20_000) for _ in range(9)]))
    assert len(files.list(LOG.parent)) == 3
    assert read(store).count == 9


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_byte_of_a_record_is_ever_read(data: st.DataObject) -> None:
    files = FakeFiles()
    store = filled(files)
    offsets = [e.physical_offset for e in store.entries("Orders", 0, 0, 4)]
    ends = [*offsets[1:], store.log_bounds()[1]]
    at = data.draw(st.integers(0, ends[-1] - 1))
    files.content(LOG)[at] ^= data.draw(st.integers(1, 255))
    hit = next(n for n, end in enumerate(ends) if at < end)
    seen, offset = [], 0
    while offset < 4:
        if offset == hit:
            with pytest.raises(DamagedRecordError) as raised:
                read(store, offset)
            assert raised.value.physical_offset == offsets[hit]
            offset += 1
            continue
        found = read(store, offset)
        for record in found.records:
            seen += [r.body for r in decode_records(bytes(record))]
        offset = found.next_offset
    assert seen == [body for n, body in enumerate(BODIES) if n != hit]
    assert store.record_at(offsets[hit]) is None


@pytest.mark.parametrize(("column", "by"), [(0, 130), (0, 1), (1, -1), (1, 130)])
def test_an_entry_that_leads_elsewhere_is_noticed(column: int, by: int) -> None:
    store = filled(FakeFiles())
    state = store._queues["Orders", 0]
    entries = list(ENTRY.iter_unpack(bytes(state.tail)))
    assert entries[1][1] == 130
    wrong = list(entries[1])
    wrong[column] += by
    state.tail[ENTRY_BYTES : 2 * ENTRY_BYTES] = ENTRY.pack(*wrong)
    with pytest.raises(DamagedRecordError):
        read(store, 1)


def test_recovery_ends_before_a_record_that_is_not_what_was_stored() -> None:
    files = FakeFiles()
    store = filled(files)
    at = store.entries("Orders", 0, 2, 1)[0].physical_offset + 40  # its born time
    files.content(LOG)[at] ^= 1
    files.kill_program()
    again = open_store(ROOT, files, seals_records=True)
    assert bodies(again) == BODIES[:2]


def test_messages_from_before_count_as_whole() -> None:
    files = FakeFiles()
    filled(files, seals_records=False).stop()
    again = open_store(ROOT, files, seals_records=True)
    assert bodies(again) == BODIES


def test_where_checksums_are_required_older_messages_are_no_reason_to_cut() -> None:
    files = FakeFiles()
    filled(files, seals_records=False)
    files.kill_program()
    before = bytes(files.content(LOG))
    with pytest.raises(StoreOpenError, match="the message at 0 has no checksum"):
        open_store(ROOT, files, seals_records=True, requires_seals=True)
    assert bytes(files.content(LOG)) == before


def test_a_damaged_record_of_a_batch_queue_is_not_given() -> None:
    files = FakeFiles()
    store = filled(files, batch_topics=["Orders"])
    second = store.entries("Orders", 0, 1, 1)[0].physical_offset
    files.content(LOG)[second + 90] ^= 1
    assert bodies(store) == BODIES[:1]
    with pytest.raises(DamagedRecordError):
        read(store, 1)
