from collections.abc import Callable
from pathlib import Path

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.store.files.deletions import Deletions
from twistedmq.store.files.paths import StorePaths
from twistedmq.testing.fake_files import FakeFiles

PATHS = StorePaths(StoreConfig(root_directory=Path("/store")))


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


def loaded(files: FakeFiles) -> dict[str, int]:
    deletions = Deletions(files, PATHS)
    deletions.load()
    return deletions.gone


def test_what_is_deleted_is_known_after_a_kill(files: FakeFiles) -> None:
    assert loaded(files) == {}
    deletions = Deletions(files, PATHS)
    deletions.note("T", 100)
    deletions.note("U", 200)
    deletions.note("T", 300)
    assert loaded(files) == {"T": 300, "U": 200}


def test_what_is_vouched_for_is_forgotten_and_nothing_that_came_since(
    files: FakeFiles,
) -> None:
    deletions = Deletions(files, PATHS)
    deletions.note("T", 100)
    deletions.note("U", 100)
    known = dict(deletions.gone)
    deletions.note("T", 150)
    deletions.vouched(known)
    assert loaded(files) == deletions.gone == {"T": 150}
    deletions.vouched({"T": 150})
    assert files.size(PATHS.deletions) is None


def test_what_is_stored_where_the_log_was_cut_is_new(files: FakeFiles) -> None:
    deletions = Deletions(files, PATHS)
    deletions.note("T", 100)
    deletions.note("U", 50)
    deletions.cut(70)
    assert loaded(files) == {"T": 70, "U": 50}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"topics":{"T":"x"}}'])
def test_a_part_of_a_file_is_nothing(files: FakeFiles, content: bytes) -> None:
    files.open(PATHS.deletions, create=True).write(content, 0)
    assert loaded(files) == {}


def test_after_the_machine_stopped_it_is_not_believed(files: FakeFiles) -> None:
    deletions = Deletions(files, PATHS)
    deletions.note("T", 100)
    deletions.forget()
    assert deletions.gone == loaded(files) == {}


def test_a_full_disk_keeps_nobody_from_deleting(
    files: FakeFiles, logged: Callable[..., bool]
) -> None:
    files.room_bytes = 0
    deletions = Deletions(files, PATHS)
    deletions.note("T", 100)
    assert deletions.gone == {"T": 100}
    assert logged("twistedmq.deletions cannot be written: no space left", "killed")
