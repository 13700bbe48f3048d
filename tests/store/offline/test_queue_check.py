import pytest
from offline_kit import ROOT, filled, genuine, queue_file, records_in, segment, verified

from twistedmq.store.offline.findings import Finding
from twistedmq.store.offline.queue_entries import BATCH_ENTRY
from twistedmq.store.queue_state import ENTRY
from twistedmq.testing.fake_files import FakeFiles


def only(files: FakeFiles) -> Finding:
    [found] = [finding for finding in verified(files)[1] if finding.is_fault]
    return found


def test_a_wrong_entry_is_told_once() -> None:
    files = filled(60)
    offset = records_in(files)[3 * 5][0]
    files.content(queue_file())[5 * 20 + 11] ^= 4
    found = only(files)
    assert (found.kind, found.where, found.offset) == ("queue-entry", "Orders/0", 5)
    assert str(offset) in found.what


def test_a_wrong_tags_code_is_told() -> None:
    files = filled(60)
    files.content(queue_file())[5 * 20 + 19] ^= 4
    assert only(files).why.startswith("its tags code is ")


def test_empty_entries_are_told_as_one() -> None:
    files = filled(60)
    files.content(queue_file())[5 * 20 : 9 * 20] = bytes(80)
    found = only(files)
    assert (found.kind, found.offset, found.end) == ("queue-missing", 5, 9)


def test_an_entry_that_points_to_another_record_is_told() -> None:
    files = filled(60)
    content = files.content(queue_file())
    content[5 * 20 : 6 * 20] = content[6 * 20 : 7 * 20]
    found = only(files)
    assert found.kind == "queue-entry"
    assert found.offset == 5


@pytest.mark.parametrize("number", [0, 3, 9, 12, 1 << 40])
def test_a_record_with_a_wrong_number_is_told_and_the_queue_is_not(number: int) -> None:
    files = filled(60)
    offset, size = records_in(files)[3 * 8]
    files.content(segment(offset - offset % 4096))[
        offset % 4096 + 20 : offset % 4096 + 28
    ] = number.to_bytes(8)
    verification, _ = verified(files)
    found = only(files)
    assert (found.kind, found.offset) == ("log-number", offset)
    assert found.what == f"the record says that it is number {number} of Orders/0"
    assert found.why == "it is number 8 there"
    assert verification.queues.misnumbered == [(offset, offset + size)]
    assert not verification.queues.faulty


def test_an_entry_too_many_is_told() -> None:
    files = filled(60)
    offset, size = records_in(files)[0]
    files.content(queue_file())[20 * 20 : 21 * 20] = ENTRY.pack(offset, size, 7)
    found = only(files)
    assert (found.kind, found.offset) == ("queue-entry", 20)
    assert found.why == "the record there is number 0 of Orders/0"


def test_entries_of_removed_records_are_no_faults() -> None:
    files = filled(200, queue_file_bytes=400)
    first = f"{4096:020d}"
    files.remove(ROOT / "commitlog" / f"{0:020d}")
    _, found = verified(files)
    assert not [f for f in found if f.is_fault]
    assert files.size(ROOT / "commitlog" / first)


def test_extended_units_are_followed() -> None:
    files = filled(60)
    content = files.content(queue_file())
    offset, size, code = ENTRY.unpack(content[100:120])
    content[100:120] = ENTRY.pack(offset, size, 50 - (1 << 63))
    assert "extended unit" in only(files).why
    unit = (20).to_bytes(2) + code.to_bytes(8, signed=True) + bytes(10)
    path = ROOT / "consumequeue_ext" / "Orders" / "0" / f"{0:020d}"
    files.open(path, create=True).write(bytes(50) + unit, 0)
    assert not [f for f in verified(files)[1] if f.is_fault]


def spoil_batch(position: int, **changes: int) -> list[Finding]:
    files, _ = genuine("clean")
    data = files.content(ROOT / "batchconsumequeue" / "Bcq" / "0" / f"{0:020d}")
    names = ["offset", "size", "code", "store_ms", "base", "count", "a", "b"]
    at = position * 46
    fields = dict(zip(names, BATCH_ENTRY.unpack(data[at : at + 46]), strict=True))
    fields |= changes
    data[at : at + 46] = BATCH_ENTRY.pack(*fields.values())
    return verified(files)[1]


def test_batch_entries_are_compared() -> None:
    for changes in (
        {"offset": 15187},
        {"size": 5},
        {"code": 9},
        {"store_ms": 1},
        {"base": 9},
    ):
        found = spoil_batch(1, **changes)
        assert [(f.kind, f.where) for f in found] == [("queue-entry", "Bcq/0")], changes
    found = spoil_batch(3, count=3)
    assert [f.why for f in found] == ["it holds 3 from 3 on, the record 4 from 3"]


def test_a_batch_entry_that_is_gone_is_told() -> None:
    gone = dict.fromkeys(("offset", "size", "code", "store_ms", "base", "count"), 0)
    found = spoil_batch(3, **gone)
    assert [(f.kind, f.offset) for f in found] == [("queue-missing", 3)]


def test_delay_levels_matter() -> None:
    files, _ = genuine("clean")
    _, found = verified(files, delay_levels="2s 5s")
    assert {f.where for f in found} == {
        "SCHEDULE_TOPIC_XXXX/0",
        "SCHEDULE_TOPIC_XXXX/17",
    }
    assert all("messageDelayLevel" in f.why for f in found)
