"""Offsets on disk."""

import os
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.offsets.fragments import decode_offsets
from twistedmq.broker.offsets.keeper import LONGEST_WRITING_MS, OffsetKeeper
from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.testing.workers import HeldWorkers, InlineWorkers

NOW_MS = 1_700_000_000_000


class Kept:
    """A table with its keeper."""

    def __init__(self, path: Path) -> None:
        self.clock, self.path = Clock(), path
        self.config = Live(OffsetConfig())
        self.wall_ms = 17
        self.table = OffsetTable(self.config, lambda: self.wall_ms)
        self.workers: InlineWorkers | HeldWorkers = InlineWorkers()

    def keeper(self) -> OffsetKeeper:
        file = AtomicJsonFile(RealFiles(), self.path)
        return OffsetKeeper(self.clock, self.table, file, self.workers, self.config)

    def on_disk(self) -> dict[tuple[str, str], dict[int, int]]:
        return decode_offsets(self.path.read_bytes())[0]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "consumerOffset.json")


def test_changes_are_written_every_five_seconds(kept: Kept) -> None:
    kept.keeper().startService()
    kept.table.commit("G", "T", 0, 5)
    kept.clock.advance(4.9)
    assert not kept.path.exists()
    kept.clock.advance(0.1)
    assert kept.on_disk() == {("T", "G"): {0: 5}}


def test_nothing_is_written_when_nothing_changed(kept: Kept) -> None:
    kept.keeper().startService()
    kept.clock.pump([5.0] * 3)
    assert not kept.path.exists()


def test_stopping_writes_what_is_left(kept: Kept) -> None:
    keeper = kept.keeper()
    keeper.startService()
    kept.table.commit("G", "T", 0, 5)
    assert keeper.stopService().called
    assert kept.on_disk() == {("T", "G"): {0: 5}}
    assert kept.clock.getDelayedCalls() == []


def test_what_was_kept_is_loaded_and_kept_on(kept: Kept) -> None:
    kept.table.commit("G", "T", 0, 5)
    kept.keeper().flush()
    again = Kept(kept.path)
    keeper = again.keeper()
    keeper.load()
    assert again.table.query("G", "T", 0) == 5
    again.table.commit("H", "T", 0, 6)
    keeper.flush()
    assert again.on_disk() == {("T", "G"): {0: 5}, ("T", "H"): {0: 6}}


def test_a_torn_file_gives_way_to_its_backup(kept: Kept) -> None:
    keeper = kept.keeper()
    for offset in (5, 6):
        kept.table.commit("G", "T", 0, offset)
        keeper.flush()
    kept.path.write_bytes(b'{"offsetTable":{"T@')
    again = Kept(kept.path)
    again.keeper().load()
    assert again.table.query("G", "T", 0) == 5


def test_writes_do_not_overlap_and_none_is_lost(kept: Kept) -> None:
    kept.workers = workers = HeldWorkers()
    keeper = kept.keeper()
    keeper.startService()
    kept.table.commit("G", "T", 0, 5)
    kept.clock.advance(5)
    kept.table.commit("G", "T", 0, 6)
    kept.clock.advance(5)
    assert workers.waiting == 1
    stopped = keeper.stopService()
    assert not stopped.called
    workers.go_on_all()
    assert stopped.called
    assert kept.on_disk() == {("T", "G"): {0: 6}}


def test_a_failed_write_is_made_up_for(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = kept.keeper()
    kept.table.commit("G", "T", 0, 5)

    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(AtomicJsonFile, "save_now", full)
        assert keeper.flush().called
    assert kept.table.has_changes
    keeper.flush()
    assert kept.on_disk() == {("T", "G"): {0: 5}}


def test_light_queues_begin_with_the_offsets_of_before(
    kept: Kept, tmp_path: Path
) -> None:
    kept.table.commit("G", "T", 0, 5)
    kept.keeper().flush()
    table = OffsetTable(kept.config, lambda: 17)
    path = tmp_path / "lmqConsumerOffset.json"
    files = RealFiles()
    keeper = OffsetKeeper(
        kept.clock,
        table,
        AtomicJsonFile(files, path),
        kept.workers,
        kept.config,
        AtomicJsonFile(files, kept.path),
    )
    keeper.load()
    assert table.query("G", "T", 0) == 5
    table.commit("%LMQ%g", "%LMQ%a", 0, 7)
    keeper.flush()
    assert decode_offsets(path.read_bytes())[0] == {
        ("T", "G"): {0: 5},
        ("%LMQ%a", "%LMQ%g"): {0: 7},
    }
    assert kept.on_disk() == {("T", "G"): {0: 5}}


def as_of_ms(path: Path, written_ms: int) -> int | None:
    os.utime(path, ns=(0, written_ms * 1_000_000))
    keeper = Kept(path.parent / "consumerOffset.json").keeper()
    keeper.load()
    return keeper.as_of_ms


def test_it_says_of_when_offsets_are_that_were_written_later(kept: Kept) -> None:
    kept.wall_ms, kept.workers = NOW_MS, HeldWorkers()
    kept.table.commit("G", "T", 0, 5)
    kept.keeper().flush()
    kept.wall_ms += 4_000  # a slow disk
    kept.workers.go_on_all()
    assert as_of_ms(kept.path, kept.wall_ms) == NOW_MS
    assert as_of_ms(kept.path, NOW_MS - 1_000) == NOW_MS - 1_000  # the clock was set
    # the genuine broker leaves the time of an earlier change
    written_ms = NOW_MS + 86_400_000
    assert as_of_ms(kept.path, written_ms) == written_ms - LONGEST_WRITING_MS


def test_between_two_renames_there_is_the_backup(kept: Kept) -> None:
    kept.wall_ms = NOW_MS
    kept.table.commit("G", "T", 0, 5)
    kept.keeper().flush()
    backup = kept.path.rename(kept.path.with_name("consumerOffset.json.bak"))
    assert as_of_ms(backup, NOW_MS + 3) == NOW_MS


def test_offsets_that_were_never_kept_are_of_no_time(kept: Kept) -> None:
    keeper = kept.keeper()
    keeper.load()
    assert keeper.as_of_ms is None
