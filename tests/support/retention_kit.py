"""A file store over fake files, on the clocks of the test."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.logger import LogLevel, globalLogPublisher

from twistedmq.store.disk_use import DiskUse
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import QueueRead
from twistedmq.store.retention import HOUR_MS
from twistedmq.testing import Told, batch_of, store_context
from twistedmq.testing.contracts.case import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import SMALL
from twistedmq.testing.workers import HeldWorkers

ROOT = Path("/store")
LOG = ROOT / "commitlog"
SEGMENT = SMALL.segment_bytes
NOON_MS = 1_700_000_000_000


def at_hour(hour: int, after_ms: int = NOON_MS) -> int:
    """Give the next time at which the clock shows *hour*, local time."""
    return next(
        ms
        for ms in range(after_ms, after_ms + 26 * HOUR_MS, HOUR_MS)
        if time.localtime(ms / 1000).tm_hour == hour
    )


class StoreRig:
    """A file store over fake files, whose every clock is the test's."""

    def __init__(self, workers: HeldWorkers | None = None, **changes: Any) -> None:
        self.workers = workers
        self.now_ms = at_hour(12)
        self.changes = changes
        self.files = FakeFiles()
        self.files.now_ns = lambda: self.now_ms * 1_000_000
        self.files.make_folder(ROOT)
        self.said: list[str] = []
        self.open()

    def open(self) -> None:
        self.context = store_context(
            ROOT, self.files, self.workers, lambda: self.now_ms, **self.changes
        )
        self.store = FileStore(self.context)
        self.store.start()
        if self.workers is not None:
            self.workers.go_on_all()
        value_of(self.store.ready)

    def restart(self) -> None:
        value_of(self.store.stop())
        self.open()

    def hear(self, event: dict[str, Any]) -> None:
        if event["log_level"] in (LogLevel.warn, LogLevel.error):
            self.said.append(str(event["log_format"]).format(**event))

    def configure(self, **changes: Any) -> None:
        self.context.config.replace(**changes)

    def pass_time(self, seconds: float, step_s: float = 1.0) -> None:
        """Let time pass on every clock."""
        while seconds > 0:
            self.now_ms += int(step_s * 1000)
            self.context.reactor.advance(step_s)
            seconds -= step_s

    def jump(self, to_ms: int) -> None:
        """Set the wall clock; then let a look or two happen."""
        self.now_ms = to_ms
        self.pass_time(21)

    def fill(self, segments: int, topic: str = "Orders") -> list[int]:
        """Append until so many files have been begun; gives where messages went."""
        places = []
        while len(self.segments()) < segments:
            told = Told(topic=topic, body=b"x" * 9000, keys=f"k{self.count(topic)}")
            places += self.store.append(batch_of([told])).physical_offsets
        return places

    def count(self, topic: str = "Orders") -> int:
        return self.store.queue_bounds(topic, 0)[1]

    def segments(self) -> list[int]:
        return [int(name) for name in self.files.list(LOG)]

    def use_disk(self, percent: int) -> None:
        self.files.disk = DiskUse(percent << 30, (100 - percent) << 30, 100 << 30)

    def read(self, offset: int, topic: str = "Orders") -> QueueRead:
        return value_of(self.store.read_queue(topic, 0, offset, 4, 1 << 20, None, None))


@contextmanager
def heard(rig: StoreRig) -> Iterator[StoreRig]:
    """Have *rig* keep what is said in the log."""
    globalLogPublisher.addObserver(rig.hear)
    yield rig
    globalLogPublisher.removeObserver(rig.hear)
