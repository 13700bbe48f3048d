from pathlib import Path
from typing import Any

import pytest

from twistedmq.store.files.checkpoint import read_checkpoint
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.store import FileStore
from twistedmq.store.files.vouch import read_vouch
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import store_context
from twistedmq.testing.workers import HeldWorkers

ROOT = Path("/store")


class Rig:
    def __init__(self, workers: Any = None, **changes: Any) -> None:
        self.files = FakeFiles()
        self.context = store_context(ROOT, self.files, workers, **changes)
        self.paths = StorePaths(self.context.config.value)
        self.store = FileStore(self.context)
        self.store.start()
        if workers is not None:
            workers.go_on_all()
        value_of(self.store.ready)

    def append(self, *messages: Told) -> int:
        return self.store.append(batch_of(messages or [Told(keys="a")])).end

    def advance(self, seconds: float) -> None:
        self.context.reactor.advance(seconds)

    @property
    def vouched(self) -> int:
        vouch = read_vouch(self.files, self.paths)
        return -1 if vouch is None else vouch.offset


def test_it_is_vouched_from_time_to_time() -> None:
    rig = Rig()
    end = rig.append()
    rig.advance(4.9)
    assert rig.vouched == -1
    rig.advance(0.2)
    assert rig.vouched == end
    checkpoint = read_checkpoint(rig.files, rig.paths.checkpoint)
    now = 1_700_000_000_000
    assert (checkpoint.log_ms, checkpoint.queues_ms) == (now, now)
    assert checkpoint.index_ms == now


@pytest.mark.parametrize(("queues", "after_s"), [(200, 6.0), (6_500, 35.0)])
def test_it_is_vouched_later_where_many_queues_grew(
    queues: int, after_s: float
) -> None:
    rig = Rig()
    end = rig.append(*[Told(f"T{number}") for number in range(queues)])
    rig.advance(5.1)
    rig.advance(after_s - 5.2)
    assert rig.vouched == -1
    rig.advance(0.2)
    for _ in range(queues // 64 + 1):  # they are written in slices
        rig.advance(0)
    assert rig.vouched == end


def test_many_queues_that_grew_do_not_put_off_what_is_urgent() -> None:
    rig = Rig()
    rig.append(*[Told(f"T{number}") for number in range(200)])
    rig.advance(5.1)  # put off once already
    rig.store.delete_topic("T7")
    for _ in range(5):
        rig.advance(0)
    assert rig.vouched == rig.store.log_bounds()[1]


def test_it_is_vouched_earlier_after_many_bytes() -> None:
    rig = Rig(vouch_bytes=1000)
    rig.append(Told(body=b"x" * 500))
    rig.advance(0.1)
    assert rig.vouched == -1
    end = rig.append(*[Told(body=b"x" * 500)] * 1000)
    rig.advance(0.1)
    assert rig.vouched == end


def test_nothing_is_written_while_nothing_happens() -> None:
    rig = Rig()
    rig.append()
    rig.advance(10.1)
    writes = rig.files.writes
    for _ in range(10):
        rig.advance(10.1)
    assert rig.files.writes == writes


def test_what_cannot_be_synced_is_not_vouched_for() -> None:
    rig = Rig(index_enabled=False)
    before = rig.append()
    rig.advance(10.1)
    assert rig.vouched == before
    rig.append()
    rig.files.room_bytes = 0
    rig.advance(10.1)
    assert rig.vouched in {before, -1}
    rig.files.room_bytes = None
    rig.advance(30)
    assert rig.vouched == rig.store.log_bounds()[1]


def test_only_what_there_was_at_the_begin_is_vouched_for() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    end = rig.append()
    rig.advance(10.1)
    rig.append()
    workers.go_on_all()
    assert rig.vouched == end


def test_a_stop_waits_for_the_round_that_runs() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    rig.append()
    rig.advance(10.1)
    end = rig.append()
    stopped: list[Any] = []
    rig.store.stop().addCallback(stopped.append)
    assert not stopped
    workers.go_on_all()
    assert stopped
    assert rig.vouched == end
    assert not rig.context.reactor.getDelayedCalls()


@pytest.mark.parametrize("steps", range(4))
def test_a_log_that_is_cut_meanwhile_is_vouched_for_as_it_is(steps: int) -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    kept = rig.append()
    rig.append()
    done: list[Any] = []
    rig.store._voucher.vouch().addBoth(done.append)
    for _ in range(steps):
        if workers.waiting:
            workers.go_on()
    rig.store.log_truncate(kept)
    workers.go_on_all()
    assert done
    assert rig.vouched in {-1, kept}
    rig.store._voucher.vouch()
    workers.go_on_all()
    assert rig.vouched == kept
