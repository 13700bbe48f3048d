"""The timers of a broker on a virtual clock, over a store in memory."""

from pathlib import Path
from random import Random
from typing import Any

from any_store import any_store
from twisted.internet.task import Clock

from twistedmq.app.stores import UnkeptFile
from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.timer.backlog import TimerBacklog
from twistedmq.broker.timer.delivering import Delivering
from twistedmq.broker.timer.diversion import TimerDiversion
from twistedmq.broker.timer.keeping import Keeping, KeptFiles
from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.broker.timer.placing import Placing
from twistedmq.broker.timer.service import TimerService
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.record import Record, decode_records
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.interfaces import IMessageStore
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.store.timer.recovery import TimerFiles
from twistedmq.testing import InlineWorkers

NOW_MS = 1_700_000_000_000
DAY_S = 24 * 3600
LOG_FILE_BYTES = 1040


class TimerSide:
    """A broker's timers; with *root*, their state is kept there.

    ``restart`` goes on with the same store: as after a stop, or as after a kill.
    """

    def __init__(
        self,
        root: Path | None = None,
        store: IMessageStore | None = None,
        **config: Any,
    ) -> None:
        self.clock = Clock()
        self.jumped_ms = 0
        self.root = root
        self.config = Live(TimerConfig(**{"log_file_bytes": LOG_FILE_BYTES, **config}))
        self.identity = Live(BrokerIdentity(cluster_name="c", broker_name="b"))
        given = store is not None
        self.store: Any = store or any_store(self.wall_ms, Live(StoreConfig()))
        if not given:
            self.store.start()
        self.counters = BrokerCounters(self.clock.seconds, "c")
        self.sent = 0
        self._make()

    def wall_ms(self) -> int:
        return NOW_MS + self.jumped_ms + round(self.clock.seconds() * 1000)

    def _make(self) -> None:
        self.wheel = Wheel(self.config.value.grain_ms)
        self.metrics = TimerMetrics(self.wall_ms)
        self.diversion = TimerDiversion(
            wheel=self.wheel,
            config=self.config,
            identity=self.identity,
            wall_ms=self.wall_ms,
            random=Random(7),
            coming=self._coming,
        )
        self.inner = InnerWriter(
            self.store, self.counters, Diversions([self.diversion])
        )
        shared: dict[str, Any] = {
            "store": self.store,
            "wheel": self.wheel,
            "metrics": self.metrics,
            "wall_ms": self.wall_ms,
        }
        self.placing = Placing(
            store=self.store,
            wheel=self.wheel,
            metrics=self.metrics,
            config=self.config,
            seconds=self.clock.seconds,
        )
        self.delivering = Delivering(
            clock=self.clock,
            workers=InlineWorkers(),
            inner=self.inner,
            seconds=self.clock.seconds,
            **shared,
        )
        self.keeping = Keeping(
            clock=self.clock,
            workers=InlineWorkers(),
            files=self._files(),
            placing=self.placing,
            config=self.config,
            **shared,
        )
        self.service = TimerService(
            clock=self.clock,
            store=self.store,
            wheel=self.wheel,
            placing=self.placing,
            delivering=self.delivering,
            keeping=self.keeping,
            config=self.config,
            wall_ms=self.wall_ms,
        )
        self.backlog = TimerBacklog(
            wheel=self.wheel,
            placing=self.placing,
            delivering=self.delivering,
            metrics=self.metrics,
            wall_ms=self.wall_ms,
        )

    def _files(self) -> KeptFiles:
        if self.root is None:
            return KeptFiles(None, UnkeptFile())
        config = self.config.value
        files = RealFiles()
        state = TimerFiles(files, self.root, config.grain_ms, config.log_file_bytes)
        return KeptFiles(
            state, AtomicJsonFile(files, self.root / "config" / "timermetrics")
        )

    def start(self) -> "TimerSide":
        self.service.startService()
        failures: list[Any] = []
        self.service.ready.addErrback(failures.append)
        assert not failures, failures
        self.settle()
        return self

    def settle(self) -> None:
        """Let everything run that does not wait for a later time."""
        while any(c.getTime() <= self.clock.seconds() for c in self.clock.calls):
            self.clock.advance(0)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.settle()

    def stop(self) -> None:
        stopped = self.service.stopService()
        self.settle()
        assert stopped.called

    def kill(self) -> None:
        """Forget everything that is only in memory."""
        self.service.running = 0
        for call in list(self.clock.calls):
            call.cancel()

    def restart(self, *, kill: bool = False) -> None:
        self.kill() if kill else self.stop()
        self._make()
        self.start()

    def _coming(self) -> None:
        self.service.awake()

    def send(
        self, body: str = "", topic: str = "T", **properties: str
    ) -> dict[str, str]:
        """Send one message; gives what is answered to it."""
        self.sent += 1
        held = {props.UNIQ_KEY: f"U{self.sent}", **properties}
        text = body or f"body{self.sent}"
        message = InnerMessage(topic, 0, held, text.encode())
        diverted = self.inner._diversions.divert(message)
        self.inner.write([message if diverted is None else diverted.message])
        self.settle()
        return diverted.answer_fields() if diverted else {}

    def records(self, topic: str = "T") -> list[Record]:
        """Give what consumers of *topic* can get."""
        found: list[Record] = []
        low, high = self.store.queue_bounds(topic, 0)
        while low < high:
            read = self.store.read_queue(topic, 0, low, 256, 1 << 24, None, None)
            found += [r for b in read.records for r in decode_records(b)]
            low = read.next_offset
        return found

    def got(self, topic: str = "T") -> list[str]:
        """Give the bodies of what consumers of *topic* can get."""
        return [record.body.decode() for record in self.records(topic)]
