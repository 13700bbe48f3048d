"""The guard refuses while the disk is too full, says so once, and ends by itself."""

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.disk_guard import DiskGuard, measure
from twistedmq.store.disk_use import DiskUse
from twistedmq.store.retention import DiskLevel, DiskState
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.workers import HeldWorkers, InlineWorkers

LOG, QUEUES = Path("/store/commitlog"), Path("/store/consumequeue")


class Rig:
    """A guard over fake files, and what it says."""

    def __init__(self, workers: InlineWorkers | HeldWorkers | None = None) -> None:
        self.clock = Clock()
        self.files = FakeFiles()
        self.config = Live(StoreConfig())
        self.said: list[str] = []
        self.workers = workers or InlineWorkers()
        self.guard = DiskGuard(self.clock, self.config, self.ask)

    def ask(self) -> "Deferred[DiskState]":
        return self.workers.run(measure, self.files, [LOG], QUEUES)

    def hear(self, event: dict[str, object]) -> None:
        if event["log_level"] in (LogLevel.info, LogLevel.warn, LogLevel.error):
            self.said.append(str(event["log_format"]).format(**event))

    def use(self, percent: int, path: Path | None = None) -> None:
        use = DiskUse(percent, 100 - percent, 100)
        if path is None:
            self.files.disk = use
        else:
            self.files.disks[path] = use
        self.clock.advance(1)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture(autouse=True)
def _heard(rig: Rig) -> object:
    globalLogPublisher.addObserver(rig.hear)
    yield
    globalLogPublisher.removeObserver(rig.hear)


def test_sends_are_refused_above_the_limit_and_taken_again_below(rig: Rig) -> None:
    rig.guard.start()
    assert rig.guard.problem is None
    rig.use(90)
    assert rig.guard.problem is None
    rig.use(91)
    assert rig.guard.problem == (
        "nothing is stored: the disk of /store/commitlog is 91 % used, more than 90 % "
        "(diskSpaceWarningLevelRatio)"
    )
    rig.use(90)
    assert rig.guard.problem is None


def test_both_are_said_once(rig: Rig) -> None:
    rig.guard.start()
    for percent in (95, 96, 97, 80, 70, 60):
        rig.use(percent)
    assert len(rig.said) == 2
    assert "is 95 % used" in rig.said[0]
    assert "diskSpaceWarningLevelRatio" in rig.said[0]
    assert "stored again" in rig.said[1]
    assert "80 %" in rig.said[1]


def test_the_message_to_producers_has_the_use_of_now(rig: Rig) -> None:
    rig.guard.start()
    rig.use(95)
    rig.use(97)
    assert "97 %" in str(rig.guard.problem)


def test_a_disk_of_the_queues_counts_too(rig: Rig) -> None:
    rig.guard.start()
    rig.use(99, QUEUES)
    assert "/store/consumequeue is 99 %" in str(rig.guard.problem)


def test_a_changed_limit_is_followed(rig: Rig) -> None:
    rig.guard.start()
    rig.use(85)
    rig.config.replace(disk_full_percent=80)
    rig.clock.advance(1)
    assert "more than 80 %" in str(rig.guard.problem)


def test_a_disk_that_does_not_answer_is_said_once_and_nothing_changes(rig: Rig) -> None:
    rig.guard.start()
    rig.use(95)
    rig.guard._ask = lambda: fail(OSError(5, "stale"))
    rig.clock.pump([1, 1, 1])
    assert rig.guard.problem is not None
    assert len(rig.said) == 2
    assert "does not say" in rig.said[1]
    rig.guard._ask = rig.ask
    rig.use(50)
    assert rig.guard.problem is None


def test_a_slow_disk_is_asked_once_at_a_time() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    rig.guard.start()
    found: list[DiskLevel] = []
    rig.files.disk = DiskUse(86, 14, 100)
    for _ in range(3):
        rig.guard.check().addCallback(lambda finding: found.append(finding.level))
        rig.clock.advance(10)
    assert workers.waiting == 1
    workers.go_on()
    assert found == [DiskLevel.URGENT] * 3
    rig.clock.advance(1)
    assert workers.waiting == 1


def test_the_figures_are_what_the_disk_said_last(rig: Rig) -> None:
    assert rig.guard.figures() == {"disk_ratio": 0.0}
    rig.guard.start()
    rig.use(42, LOG)
    assert rig.guard.figures() == {
        "disk_ratio": 0.42,
        "disk_ratios": {"/store/commitlog": 0.42},
        "queue_disk_ratio": 0.1,
        "disk_free_bytes": 58,
        "disk_total_bytes": 100,
    }


def test_a_stopped_guard_is_quiet(rig: Rig) -> None:
    rig.guard.start()
    rig.guard.stop()
    assert rig.clock.getDelayedCalls() == []


def test_a_guard_stopped_while_the_disk_is_asked_is_quiet() -> None:
    workers = HeldWorkers()
    rig = Rig(workers)
    rig.guard.start()
    rig.guard.stop()
    workers.go_on()
    assert rig.clock.getDelayedCalls() == []
