"""What lies behind a broken place of the log."""

from pathlib import Path
from typing import Any

import pytest
from power_loss import everything

from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.damage import look_behind, next_whole
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name
from twistedmq.store.files.store import FileStore
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store, store_context

ROOT = Path("/store")
SEGMENT = 64 * 1024


class Rig:
    """A log of records, the store over it abandoned."""

    def __init__(self, count: int = 200) -> None:
        self.files = FakeFiles()
        store = open_store(ROOT, self.files)
        self.places = [
            store.append(batch_of([Told(body=b"\xda\xa3\x20\xa7" * 200)]))
            for _ in range(count)
        ]
        self.offsets = [place.physical_offsets[0] for place in self.places]
        self.end = self.places[-1].end
        self.served = everything(store)
        self.files.kill_program()
        self.log = CommitLog(
            self.files, ROOT / "commitlog", SEGMENT, OpenFiles(self.files, 4)
        )
        self.log.load()

    def spoil(self, offset: int, size: int = 1) -> None:
        base = offset - offset % SEGMENT
        data = self.files.content(ROOT / "commitlog" / file_name(base))
        for at in range(offset - base, offset - base + size):
            data[at] ^= 0xFF


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_the_next_whole_record_is_found_over_ends_of_segments(rig: Rig) -> None:
    for n in (1, 60, 199):
        found = next_whole(rig.log, rig.offsets[n - 1] + 1)
        assert found is not None
        assert found.physical_offset == rig.offsets[n]
    assert next_whole(rig.log, rig.offsets[-1] + 1) is None
    assert next_whole(rig.log, rig.end) is None


def test_what_is_behind_is_counted(rig: Rig) -> None:
    rig.spoil(rig.offsets[10])
    rig.spoil(rig.offsets[20] + 200)
    behind = look_behind(rig.log, rig.offsets[10])
    assert behind.first is not None
    assert behind.first.physical_offset == rig.offsets[11]
    assert (behind.end, behind.count) == (rig.end, 188)


def test_zeros_are_nothing(rig: Rig) -> None:
    behind = look_behind(rig.log, rig.end)
    assert (behind.end, behind.first, behind.count) == (rig.end, None, 0)


def test_what_was_never_synced_is_cut_and_counted(rig: Rig, logged: Any) -> None:
    rig.spoil(rig.offsets[150] + 100)
    rig.files.boots += 1
    again = everything(open_store(ROOT, rig.files))
    assert len(again) == 150
    told_bytes = rig.end - rig.offsets[150]
    assert logged(
        f"cut at {rig.offsets[150]}", f"{told_bytes} bytes", "49 whole records"
    )


def test_nothing_is_cut_that_was_written_since_the_machine_began(
    rig: Rig, logged: Any
) -> None:
    rig.spoil(rig.offsets[150] + 100)
    again = everything(open_store(ROOT, rig.files))
    assert again.keys() == rig.served.keys() - {("Orders", 0, 150)}
    assert logged(f"damaged from {rig.offsets[150]} to {rig.offsets[151]}")


def test_what_was_on_the_disk_by_the_checkpoint_is_not_cut(logged: Any) -> None:
    files = FakeFiles()
    now_ms = [1_700_000_000_000]
    store = FileStore(store_context(ROOT, files, wall_ms=lambda: now_ms[0]))
    store.start()
    ends = []
    for n in range(100):
        ends.append(store.append(batch_of([Told(body=b"%d" % n * 50)])).end)
        now_ms[0] += 200
    value_of(store._voucher.vouch())
    served = everything(store)
    files.kill_program()
    files.remove(ROOT / "twistedmq.vouch")
    files.content(ROOT / "commitlog" / file_name(0))[ends[20] + 100] ^= 1
    again = everything(open_store(ROOT, files))
    assert len(again) == 99
    assert again.items() <= served.items()
    assert ("Orders", 0, 21) not in again
    assert logged(f"damaged from {ends[20]} to {ends[21]}")
