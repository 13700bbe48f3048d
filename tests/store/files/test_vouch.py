from pathlib import Path
from random import Random

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.store.files.checkpoint import Checkpoint, write_checkpoint
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.vouch import Vouch, forget_vouch, read_vouch, write_vouch
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.simulated_disk import SimulatedDisk

PATHS = StorePaths(StoreConfig(root_directory=Path("/store")))


@pytest.fixture
def files() -> FakeFiles:
    files = FakeFiles()
    for round_ in (3000, 4000, 5000):
        write_vouch(files, PATHS, vouch(round_), Checkpoint(round_, 2, 3))
    return files


def vouch(offset: int) -> Vouch:
    return Vouch(offset=offset, segment_bytes=1 << 30, queue_count=7, entry_count=900)


def test_what_was_vouched_for_is_read(files: FakeFiles) -> None:
    found = read_vouch(files, PATHS)
    assert isinstance(found, Vouch)
    assert (found.offset, found.queue_count) == (5000, 7)


def test_without_a_file_nothing_is_vouched_for(files: FakeFiles) -> None:
    files.remove(PATHS.checkpoint)
    assert read_vouch(files, PATHS) is None
    assert read_vouch(FakeFiles(), PATHS) is None


@pytest.mark.parametrize("at", [20, 25, 60, 100, 200])
def test_a_spoiled_file_is_not_believed(files: FakeFiles, at: int) -> None:
    raw = files.content(PATHS.vouch)
    raw[at] ^= 1
    assert read_vouch(files, PATHS) is None
    del raw[at:]
    assert read_vouch(files, PATHS) is None


def test_another_version_is_not_believed(files: FakeFiles) -> None:
    raw = files.content(PATHS.vouch)
    raw[:] = raw.replace(b'"version":2', b'"version":3')
    assert read_vouch(files, PATHS) is None


def test_nothing_is_believed_once_another_program_wrote_last(files: FakeFiles) -> None:
    write_checkpoint(files, PATHS.checkpoint, Checkpoint(9, 9, 9))
    assert read_vouch(files, PATHS) is None


def test_it_is_forgotten_for_good(files: FakeFiles) -> None:
    forget_vouch(files, PATHS)
    assert read_vouch(files, PATHS) is None


def test_at_no_moment_is_there_none_to_be_believed() -> None:
    disk = SimulatedDisk()
    disk.make_folder(PATHS.root)
    disk.sync_folder(PATHS.root.parent)
    moments = [0]
    for n in range(1, 5):
        write_vouch(disk, PATHS, vouch(n), Checkpoint(n, n, n))
        moments.append(disk.moment)
    for moment in range(moments[1], disk.moment + 1):
        for seed in range(8):
            found = read_vouch(disk.without_power(moment, Random(seed)), PATHS)
            assert found is not None
            done = sum(moment >= each for each in moments) - 1
            assert found.offset in {done, done + 1}
