from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_kit import (
    ROOT,
    filled,
    genuine,
    looked_at,
    queue_file,
    records_in,
    segment,
)

from twistedmq.store.log_scan import LoggedRecord, TagsCodes
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.store.offline.log_reading import LogReader
from twistedmq.store.offline.queue_entries import QueueReader
from twistedmq.store.offline.rebuilding import (
    IndexMaker,
    QueueMaker,
    is_batch_topic,
)
from twistedmq.store.offline.verification import DEFAULT_DELAY_LEVELS
from twistedmq.store.offline.walking import Records, walk
from twistedmq.store.queue_state import FILLER_SIZE
from twistedmq.testing.fake_files import FakeFiles

NEW = ROOT / "made"


def records_of(directory: StoreDirectory) -> list[LoggedRecord]:
    return [
        record
        for step in walk(LogReader.of(directory))
        if isinstance(step, Records)
        for record in step.records
    ]


def made(files: FakeFiles, key: tuple[str, int]) -> tuple[Path, Path]:
    directory = looked_at(files)
    maker = QueueMaker(directory, files, NEW, key)
    for record in records_of(directory):
        QueueMaker.add_to({key: maker}, record, TagsCodes(DEFAULT_DELAY_LEVELS))
    return maker.finish()


def contents(files: FakeFiles, folder: Path) -> dict[str, bytes]:
    return {name: bytes(files.content(folder / name)) for name in files.list(folder)}


def test_a_queue_is_made_as_it_was() -> None:
    files = filled(200, queue_file_bytes=400)
    old, new = made(files, ("Orders", 1))
    assert old == queue_file(1).parent
    assert contents(files, new) == contents(files, old)
    assert len(contents(files, new)) == 4


@pytest.mark.parametrize("name", ["clean", "v2"])
def test_genuine_queues_are_made_as_they_were(name: str) -> None:
    files, _ = genuine(name)
    for key in looked_at(files).queues:
        files.remove(NEW)
        old, new = made(files, key)
        assert contents(files, new) == contents(files, old), key


def test_fillers_stand_for_what_the_log_no_longer_has() -> None:
    files = filled(200, queue_file_bytes=400)
    files.remove(ROOT / "commitlog" / f"{0:020d}")
    old, new = made(files, ("Orders", 1))
    before, after = contents(files, old), contents(files, new)
    assert sorted(after) == sorted(before)
    filler = (0).to_bytes(8) + FILLER_SIZE.to_bytes(4) + (0).to_bytes(8)
    first = after[f"{0:020d}"]
    assert first.startswith(filler)
    assert first.lstrip(filler).endswith(before[f"{0:020d}"][-100:])


def test_offsets_do_not_go_back_where_the_log_has_nothing() -> None:
    files = filled(200, queue_file_bytes=400)
    for base in range(0, 1 << 15, 4096):
        files.remove(ROOT / "commitlog" / f"{base:020d}")
    files.open(ROOT / "commitlog" / f"{1 << 20:020d}", create=True).resize(4096)
    bounds = QueueReader(files).bounds(looked_at(files).queues["Orders", 1], 1 << 20)
    _, new = made(files, ("Orders", 1))
    assert bounds == (67, 67)
    assert sorted(contents(files, new)) == [f"{1200:020d}"]
    [content] = contents(files, new).values()
    assert len(content.rstrip(b"\0")) <= 7 * 20
    assert content[6 * 20 + 8 : 6 * 20 + 12] == FILLER_SIZE.to_bytes(4)
    assert content[7 * 20 :] == bytes(13 * 20)


def test_a_queue_that_begins_anew_is_made_from_there() -> None:
    files = filled(60)
    directory = looked_at(files)
    maker = QueueMaker(directory, files, NEW, ("Orders", 0))
    codes = TagsCodes(DEFAULT_DELAY_LEVELS)
    records = [r for r in records_of(directory) if r.queue_id == 0]
    for queue_offset in (5, 6, 7):
        maker.add(records[queue_offset], queue_offset, 1)
    QueueMaker.add_to({("Orders", 0): maker}, records[0], codes)
    _, new = maker.finish()
    [content] = contents(files, new).values()
    assert content.rstrip(b"\0") == (
        bytes(files.content(queue_file()))[:20].rstrip(b"\0")
    )


def test_what_topics_have_batch_queues() -> None:
    files, _ = genuine("clean")
    assert is_batch_topic(looked_at(files), "Bcq")
    assert not is_batch_topic(looked_at(files), "Plain")
    files.remove(ROOT / "batchconsumequeue")
    assert is_batch_topic(looked_at(files), "Bcq")
    assert not is_batch_topic(looked_at(files), "None")


def test_an_index_is_made_as_it_was() -> None:
    files = filled(120)
    directory = looked_at(files)
    maker = IndexMaker(directory, files, NEW / "index", 100)
    for record in records_of(directory):
        maker.add(record)
    maker.finish()
    assert contents(files, NEW / "index") == contents(files, ROOT / "index")


@pytest.mark.parametrize("place", [1, 8, 18, 19])
@pytest.mark.parametrize("number", [0, 3, 12, 21, 1 << 40, (1 << 63) - 1])
def test_a_queue_offset_that_does_not_follow_is_not_believed(
    place: int, number: int
) -> None:
    """No checksum covers it, and a queue made up to it would fill the disk."""
    files = filled(60)
    offset, _ = records_in(files)[3 * place]
    content = files.content(segment(offset - offset % 4096))
    at = offset % 4096 + 20
    content[at : at + 8] = number.to_bytes(8)
    written = files.writes
    old, new = made(files, ("Orders", 0))
    assert contents(files, new) == contents(files, old)
    assert files.writes - written < 10


@given(st.data())
def test_no_queue_offsets_make_a_queue_larger_than_its_records(
    data: st.DataObject,
) -> None:
    files = filled(30)
    for offset, _ in records_in(files)[::3]:
        at = offset % 4096 + 20
        number = data.draw(st.integers(0, (1 << 63) - 1) | st.integers(0, 30))
        base = offset - offset % 4096
        files.content(segment(base))[at : at + 8] = number.to_bytes(8)
    _, new = made(files, ("Orders", 0))
    assert len(contents(files, new)) <= 3
