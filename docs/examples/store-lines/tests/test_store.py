from pathlib import Path
from typing import Any

import pytest
from rmq_store_lines.store import LinesStore

from twistedmq.store.errors import StoreOpenError
from twistedmq.testing import Told
from twistedmq.testing.contracts import (
    MessageStoreContract,
    StoreLifeContract,
    value_of,
)


class TestLinesStore(MessageStoreContract):
    def make_store(self, directory: Path) -> LinesStore:
        return LinesStore(self.context(directory), directory / "messages.jsonl")


class TestLifeOfLines(StoreLifeContract):
    def make_store(self, directory: Path) -> LinesStore:
        return LinesStore(self.context(directory), directory / "messages.jsonl")

    def open_small(self, directory: Path) -> LinesStore:
        store = self.make_store(directory)
        store.start()
        value_of(store.ready)
        store._file = FullAfter(store._file, 5000)
        return store

    @pytest.mark.parametrize("lost", [1, 2, 100])
    def test_a_torn_line_goes(self, tmp_path: Path, lost: int) -> None:
        path = tmp_path / "messages.jsonl"
        store = self.open(tmp_path)
        self.append(store, Told())
        self.append(store, Told(), Told())
        value_of(store.stop())
        path.write_bytes(path.read_bytes()[:-lost])
        again = self.open(tmp_path)
        assert self.append(again, Told()).queue_offsets == [1]
        value_of(again.stop())
        assert self.open(tmp_path).queue_bounds("Orders", 0) == (0, 2)

    def test_a_file_of_somebody_else_is_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "messages.jsonl"
        path.write_bytes(b"\xffDear diary\n")
        store = self.stopped_in_the_end(self.make_store(tmp_path))
        store.start()
        with pytest.raises(StoreOpenError):
            value_of(store.ready)
        assert path.read_bytes() == b"\xffDear diary\n"


class FullAfter:
    """A file on a disk that takes so many bytes more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> int:
        written: int = self._file.write(data[: self._room])
        self._room -= written
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
