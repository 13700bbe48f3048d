from pathlib import Path
from typing import Any

import pytest

from twistedmq.store.files.store import FileStore
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.memory_index import MemoryIndex
from twistedmq.store.platform import Capabilities
from twistedmq.testing import FakeFiles, Told
from twistedmq.testing.contracts import (
    MessageStoreContract,
    QueueKindsContract,
    ReplicableLogContract,
    StoreCase,
    StoreLifeContract,
    value_of,
)


class OverFiles(StoreCase):
    def make_files(self) -> Any:
        return RealFiles()

    def make_store(self, directory: Path) -> FileStore:
        return FileStore(self.context(directory, files=self.make_files()))


class TestFileStore(OverFiles, MessageStoreContract):
    pass


class TestFileStoreOverFakes(TestFileStore):
    def make_files(self) -> Any:
        return FakeFiles()


class TestFileStoreOnTheOrdinaryPath(TestFileStore):
    def make_files(self) -> Any:
        return RealFiles(Capabilities.ordinary())


class TestColdFileStore(TestFileStore):
    def make_files(self) -> Any:
        files = FakeFiles()
        files.cold = True
        return files


class TestLifeOfFiles(OverFiles, StoreLifeContract):
    def open_small(self, directory: Path) -> FileStore:
        files = FakeFiles()
        store = FileStore(self.context(directory, files=files))
        store.start()
        value_of(store.ready)
        files.room_bytes = 5000
        return store

    def make_room(self, store: Any) -> bool:
        store._files.room_bytes = None
        store._context.reactor.advance(1)
        return True


class TestReplicableFiles(OverFiles, ReplicableLogContract):
    pass


class TestQueueKindsInFiles(OverFiles, QueueKindsContract):
    pass


class TestQueueKindsWhenCold(TestQueueKindsInFiles):
    @pytest.fixture(autouse=True)
    def cold(self) -> None:
        self.files = FakeFiles()
        self.files.cold = True

    def make_files(self) -> Any:
        return self.files


class TestAnotherIndex(OverFiles, StoreCase):
    @pytest.mark.parametrize("enabled", [True, False])
    def test_the_index_of_the_context_is_used(
        self, tmp_path: Path, enabled: bool
    ) -> None:
        index = MemoryIndex()
        context = self.context(tmp_path, index_enabled=enabled)
        context.index = lambda context: index
        store = FileStore(context)
        store.start()
        value_of(store.ready)
        self.append(store, Told(keys="a"))
        assert self.find(store, "a") == ([0] if enabled else [])
        value_of(store.stop())
        assert (index.indexed_offset() == 0) is enabled
        assert not list((tmp_path / "index").glob("*"))
