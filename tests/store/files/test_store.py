from pathlib import Path
from typing import Any

from twistedmq.store.files.store import FileStore
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.platform import Capabilities
from twistedmq.testing.contracts.message_store import MessageStoreContract
from twistedmq.testing.contracts.replicable_log import ReplicableLogContract
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import store_context


class TestFileStore(MessageStoreContract):
    def make_files(self) -> Any:
        return RealFiles()

    def make_store(self, directory: Path) -> FileStore:
        return FileStore(
            store_context(directory, self.make_files(), wall_ms=self.wall_ms)
        )


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


class TestReplicableFiles(ReplicableLogContract):
    def make_store(self, directory: Path) -> FileStore:
        return FileStore(store_context(directory, RealFiles()))
