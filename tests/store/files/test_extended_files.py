from pathlib import Path
from struct import pack

import pytest

from twistedmq.store.files.extended_files import ExtendedFiles, is_address
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name
from twistedmq.store.queue_reading import NotResidentError
from twistedmq.testing.fake_files import FakeFiles

FOLDER = Path("/store/consumequeue_ext")
FILE_BYTES = 100
LOWEST = -(1 << 63)


@pytest.fixture
def files() -> FakeFiles:
    """Two files of units with 8 bytes of bit map: 28 bytes each, three a file."""
    made = FakeFiles()
    for base in (0, FILE_BYTES):
        file = made.open(FOLDER / "T" / "0" / file_name(base), create=True)
        for n in range(3):
            unit = pack(">hqqh8s", 28, base + n, 1_700_000_000_000, 8, b"bits bit")
            file.write(unit, 28 * n)
        file.write(b"\xff\xff", 84)
        file.resize(FILE_BYTES)
    return made


@pytest.fixture
def extended(files: FakeFiles) -> ExtendedFiles:
    made = ExtendedFiles(files, FOLDER, FILE_BYTES, OpenFiles(files, 4))
    made.load()
    return made


def test_a_hash_is_no_address() -> None:
    assert not is_address(-(1 << 31))
    assert is_address(-(1 << 31) - 1)
    assert is_address(LOWEST)


@pytest.mark.parametrize(
    ("place", "code"),
    [(0, 0), (28, 1), (56, 2), (100, 100), (156, 102), (84, None), (250, None)],
)
def test_the_tags_code_stands_in_the_unit(
    extended: ExtendedFiles, place: int, code: int | None
) -> None:
    assert extended.tags_code("T", 0, LOWEST + place, False) == code


def test_only_topics_with_units_are_asked(extended: ExtendedFiles) -> None:
    assert extended.has("T")
    assert not extended.has("U")


def test_a_filter_is_asked_about_the_real_code(extended: ExtendedFiles) -> None:
    wanted = extended.predicate("T", 0, lambda code: code in (1, 77), False)
    assert wanted(LOWEST + 28)
    assert not wanted(LOWEST + 56)
    assert wanted(77)
    assert not wanted(78)
    assert wanted(LOWEST + 250)  # whoever receives it looks again


def test_no_disk_is_waited_for_unasked(
    files: FakeFiles, extended: ExtendedFiles
) -> None:
    files.cold = True
    with pytest.raises(NotResidentError):
        extended.tags_code("T", 0, LOWEST, True)


def test_units_go_with_their_queue(files: FakeFiles, extended: ExtendedFiles) -> None:
    assert extended.tags_code("T", 0, LOWEST, False) == 0
    extended.remove_before("T", 0, LOWEST + 101)
    assert [path.name for path in files.paths()] == [file_name(FILE_BYTES)]
    assert extended.tags_code("T", 0, LOWEST, False) is None
    assert extended.set_aside("T", Path("/store/.aside/ext"))
    assert not extended.set_aside("T", Path("/store/.aside/other"))
    assert not files.is_folder(FOLDER / "T")


def test_the_units_of_one_queue_are_removed(
    files: FakeFiles, extended: ExtendedFiles
) -> None:
    assert extended.tags_code("T", 0, LOWEST, False) == 0
    extended.remove("T", 0)
    assert not files.paths()
    assert extended.tags_code("T", 0, LOWEST, False) is None
