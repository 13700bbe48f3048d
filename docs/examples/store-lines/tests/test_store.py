from pathlib import Path
from typing import Any

from rmq_store_lines.store import LinesStore

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
