"""The state of the timers on the disk: read at the start, written behind the work.

Log, then wheel, then progress: whatever the last one says is on the disk. With a store
that keeps nothing over a restart, nothing is kept here either.
Source: TimerMessageStore.TimerFlushService, prepareTimerCheckPoint.
"""

from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.broker.timer.placing import Placing, Replay
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.store.interfaces import IMessageStore
from twistedmq.store.json_file import AtomicJsonFile, TornFileError
from twistedmq.store.timer.log import MemoryTimerLog, TimerLog
from twistedmq.store.timer.progress import TimerProgress, write_progress
from twistedmq.store.timer.recovery import QueueFacts, Recovered, TimerFiles
from twistedmq.store.timer.slots import write_wheel
from twistedmq.store.workers import Workers

FORGET_S: Final = 30.0
"""How often units are dropped whose messages are no longer in the store."""


class KeptFiles(NamedTuple):
    """Where the state of the timers goes."""

    state: TimerFiles | None
    """None if nothing is kept over a restart."""
    counts: AtomicJsonFile


class Keeping:
    """Keeps what waits.

    Args:
        clock: when to write.
        workers: threads that write.
        store: the timer topic, and how far back messages are kept.
        files: where.
        wheel: filled at the start.
        placing: told where to go on.
        metrics: filled at the start.
        config: how often to write.
        wall_ms: the wall clock.

    Attributes:
        timer_log: the log of what waits; another one after ``load``.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: IReactorTime,
        workers: Workers,
        store: IMessageStore,
        files: KeptFiles,
        wheel: Wheel,
        placing: Placing,
        metrics: TimerMetrics,
        config: Live[TimerConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._clock = clock
        self._workers = workers
        self._store = store
        self._files = files.state
        self._metrics_file = files.counts
        self._wheel = wheel
        self._placing = placing
        self._metrics = metrics
        self._config = config
        self._wall_ms = wall_ms
        self.timer_log: TimerLog = MemoryTimerLog()
        self._version = TimerProgress()
        self._call: IDelayedCall | None = None
        self._flushing: Deferred[None] | None = None
        self._is_wanted = False
        self._forget_from_s = 0.0
        self._trouble = ""

    def progress(self) -> TimerProgress:
        """Give how far things are done now."""
        now_ms, due_ms = self._wheel.floor(self._wall_ms()), self._wheel.next_time()
        return TimerProgress(
            read_ms=now_ms if due_ms is None else min(now_ms, due_ms),
            log_place=self.timer_log.end,
            queue_offset=self._placing.queue_offset,
            master_queue_offset=self._placing.queue_offset,
            state_version=self._version.state_version,
            changed_ms=self._version.changed_ms,
            counter=self._version.counter,
        )

    @inlineCallbacks
    def load(self, *, anew: bool = False) -> Generator[Deferred[Any], Any, None]:
        """Read what waits; with *anew*, without believing the wheel.

        Fails with OSError.
        """
        low, high = self._store.queue_bounds(TIMER_TOPIC, 0)
        if self._files is None:
            self._placing.begin_at(low)
            return
        if not anew:
            self._load_counts()
        if not high and not self._files.exist():
            self.timer_log = self._files.new_log()
            return
        log_end = self._store.status()["max_offset"]
        facts = QueueFacts(low, high, log_end, self._wall_ms())
        found: Recovered = yield self._workers.run(
            self._files.recover, facts, anew=anew
        )
        self._take_over(found, low, high)

    def _load_counts(self) -> None:
        try:
            self._metrics.load(self._metrics_file)
        except TornFileError as error:
            self._log.error(
                "timers: {problem}; how many messages wait of each topic is counted "
                "from 0 on",
                problem=str(error),
            )

    def _take_over(self, found: Recovered, low: int, high: int) -> None:
        for note in found.notes:
            self._log.warn("timers: {note}", note=note)
        self.timer_log = found.log
        self._wheel.fill(found.slots, found.changed)
        self._version = found.progress
        known = found.progress.queue_offset
        begin = max(low, known if found.is_whole else low)
        entries = self._store.entries(TIMER_TOPIC, 0, begin, 1)
        if not entries:
            self._placing.begin_at(begin)
            return
        # Only what is met again need be known again.
        first = entries[0].physical_offset
        seen = {offset for offset in found.seen if offset >= first}
        replay = Replay(seen, known, found.progress.read_ms, high)
        self._placing.begin_at(begin, replay)

    def flush_soon(self) -> None:
        """Be told that something changed."""
        self._is_wanted = True
        if self._call is None and self._flushing is None:
            delay_s = self._config.value.flush_interval_ms / 1000
            self._call = self._clock.callLater(delay_s, self._begin)

    def _begin(self) -> None:
        self._call = None
        done = self._flushing = Deferred[None]()

        def ended(_: object) -> None:
            self._flushing = None
            if self._is_wanted:
                self.flush_soon()
            done.callback(None)

        self._flush().addCallback(ended)

    @inlineCallbacks
    def flush_now(self) -> Generator[Deferred[Any], Any, None]:
        """Bring everything to the disk; fires when that was done, or has failed."""
        if self._flushing is not None:
            yield self._flushing
        if self._call is not None:
            self._call.cancel()
            self._call = None
        yield self._flush()

    def _flush(self) -> Deferred[None]:
        """Write what changed, in a thread; never fails."""
        self._is_wanted = False
        progress, timer_log = self.progress(), self.timer_log
        self._version.counter += 1
        progress.counter, progress.changed_ms = self._version.counter, self._wall_ms()
        changed = self._wheel.take_changes()
        slots = self._wheel.encoded(changed)
        forget_before = self._forget_before()

        def write() -> None:
            if forget_before:
                timer_log.forget_before(forget_before)
            if self._files is not None:
                timer_log.sync()
                write_wheel(self._files.files, self._files.wheel, slots)
                write_progress(self._files.files, self._files.progress, progress)

        def failed(failure: Failure) -> None:
            self._wheel.give_back(changed)
            self._is_wanted = True
            self._tell(f"timer files could not be written: {failure.value}")

        written = self._workers.run(write)
        written.addCallbacks(lambda _: self._tell(""), failed)
        if (counts := self._metrics.take_changed()) is not None:
            saved = self._metrics_file.save(counts)
            saved.addErrback(lambda f: self._tell(f"timermetrics: {f.value}"))
            written.addCallback(lambda _: saved)
        return written

    def _forget_before(self) -> int:
        """Give from which physical offset on there are messages; 0: not now."""
        now_s = self._clock.seconds()
        if now_s < self._forget_from_s:
            return 0
        self._forget_from_s = now_s + FORGET_S
        offset: int = self._store.status()["min_offset"]
        return offset

    def _tell(self, trouble: str) -> None:
        """Log a trouble once while it lasts."""
        if trouble and trouble != self._trouble:
            self._log.error("{trouble}; it is tried again", trouble=trouble)
        self._trouble = trouble
