from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.store.files.checkpoint import Checkpoint, write_checkpoint
from twistedmq.store.files.layout import Layout
from twistedmq.store.files.vouch import Vouch, read_vouch, write_vouch
from twistedmq.testing.fake_files import FakeFiles

LAYOUT = Layout(StoreConfig(root_directory=Path("/store")))


@pytest.fixture
def files() -> FakeFiles:
    files = FakeFiles()
    write_checkpoint(files, LAYOUT.checkpoint, Checkpoint(1, 2, 3))
    write_vouch(files, LAYOUT, 5000, 1 << 30, 7)
    return files


def test_what_was_vouched_for_is_read(files: FakeFiles) -> None:
    vouch = read_vouch(files, LAYOUT)
    assert isinstance(vouch, Vouch)
    assert (vouch.offset, vouch.queue_count) == (5000, 7)


def test_without_a_file_nothing_is_vouched_for(files: FakeFiles) -> None:
    files.remove(LAYOUT.checkpoint)
    assert read_vouch(files, LAYOUT) is None
    assert read_vouch(FakeFiles(), LAYOUT) is None


def test_a_torn_file_is_not_believed(files: FakeFiles) -> None:
    del files.content(LAYOUT.vouch)[-5:]
    assert read_vouch(files, LAYOUT) is None


def test_another_version_is_not_believed(files: FakeFiles) -> None:
    raw = files.content(LAYOUT.vouch)
    raw[:] = raw.replace(b'"version":1', b'"version":2')
    assert read_vouch(files, LAYOUT) is None


@pytest.mark.parametrize("checkpoint", [Checkpoint(1, 2, 3), Checkpoint(9, 9, 9)])
def test_nothing_is_believed_once_another_program_wrote_last(
    files: FakeFiles, checkpoint: Checkpoint
) -> None:
    write_checkpoint(files, LAYOUT.checkpoint, checkpoint)
    assert read_vouch(files, LAYOUT) is None
