from pathlib import Path
from struct import pack

import pytest

from twistedmq.protocol.properties import tags_code
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import StorePaths, file_name
from twistedmq.store.files.queue_kinds import QueueKinds
from twistedmq.store.interfaces import ReadStatus
from twistedmq.store.queue_state import ENTRY, BatchQueueState, QueueTable
from twistedmq.testing import FakeFiles, Told, batch_of, store_context
from twistedmq.testing.contracts import QueueIndexContract, value_of
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
FAR = 1 << 60


def make(files: FakeFiles, *batch_topics: str, root: Path = ROOT) -> QueueKinds:
    context = store_context(root, files, batch_topics=batch_topics)
    paths = StorePaths(context.config.value)
    return QueueKinds.of(context, paths, OpenFiles(files, 8))


class TestQueueKinds(QueueIndexContract):
    @pytest.fixture(autouse=True)
    def in_memory(self) -> None:
        self.files = FakeFiles()

    def make_index(self, directory: Path) -> QueueKinds:
        return make(self.files, "B", root=directory)


def test_both_kinds_are_kept_side_by_side() -> None:
    files = FakeFiles()
    kinds, queues = make(files, "B"), QueueTable()
    queues.batch_topics = {"B"}
    plain, batch = queues["T", 0], queues["B", 0]
    assert isinstance(batch, BatchQueueState)
    plain.tail += ENTRY.pack(10, 5, 0)
    plain.next_offset = 1
    for n in range(45):
        batch.add(100 + n, 1, 0, 9, 3 * n, 3)
    kinds.write(plain)
    kinds.write(batch)
    written = kinds.unsynced()
    assert len(written) == 4
    kinds.sync(written)
    assert files.syncs == 4
    again = make(files)
    found = again.load(FAR, 0)
    assert found.batch_topics == {"B"}
    assert found["B", 0].next_offset == 135
    assert again.end_of_last_records(found) == 145
    assert again.first_from(found["B", 0], 120) == 60
    assert len(again.expired("B", 0, FAR)) == 2
    again.remove(again.expired("B", 0, FAR)[0])
    again.cut(found["B", 0], 130)
    assert found["B", 0].next_offset == 90
    del found["T", 0]
    assert again.end_of_last_records(found) == 0  # the plain ones are made anew
    assert again.set_aside("B", ROOT / ".aside")
    assert not again.set_aside("B", ROOT / ".aside2")


def test_plain_entries_of_a_batch_topic_are_dropped() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    store.append(batch_of([Told("B")]))
    value_of(store.stop())
    assert make(files, "B").load(FAR, 0) == {}
    assert not files.list(ROOT / "consumequeue" / "B" / "0")


@pytest.fixture
def extended() -> FakeFiles:
    """A store whose entries have addresses for tags codes, but for the last."""
    files = FakeFiles()
    store = open_store(ROOT, files)
    store.append(batch_of([Told(tag=tag) for tag in ("a", "b", "a", "b")]))
    value_of(store.stop())
    units = files.open(ROOT / "consumequeue_ext/Orders/0" / file_name(0), create=True)
    entries = files.open(ROOT / "consumequeue/Orders/0" / file_name(0))
    for n, tag in enumerate(("a", "b", "a")):
        units.write(pack(">hqqh4x", 24, tags_code(tag), 1, 4), 24 * n)
        entries.write((24 * n - (1 << 63)).to_bytes(8, signed=True), 20 * n + 12)
    return files


def test_tags_behind_addresses_are_found(extended: FakeFiles) -> None:
    store = open_store(ROOT, extended)
    codes = [entry.tags_code for entry in store.entries("Orders", 0, 0, 9)]
    assert codes == [tags_code(tag) for tag in ("a", "b", "a", "b")]
    is_b = tags_code("b").__eq__
    read = value_of(store.read_queue("Orders", 0, 0, 9, 1 << 20, is_b, None))
    assert (read.status, read.count) == (ReadStatus.FOUND, 2)
    read = value_of(store.read_queue("Orders", 0, 0, 9, 1 << 20, None, None))
    assert read.count == 4


def test_units_go_with_their_topic(extended: FakeFiles) -> None:
    store = open_store(ROOT, extended)
    store.delete_topic("Orders")
    assert not [path for path in extended.paths() if "Orders" in path.parts]
