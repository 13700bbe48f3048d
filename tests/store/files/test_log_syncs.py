from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.task import Clock

from twistedmq.config.live import Live
from twistedmq.config.store import FlushMode, StoreConfig
from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.log_syncs import LogSyncs
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name
from twistedmq.store.files.store import FileStore
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.interfaces import Durability
from twistedmq.store.kernel_syncs import KernelSyncs
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import store_context
from twistedmq.testing.workers import HeldWorkers

FOLDER = Path("/store/commitlog")
SEGMENT = 1000


class Rig:
    """A log with something in it, all of it synced so far."""

    def __init__(self) -> None:
        self.files = FakeFiles()
        self.kernel = HeldWorkers()
        self.files.syncs_by = self.kernel
        self.log = CommitLog(self.files, FOLDER, SEGMENT, OpenFiles(self.files, 4))
        self.log.load()
        self.log.append(b"begin")
        self.log.sync()
        self.config = Live(StoreConfig(flush_mode=FlushMode.SYNC))
        self.syncs = LogSyncs(self.log, self.config, self.files, Clock())
        self.ends: list[Any] = []

    def begin(self) -> bool:
        """Say whether it goes without a thread."""
        synced = self.syncs.begin()
        if synced is None:
            return False
        synced.addBoth(self.ends.append)
        return True


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_kernel_is_asked_where_somebody_waits(rig: Rig) -> None:
    rig.log.append(b"more")
    assert rig.begin()
    rig.log.append(b"later")
    rig.kernel.go_on()
    assert rig.ends == [9]


def test_where_nobody_waits_a_thread_will_do(rig: Rig) -> None:
    rig.config.set(StoreConfig(flush_mode=FlushMode.ASYNC))
    rig.log.append(b"more")
    assert not rig.begin()
    rig.config.set(StoreConfig(flush_mode=FlushMode.SYNC))
    assert rig.begin()


def test_a_new_segment_needs_a_thread_once(rig: Rig) -> None:
    rig.log.blank()
    rig.log.append(b"more")
    assert not rig.begin()
    rig.log.sync()
    rig.log.append(b"and more")
    assert rig.begin()


def test_a_segment_that_is_full_needs_a_thread(rig: Rig) -> None:
    rig.log.blank()
    assert not rig.begin()


def test_a_log_that_is_broken_is_left_to_who_says_why(rig: Rig) -> None:
    rig.log.append(b"more")
    rig.log.broken = "it cannot be cut"
    assert not rig.begin()


def test_what_was_removed_is_not_synced(rig: Rig) -> None:
    rig.log.append(b"more")
    rig.files.remove(FOLDER / file_name(0))
    rig.begin()
    rig.kernel.go_on()
    assert rig.ends[0].check(FileNotFoundError)


def test_what_the_disk_refuses_is_told(rig: Rig) -> None:
    rig.log.append(b"more")
    rig.files.fail_sync = True
    rig.begin()
    rig.kernel.go_on()
    assert rig.ends[0].check(OSError)


def test_the_kernel_is_not_asked_again_where_it_does_not_take_the_file(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_function: Any) -> Any:
        raise OSError(22, "Invalid argument")

    with monkeypatch.context() as patch:
        patch.setattr(rig.kernel, "run", refuse)
        rig.log.append(b"more")
        assert not rig.begin()
    assert not rig.begin()


def test_where_the_kernel_does_not_do_it_a_thread_has_to(rig: Rig) -> None:
    rig.files.syncs_by = None
    rig.log.append(b"more")
    assert not rig.begin()


def test_after_the_stop_nothing_is_begun(rig: Rig) -> None:
    rig.log.append(b"more")
    rig.syncs.stop()
    assert not rig.begin()


def has_kernel_syncs() -> bool:
    readers = IReactorFDSet(reactor).getReaders()
    return any(isinstance(reader, KernelSyncs) for reader in readers)


@pytest_twisted.inlineCallbacks
def test_a_store_on_a_real_disk_says_when_it_is_safe(tmp_path: Path) -> Any:
    context = store_context(tmp_path, flush_mode=FlushMode.SYNC)
    context.reactor = reactor
    probe = RealFiles().kernel_syncs(reactor)
    if probe is not None:
        probe.stop()
    store = FileStore(context)
    store.start()
    yield store.ready
    try:
        for _ in range(3):
            end = store.append(batch_of([Told()])).end
            safe = store.safe(end)
            # The first segment needs a thread, and those are not waited for here.
            assert safe is None or (yield safe) is Durability.DISK
            assert store.status()["flushed_offset"] == end
        assert has_kernel_syncs() == (probe is not None)
    finally:
        yield store.stop()
    assert not has_kernel_syncs()
