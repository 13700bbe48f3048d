from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.store.files.checkpoint import Checkpoint, write_checkpoint
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.vouch import Vouch, read_vouch, write_vouch
from twistedmq.testing.fake_files import FakeFiles

PATHS = StorePaths(StoreConfig(root_directory=Path("/store")))


@pytest.fixture
def files() -> FakeFiles:
    files = FakeFiles()
    write_checkpoint(files, PATHS.checkpoint, Checkpoint(1, 2, 3))
    write_vouch(files, PATHS, 5000, 1 << 30, 7, 900)
    return files


def test_what_was_vouched_for_is_read(files: FakeFiles) -> None:
    vouch = read_vouch(files, PATHS)
    assert isinstance(vouch, Vouch)
    assert (vouch.offset, vouch.queue_count) == (5000, 7)


def test_without_a_file_nothing_is_vouched_for(files: FakeFiles) -> None:
    files.remove(PATHS.checkpoint)
    assert read_vouch(files, PATHS) is None
    assert read_vouch(FakeFiles(), PATHS) is None


def test_a_torn_file_is_not_believed(files: FakeFiles) -> None:
    del files.content(PATHS.vouch)[-5:]
    assert read_vouch(files, PATHS) is None


def test_another_version_is_not_believed(files: FakeFiles) -> None:
    raw = files.content(PATHS.vouch)
    raw[:] = raw.replace(b'"version":2', b'"version":3')
    assert read_vouch(files, PATHS) is None


@pytest.mark.parametrize("checkpoint", [Checkpoint(1, 2, 3), Checkpoint(9, 9, 9)])
def test_nothing_is_believed_once_another_program_wrote_last(
    files: FakeFiles, checkpoint: Checkpoint
) -> None:
    write_checkpoint(files, PATHS.checkpoint, checkpoint)
    assert read_vouch(files, PATHS) is None
