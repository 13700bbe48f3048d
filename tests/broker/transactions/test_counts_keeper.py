from pathlib import Path

import pytest
from twisted.internet.task import Clock

from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.counts_keeper import CountsKeeper
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile


class Kept:
    def __init__(self, path: Path) -> None:
        self.clock, self.path = Clock(), path
        self.counts = TransactionCounts(lambda: 17)
        self.keeper = CountsKeeper(
            self.clock,
            self.counts,
            AtomicJsonFile(RealFiles(), path),
            Live(TransactionConfig()),
        )


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "transactionMetrics")


def test_changes_are_written_every_ten_seconds_and_at_the_end(kept: Kept) -> None:
    kept.keeper.load()
    kept.keeper.startService()
    kept.counts.began("T")
    kept.clock.advance(9.9)
    assert not kept.path.exists()
    kept.clock.advance(0.1)
    assert b'"T":{"count":1,"timeStamp":17}' in kept.path.read_bytes()
    kept.counts.began("T")
    kept.keeper.stopService()
    assert kept.clock.getDelayedCalls() == []
    again = Kept(kept.path)
    again.keeper.load()
    assert again.counts.open["T"].count == 2


def test_nothing_is_written_when_nothing_changed(kept: Kept) -> None:
    kept.keeper.startService()
    kept.clock.pump([10.0] * 3)
    kept.keeper.stopService()
    assert not kept.path.exists()


def test_what_could_not_be_written_is_tried_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "config" / "transactionMetrics")
    (tmp_path / "config").touch()
    kept.keeper.startService()
    kept.counts.began("T")
    kept.clock.advance(10)
    (tmp_path / "config").unlink()
    kept.clock.advance(10)
    assert kept.path.exists()
