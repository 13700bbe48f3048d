from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.store.log_scan import ScanEnd, scan
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
SEGMENT = 64 * 1024
BLANK = 8
"""The least bytes that end a segment: how many they are, and a magic."""


def test_the_rest_of_a_segment_is_blank() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    placed = store.append(
        batch_of([Told(body=b"x" * 40_000), Told(body=b"y" * 40_000), Told()])
    )
    assert placed.physical_offsets[1] == SEGMENT
    first = files.content(ROOT / "commitlog" / f"{0:020d}")
    at = first.rindex(b"\xcb\xd4\x31\x94") - 4
    assert int.from_bytes(first[at : at + 4]) == SEGMENT - at
    assert store.append(batch_of([Told()])).physical_offsets == [placed.end]


@pytest.mark.parametrize("spare", range(-2, 12))
def test_a_blank_always_has_room(spare: int) -> None:
    store = open_store(ROOT, FakeFiles())
    small = store.append(batch_of([Told(body=b"")])).end
    store.append(batch_of([Told(body=b"x" * (SEGMENT - 2 * small - spare))]))
    store.append(batch_of([Told()]))
    begins = store.log_bounds()[1]
    # a record may end 8 bytes before the end of a segment, no later
    assert (begins > SEGMENT + small + 5) == (spare < 8)
    assert store.queue_bounds("Orders", 0) == (0, 3)


def test_a_record_larger_than_a_segment_is_refused() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    kept = store.append(batch_of([Told()]))
    with pytest.raises(MessageIllegalError, match="does not fit"):
        store.append(batch_of([Told(), Told(body=b"x" * SEGMENT)]))
    assert store.log_bounds() == (0, kept.end)
    assert store.queue_bounds("Orders", 0) == (0, 1)
    assert len(files.list(ROOT / "commitlog")) == 1


def where_it_belongs(sizes: Sequence[int], end: int = 0) -> list[int]:
    """Say where the genuine broker would put records of these sizes."""
    places = []
    for size in sizes:
        left = SEGMENT - end % SEGMENT
        if size + BLANK > left:
            end += left
        places.append(end)
        end += size
    return places


def check_segments(files: FakeFiles, records: int, end: int) -> None:
    """See that every segment is records, then a blank to its end, then zeros."""
    found = 0
    for name in files.list(ROOT / "commitlog"):
        data = bytes(files.content(ROOT / "commitlog" / name))
        base = int(name)
        scanned = scan(memoryview(data), base, base + SEGMENT)
        found += len(scanned.records)
        rest = data[scanned.end - base :]
        if scanned.end == end:
            assert not rest.strip(b"\0")
            continue
        assert scanned.reason is ScanEnd.BLANK
        assert len(rest) == int.from_bytes(rest[:4]) >= BLANK
        assert not rest[BLANK:].strip(b"\0")
    assert found == records


def test_every_rest_of_a_segment_ends_as_it_should() -> None:
    """From none left to more than the next record and a blank need."""
    files = FakeFiles()
    store = open_store(ROOT, files)
    least = store.append(batch_of([Told(body=b"")])).end
    for left in range(BLANK, least + 2 * BLANK + 2):
        files = FakeFiles()
        store = open_store(ROOT, files)
        store.append(batch_of([Told(body=b"x" * (SEGMENT - least - left))]))
        placed = store.append(batch_of([Told(body=b""), Told(body=b"")]))
        sizes = [SEGMENT - left, least, least]
        assert placed.physical_offsets == where_it_belongs(sizes)[1:], left
        check_segments(files, 3, placed.end)
        store.stop()
        again = open_store(ROOT, files)
        assert again.log_bounds() == (0, placed.end)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 20_000), min_size=1, max_size=8), min_size=1, max_size=9
    ),
    st.booleans(),
    st.booleans(),
)
def test_batches_of_any_sizes_lie_where_the_genuine_broker_puts_them(
    batches: list[list[int]], sealed: bool, killed: bool
) -> None:
    files = FakeFiles()
    store = open_store(ROOT, files, seals_records=sealed)
    offsets: list[int] = []
    for batch in batches:
        placed = store.append(batch_of([Told(body=b"x" * size) for size in batch]))
        offsets += placed.physical_offsets
    entries = store.entries("Orders", 0, 0, 999)
    assert offsets == where_it_belongs([entry.size for entry in entries])
    check_segments(files, len(offsets), placed.end)
    if killed:
        files.kill_program()
    else:
        value_of(store.stop())
    again = open_store(ROOT, files, seals_records=sealed)
    assert [e.physical_offset for e in again.entries("Orders", 0, 0, 999)] == offsets
    assert again.log_bounds() == (0, placed.end)
