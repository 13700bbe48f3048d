"""Views of a mapped file."""

import os
from pathlib import Path

import pytest

from twistedmq.store import mapped_view
from twistedmq.store.mapped_view import MappedView

pytestmark = pytest.mark.skipif(
    not mapped_view.is_available(), reason="needs mincore, which Linux has"
)
DATA = bytes(range(256)) * 400


@pytest.fixture
def view(tmp_path: Path) -> MappedView:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    descriptor = os.open(path, os.O_RDWR)
    try:
        return MappedView(descriptor)
    finally:
        os.close(descriptor)


def test_pieces_are_what_the_file_holds(view: MappedView) -> None:
    spans = [(0, 10), (5000, 5003), (len(DATA) - 1, len(DATA))]
    pieces = view.pieces(*zip(*spans, strict=True))
    assert pieces is not None
    assert [bytes(p) for p in pieces] == [DATA[a:b] for a, b in spans]


def test_the_first_byte_may_count_as_another(view: MappedView) -> None:
    pieces = view.pieces([1000, 1010], [1003, 1011], 1000)
    assert pieces is not None
    assert [bytes(p) for p in pieces] == [DATA[:3], DATA[10:11]]


def test_a_piece_outlives_the_view_and_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    descriptor = os.open(path, os.O_RDWR)
    pieces = MappedView(descriptor).pieces([100], [200])
    os.close(descriptor)
    path.unlink()
    assert pieces is not None
    assert bytes(pieces[0]) == DATA[100:200]


def test_what_is_behind_the_end_is_not_given(view: MappedView) -> None:
    assert view.pieces([0], [len(DATA) + 1]) is None


def test_what_is_too_far_apart_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(64 * 1024 * 1024)
    descriptor = os.open(path, os.O_RDWR)
    view = MappedView(descriptor)
    os.close(descriptor)
    assert view.pieces([0, 32 * 1024 * 1024], [1, 32 * 1024 * 1024 + 1]) is None


def test_a_page_that_is_not_in_memory_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"begin")
        file.truncate(1024 * 1024)  # nobody has asked for the holes yet
    descriptor = os.open(path, os.O_RDWR)
    view = MappedView(descriptor)
    os.close(descriptor)
    assert view.pieces([0], [5]) is not None
    assert view.pieces([0, 900_000], [5, 900_001]) is None


def test_an_empty_file_cannot_be_mapped(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    descriptor = os.open(path, os.O_RDWR)
    with pytest.raises(ValueError, match="empty"):
        MappedView(descriptor)
    os.close(descriptor)
