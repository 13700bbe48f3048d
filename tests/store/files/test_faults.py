"""Disks that are full, fail or are taken away: what is refused, said, and made good."""

import errno
from pathlib import Path
from random import Random
from typing import Any

import pytest
from power_loss import everything

from twistedmq.config.store import FlushMode
from twistedmq.store.errors import DamagedEntryError, StoreOpenError
from twistedmq.store.files.paths import file_name
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store, store_context

ROOT = Path("/store")
LOG = ROOT / "commitlog" / file_name(0)


class Rig:
    """A store on a disk that fails on demand; counts what it acknowledged."""

    def __init__(self, mode: FlushMode = FlushMode.SYNC) -> None:
        self.files = FakeFiles()
        self.mode = mode
        self.context = store_context(ROOT, self.files, flush_mode=mode)
        self.store = FileStore(self.context)
        self.store.start()
        value_of(self.store.ready)
        self.acked: list[int] = []
        self.refusals: list[str] = []
        self.sent = 0

    def send(self) -> bool:
        """Store one message; says whether it was acknowledged."""
        self.sent += 1
        told = Told(
            queue_id=self.sent % 3, body=b"%d" % self.sent * 30, keys=f"k{self.sent}"
        )
        try:
            appended = self.store.append(batch_of([told]))
        except StoreFullError as error:
            self.refusals.append(str(error))
            return False
        waiting = self.store.safe(appended.end)
        outcomes: list[Any] = [None]
        if waiting is not None:
            outcomes.clear()
            waiting.addBoth(outcomes.append)
        if outcomes and getattr(outcomes[0], "check", None):
            self.refusals.append(outcomes[0].getErrorMessage())
            return False
        self.acked += appended.physical_offsets
        return True

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self.context.reactor.advance(0.1)

    def heal(self) -> None:
        self.files.fail_sync = self.files.read_only = False
        self.files.room_bytes = self.files.fail_write = None

    def after_power_loss(self) -> list[int]:
        """Give the physical offsets that are served when power comes back."""
        self.files.kill_power()
        again = open_store(ROOT, self.files, flush_mode=self.mode)
        found = everything(again)
        for place, (record, _) in found.items():
            assert place == (record.topic, record.queue_id, record.queue_offset)
        return sorted(record.physical_offset for record, _ in found.values())


@pytest.fixture
def rig() -> Rig:
    return Rig()


def full(files: FakeFiles) -> None:
    files.room_bytes = 40


def failing_writes(files: FakeFiles) -> None:
    files.fail_write = errno.EIO


def failing_syncs(files: FakeFiles) -> None:
    files.fail_sync = True


def read_only(files: FakeFiles) -> None:
    files.read_only = True


FAULTS = (full, failing_writes, failing_syncs, read_only)
WORDS = {
    full: "is full (10 % used",
    failing_writes: "Input/output error",
    failing_syncs: "sync failed",
    read_only: "Read-only file system",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_acknowledged_and_it_comes_back_by_itself(
    rig: Rig, fault: Any
) -> None:
    for _ in range(10):
        assert rig.send()
    fault(rig.files)
    for _ in range(5):
        assert not rig.send()
        rig.wait(2)
    assert any(WORDS[fault] in text for text in rig.refusals)
    assert len(everything(rig.store)) >= 10
    rig.heal()
    rig.wait(20)
    for _ in range(10):
        assert rig.send()
    rig.wait(30)
    assert rig.store.status()["problem"] is None
    assert set(rig.acked) <= set(rig.after_power_loss())


def test_a_failed_sync_followed_by_a_good_one_proves_nothing(
    rig: Rig, logged: Any
) -> None:
    assert rig.send()
    rig.files.fail_sync = True
    assert not rig.send()
    rig.files.fail_sync = False
    assert not rig.send()  # not before it was written again
    rig.wait(5.1)
    assert logged("well again")
    assert rig.send()
    left = rig.after_power_loss()
    assert set(rig.acked) <= set(left)
    assert len(left) == 3  # the refused one too: it had been written, and was again


def test_queues_whose_sync_failed_are_not_vouched_for_by_the_next(
    logged: Any,
) -> None:
    rig = Rig(FlushMode.ASYNC)
    for _ in range(30):
        rig.send()
    served = everything(rig.store)
    value_of(rig.store._flusher.flush(rig.store._commit_log.end))  # type: ignore[arg-type]
    rig.files.fail_sync = True
    rig.wait(10.1)
    assert logged("could not be synced", "sync failed")
    rig.files.fail_sync = False
    rig.wait(10.1)
    assert logged("synced again")
    assert rig.store._voucher.vouched == rig.store._commit_log.end
    rig.files.kill_power()
    again = open_store(ROOT, rig.files)
    assert again.status()["vouched_offset"] == -1 or everything(again) == served
    assert everything(again) == served
    hits = value_of(again.query("Orders", "k7", 9, 0, 1 << 60, ""))
    assert len(hits.physical_offsets) == 1


@pytest.mark.parametrize("mode", FlushMode)
@pytest.mark.parametrize("seed", range(25))
def test_faults_come_and_go(seed: int, mode: FlushMode) -> None:
    random = Random(seed)
    rig = Rig(mode)
    for _ in range(40):
        chance = random.random()
        if chance < 0.2:
            random.choice(FAULTS)(rig.files)
        elif chance < 0.4:
            rig.heal()
        elif chance < 0.6:
            rig.wait(random.choice((0.1, 1, 6, 11)))
        else:
            rig.send()
    assert len(everything(rig.store)) >= len(rig.acked)
    rig.heal()
    rig.wait(40)
    assert rig.send()
    if mode is FlushMode.ASYNC:
        rig.wait(1)
    assert set(rig.acked) <= set(rig.after_power_loss())


def test_a_log_file_removed_underfoot_is_noticed(rig: Rig, logged: Any) -> None:
    assert rig.send()
    rig.files.remove(LOG)
    assert not rig.send()
    assert logged(str(LOG), "removed while it was in use")
    assert len(everything(rig.store)) == 2


def test_queue_files_removed_underfoot_are_made_anew_at_the_next_start() -> None:
    rig = Rig()
    for _ in range(200):
        assert rig.send()
    value_of(rig.store._voucher.vouch())
    rig.files.remove(ROOT / "consumequeue" / "Orders" / "1")
    rig.store._open.clear()
    bounds = rig.store.queue_bounds("Orders", 1)
    with pytest.raises(DamagedEntryError, match="Orders/1 at queue offset 0"):
        rig.store.read_queue("Orders", 1, 0, 9, 9999, None, None)
    assert rig.send()
    assert rig.store.queue_bounds("Orders", 0)[1] + bounds[1] > 0
    assert set(rig.after_power_loss()) == set(rig.acked)


def test_a_directory_that_cannot_be_written_is_refused_at_the_start() -> None:
    files = FakeFiles()
    value_of(open_store(ROOT, files).stop())
    files.read_only = True
    with pytest.raises(StoreOpenError, match="not writable: Read-only file system"):
        open_store(ROOT, files)
