"""Delayed messages over a memory store, on a virtual clock."""

from collections.abc import Sequence
from random import Random
from typing import Any

from any_store import any_store
from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.delay.diversion import DelayDiversion
from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.broker.delay.service import DelayService
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.record import Record, decode_records
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.interfaces import Appended, IMessageStore
from twistedmq.testing.batches import Told, batch_of

BEGIN_MS = 1_700_000_000_000


class Appends:
    """A store's ``append`` and ``safe``, looked at and meddled with."""

    def __init__(self, store: IMessageStore) -> None:
        self._store = store
        self.sizes: list[int] = []
        self.error: Exception | None = None
        self.refuses: Any = lambda batch: None
        """Gives an error for a batch, or None."""
        self.safe_answers: list[Any] = []

    def append(self, batch: Any) -> Appended:
        error = self.error or self.refuses(batch)
        if error is not None:
            raise error
        self.sizes.append(len(batch))
        return self._store.append(batch)

    def safe(self, end: int) -> Any:
        return self.safe_answers.pop(0) if self.safe_answers else self._store.safe(end)


class DelaySide:
    """A store with a delivery service over it; ``now_ms`` is the wall clock."""

    def __init__(self, levels: str | None = None, **settings: Any) -> None:
        self.clock = Clock()
        self.skew_ms = 0
        if levels is not None:
            settings["delay_levels"] = levels
        self.config = Live(StoreConfig(**settings))
        self.store: Any = any_store(self.wall_ms, self.config)
        self.store.start()
        self.levels = DelayLevels(self.config.value.delay_levels)
        self.diversions = Diversions([DelayDiversion(self.levels)])
        self.counters = BrokerCounters(self.clock.seconds, "c")
        self.appends = Appends(self.store)
        sink: Any = self.appends
        self.inner = InnerWriter(sink, self.counters, self.diversions)
        self.counted: list[tuple[int, int, int]] = []
        self.random = Random(7)
        self.begin()

    def begin(self, progress: DelayProgress | None = None) -> None:
        """Make a service and start it, as a broker that starts over this store."""
        self.progress = progress or DelayProgress(Live(DelayConfig()), self.wall_ms)
        self.service = DelayService(
            clock=self.clock,
            seconds=self.clock.seconds,
            wall_ms=self.wall_ms,
            store=self.store,
            inner=self.inner,
            levels=self.levels,
            progress=self.progress,
            delivered=self.note_delivered,
        )
        self.service.startService()
        self.clock.advance(0)

    def note_delivered(self, queue_id: int, number: int, size: int) -> None:
        self.counted.append((queue_id, number, size))

    def wall_ms(self) -> int:
        return BEGIN_MS + self.skew_ms + round(self.clock.seconds() * 1000)

    def delay(self, level: int, count: int = 1, topic: str = "T") -> None:
        """Store messages that wait, as one batch."""
        messages = []
        for number in range(count):
            asked = InnerMessage(
                topic, 0, {"DELAY": str(level), "TAGS": "a"}, b"%d" % number
            )
            messages.append(self.inner.divert(asked))
        self.inner.write(messages)
        self.appends.sizes.pop()

    def put_odd(self, level: int, **more: str) -> int:
        """Store in a level's queue what nobody diverted; gives its place."""
        told = Told(SCHEDULE_TOPIC, level - 1, more={"DELAY": str(level)} | more)
        return int(self.store.append(batch_of([told])).physical_offsets[0])

    def pass_s(self, seconds: float, step_s: float = 0.25) -> None:
        """Let time pass, and what follows at once happen."""
        steps = max(1, round(seconds / step_s))
        self.clock.pump([seconds / steps] * steps)
        self.settle()

    def settle(self) -> None:
        for _ in range(1000):
            calls = self.clock.getDelayedCalls()
            if not any(c.getTime() <= self.clock.seconds() for c in calls):
                return
            self.clock.advance(0)
        raise AssertionError("it never comes to rest")

    def delivered(self, topic: str = "T", queue_id: int = 0) -> Sequence[Record]:
        """Give what was delivered so far."""
        records: list[Record] = []
        while True:
            read = self.store.read_queue(
                topic, queue_id, len(records), 1000, 1 << 24, None, None
            )
            if not read.count:
                return records
            records += decode_records(b"".join(map(bytes, read.records)))
