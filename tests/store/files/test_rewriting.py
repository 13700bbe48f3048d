"""After a failed sync: the end of the log is written once more."""

from pathlib import Path

import pytest

from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name
from twistedmq.store.files.rewriting import write_again
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
FOLDER = ROOT / "commitlog"
SEGMENT = 64 * 1024


class Rig:
    """A log of some segments, the end of which no sync has covered."""

    def __init__(self) -> None:
        self.files = FakeFiles()
        store = open_store(ROOT, self.files)
        bodies = [b"%d" % n * 500 for n in range(100, 300)]
        appended = [store.append(batch_of([Told(body=body)])) for body in bodies]
        self.offsets = [each.physical_offsets[0] for each in appended]
        self.end = appended[-1].end
        value_of(store.stop())
        self.log = CommitLog(self.files, FOLDER, SEGMENT, OpenFiles(self.files, 4))
        self.log.load()
        self.log.set_end(self.end)
        self.before = self.bytes_of_log()
        for path in self.files.paths():
            if path.parent == FOLDER and int(path.name) > self.offsets[50] - SEGMENT:
                self.files.forget_synced(path)

    def bytes_of_log(self) -> list[bytes]:
        return [
            bytes(self.files.content(path))
            for path in self.files.paths()
            if path.parent == FOLDER
        ]


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_all_of_it_is_on_the_disk_then(rig: Rig) -> None:
    assert write_again(rig.log, 0) == rig.end
    assert rig.bytes_of_log() == rig.before
    rig.files.kill_power()
    assert rig.bytes_of_log() == rig.before


def test_syncing_alone_would_not_do(rig: Rig) -> None:
    rig.log.reopen(0)
    assert rig.log.sync() == rig.end
    rig.files.kill_power()
    assert rig.bytes_of_log() != rig.before


def test_only_what_follows_the_last_good_sync_is_written(rig: Rig) -> None:
    rig.files.bytes_read = 0
    write_again(rig.log, rig.offsets[190])
    assert rig.files.bytes_read == rig.end - rig.offsets[190]


def test_what_cannot_be_read_back_is_not_called_safe(rig: Rig) -> None:
    bad = rig.offsets[150]
    rig.files.content(FOLDER / file_name(bad - bad % SEGMENT))[bad % SEGMENT + 99] ^= 1
    with pytest.raises(OSError, match=f"cannot be read back at {bad}"):
        write_again(rig.log, 0)


def test_a_record_larger_than_a_piece(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twistedmq.store.files.rewriting._CHUNK_BYTES", 100)
    assert write_again(rig.log, rig.offsets[100]) == rig.end


def test_a_log_whose_end_was_not_restored_is_mended(rig: Rig) -> None:
    rig.files.fail_write = 5
    rig.files.read_only = True
    with pytest.raises(OSError, match=r"Input/output|Read-only"):
        rig.log.append(b"torn")
    assert rig.log.broken
    with pytest.raises(OSError, match="Read-only"):
        write_again(rig.log, 0)
    rig.files.fail_write, rig.files.read_only = None, False
    assert write_again(rig.log, 0) == rig.end
    assert rig.log.broken is None


def test_a_file_that_was_removed_is_named(rig: Rig) -> None:
    rig.files.remove(FOLDER / file_name(0))
    with pytest.raises(FileNotFoundError, match=file_name(0)):
        write_again(rig.log, 0)
