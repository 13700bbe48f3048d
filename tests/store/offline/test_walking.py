import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_kit import SEGMENT_BYTES, filled, looked_at, records_in, segment

from twistedmq.store.files_layer import Files
from twistedmq.store.log_scan import store_time_of
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.walking import (
    Blank,
    Damage,
    LogEnd,
    Records,
    Step,
    find_begin,
    is_begin,
    segment_for_time,
    walk,
)
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store


def steps(files: Files, chunk_bytes: int = 1000) -> list[Step]:
    return list(walk(LogReader.of(looked_at(files)), chunk_bytes=chunk_bytes))


def offsets(found: list[Step]) -> list[int]:
    kept = [step for step in found if isinstance(step, Records)]
    return [record.physical_offset for step in kept for record in step.records]


@pytest.mark.parametrize("chunk_bytes", [100, 1000, 1 << 20])
def test_a_whole_log_is_records_blanks_and_an_end(chunk_bytes: int) -> None:
    files = filled(60)
    found = steps(files, chunk_bytes)
    records = records_in(files)
    assert offsets(found) == [offset for offset, _ in records]
    assert [s.end for s in found if isinstance(s, Blank)] == [4096, 8192]
    end = sum(records[-1])
    assert found[-1] == LogEnd(end, end, "there are zeros")
    assert not any(isinstance(step, Damage) for step in found)


def test_an_empty_log_ends_at_once() -> None:
    files = FakeFiles()
    files.make_folder(segment().parent)
    assert steps(files) == [LogEnd(0, 0, "")]


def test_a_damaged_body_is_a_record_with_bounds() -> None:
    files = filled(60)
    offset, size = records_in(files)[7]
    files.content(segment())[offset + 90] ^= 1
    [damage] = [step for step in steps(files) if isinstance(step, Damage)]
    assert (damage.kind, damage.start, damage.end) == ("record", offset, offset + size)
    assert damage.record is not None
    assert damage.record.physical_offset == offset
    assert "CRC" in damage.why


@given(st.data())
def test_whatever_is_overwritten_the_rest_is_found(data: st.DataObject) -> None:
    files = filled(60)
    records = records_in(files)
    end = sum(records[-1])
    start = data.draw(st.integers(0, end - 1))
    junk = data.draw(st.binary(min_size=1, max_size=2000))
    stop = min(start + len(junk), end)
    for base in range(0, end, SEGMENT_BYTES):
        content = files.content(segment(base))
        low, high = max(start - base, 0), min(stop - base, SEGMENT_BYTES)
        if low < high:
            content[low:high] = junk[base + low - start : base + high - start]
    found = set(offsets(steps(files)))
    untouched = {o for o, size in records if o + size <= start or o >= stop}
    assert untouched <= found
    assert found <= {offset for offset, _ in records}


def test_zeros_in_the_middle_are_a_hole() -> None:
    files = filled(60)
    records = records_in(files)
    start, stop = records[10][0], records[13][0]
    files.content(segment())[start:stop] = bytes(stop - start)
    [damage] = [step for step in steps(files) if isinstance(step, Damage)]
    assert (damage.kind, damage.start, damage.end) == ("hole", start, stop)
    assert damage.why == "there are zeros"


def test_a_missing_file_is_passed_over() -> None:
    files = filled(60)
    files.remove(segment(4096))
    found = steps(files)
    assert Damage(4096, 8192, "missing", "the file is missing") in found
    assert max(offsets(found)) >= 8192


def test_a_lost_end_mark_is_passed_over() -> None:
    files = filled(60)
    [blank, _] = [step for step in steps(files) if isinstance(step, Blank)]
    files.content(segment())[blank.start + 4] ^= 1
    found = steps(files)
    [damage] = [step for step in found if isinstance(step, Damage)]
    assert (damage.start, damage.end) == (blank.start, 4096)


def test_a_torn_end_is_told_from_an_end() -> None:
    files = filled(60)
    offset, size = records_in(files)[-1]
    at = offset - 8192
    content = files.content(segment(8192))
    content[at + size // 2 :] = bytes(len(content) - at - size // 2)
    *_, end = steps(files)
    assert isinstance(end, LogEnd)
    assert end.offset == offset
    assert offset < end.torn_end <= offset + size // 2


def test_a_damaged_last_record_is_a_torn_end() -> None:
    files = filled(60)
    offset, size = records_in(files)[-1]
    files.content(segment(8192))[offset - 8192 + 90] ^= 1
    *_, end = steps(files)
    assert isinstance(end, LogEnd)
    assert (end.offset, end.torn_end) == (offset, offset + size)


def test_a_size_that_lies_costs_no_memory() -> None:
    files = FakeFiles()
    store = open_store(Path("/store"), files, segment_bytes=1 << 25)
    for n in range(200):
        store.append(batch_of([Told(body=b"b" * 1000, keys=f"k{n}")]))
    value_of(store.stop())
    content = files.content(segment())
    offset = records_in(files)[100][0]
    content[offset : offset + 4] = (1 << 24).to_bytes(4)
    log = LogReader.of(looked_at(files))
    log.next_data = lambda offset: offset  # type: ignore[method-assign]
    tracemalloc.start()
    found = list(walk(log))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(offsets(found)) == 199
    assert peak < 28 << 20


def test_memory_does_not_grow_with_the_log() -> None:
    def peak_of(count: int) -> int:
        files = FakeFiles()
        store = open_store(Path("/store"), files, segment_bytes=1 << 20)
        bodies = [Told(body=b"b" * 1000, keys=f"k{n}") for n in range(100)]
        for _ in range(count // 100):
            store.append(batch_of(bodies))
        value_of(store.stop())
        log = LogReader.of(looked_at(files))
        tracemalloc.start()
        for _ in walk(log, chunk_bytes=1 << 18):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_of(8000) < 1.3 * peak_of(1000)


def test_a_record_larger_than_a_chunk_is_found_whole() -> None:
    files = FakeFiles()
    store = open_store(Path("/store"), files)
    store.append(batch_of([Told(body=b"b" * 30_000), Told(body=b"c")]))
    value_of(store.stop())
    assert len(offsets(steps(files, chunk_bytes=128))) == 2


def test_begins_are_known_by_their_own_offset() -> None:
    files = filled(60)
    log = LogReader.of(looked_at(files))
    records = records_in(files)
    assert all(is_begin(log, offset) for offset, _ in records)
    assert not is_begin(log, records[3][0] + 1)
    assert find_begin(log, 1) == records[1][0]
    assert find_begin(log, sum(records[-1])) is None


def test_a_copy_of_a_record_in_a_body_is_no_begin() -> None:
    files = FakeFiles()
    store = open_store(Path("/store"), files)
    store.append(batch_of([Told(body=b"first")]))
    size = store.log_bounds()[1]
    inner = bytes(files.content(segment())[:size])
    store.append(batch_of([Told(body=inner), Told(body=b"last")]))
    value_of(store.stop())
    files.content(segment())[size + 4] ^= 1  # the magic of the second record
    found = steps(files)
    [damage] = [step for step in found if isinstance(step, Damage)]
    assert damage.start == size
    assert len(offsets(found)) == 2


def test_a_time_is_looked_for_from_its_segment_on() -> None:
    files = filled(200)
    log = LogReader.of(looked_at(files))
    first_ms = store_time_of(log.read(100, 8192))
    assert segment_for_time(log, first_ms) == 8192
    assert segment_for_time(log, first_ms - 1) == 4096
    assert segment_for_time(log, 0) == 0
