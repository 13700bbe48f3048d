from pathlib import Path

import pytest
from offline_kit import ROOT, filled, genuine, looked_at, queue_file, segment

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.offline.directory import StoreDirectory
from twistedmq.testing.fake_files import FakeFiles


def test_sizes_are_found_by_looking() -> None:
    directory = looked_at(filled(200, queue_file_bytes=400))
    assert directory.segment_bytes == 4096
    assert directory.plain_file_bytes == 400
    assert len(directory.segments) > 5
    folder = directory.queues["Orders", 1]
    assert folder.bases == [0, 400, 800, 1200]
    assert folder.name == "Orders/1"
    assert not folder.wrong_sizes


def test_a_file_of_another_size_is_noticed() -> None:
    files = filled(200, queue_file_bytes=400)
    del files.content(queue_file(1, 400))[100:]
    folder = looked_at(files).queues["Orders", 1]
    assert folder.file_bytes == 400
    assert folder.wrong_sizes == [(f"{400:020d}", 100)]


def test_one_cut_segment_is_measured_by_what_was_vouched_for() -> None:
    files = filled(5)
    del files.content(segment())[1000:]
    assert looked_at(files).segment_bytes == 4096
    files.remove(ROOT / "twistedmq.vouch")
    assert looked_at(files).segment_bytes == 1000


def test_what_a_genuine_broker_wrote_is_found() -> None:
    files, manifest = genuine("clean")
    directory = looked_at(files)
    config = manifest["config"]
    assert directory.segment_bytes == config["mappedFileSizeCommitLog"]
    assert directory.plain_file_bytes == config["mappedFileSizeConsumeQueue"]
    assert directory.batch_file_bytes == config["mapperFileSizeBatchConsumeQueue"]
    assert directory.queues["Bcq", 0].is_batch
    assert directory.queues["Bcq", 0].entry_bytes == 46
    assert len(directory.index_files) == 3
    assert not directory.has_abort
    assert directory.vouch is None


def test_a_log_in_several_folders_is_put_together() -> None:
    files = filled(100)
    for base in (0, 8192):
        files.rename(segment(base), Path("/disk2/log") / segment(base).name)
    directory = StoreDirectory(files, ROOT, [ROOT / "commitlog", Path("/disk2/log")])
    assert [s.base for s in directory.segments][:3] == [0, 4096, 8192]
    assert directory.segments[0].path.parent == Path("/disk2/log")


@pytest.mark.parametrize(
    ("marks", "named"),
    [
        (["consumequeue_r/CURRENT", "consumequeue_r/MANIFEST-1"], "RocksDB"),
        (["CURRENT", "MANIFEST-1"], "RocksDB"),
        (["dledger-n0/data/1"], "DLedger"),
    ],
)
def test_foreign_stores_are_named(marks: list[str], named: str) -> None:
    files = filled(3)
    for mark in marks:
        files.open(ROOT / mark, create=True)
    with pytest.raises(StoreOpenError, match=named):
        looked_at(files)


def test_what_is_no_store_is_refused() -> None:
    with pytest.raises(StoreOpenError, match="no commit log"):
        looked_at(FakeFiles())


def test_a_spoiled_vouching_file_is_none() -> None:
    files = filled(3)
    files.content(ROOT / "twistedmq.vouch")[:] = b"{"
    assert looked_at(files).vouch is None
