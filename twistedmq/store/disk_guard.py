"""Refuses what is to be stored while the disk is too full, and says so once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files_layer import Files
from twistedmq.store.retention import DiskFinding, DiskLevel, DiskState, judge


def measure(files: Files, logs: list[Path], queue_folder: Path) -> DiskState:
    """Ask the disks; may wait for them."""
    uses = {folder: files.disk_use(folder) for folder in logs}
    return DiskState(uses, queue_folder, files.disk_use(queue_folder))


class DiskGuard:
    """Knows how full the disks are.

    While ``problem`` is set nothing may be stored. It is asked once a batch, so it is
    a plain attribute; the disks are asked from time to time, in a thread.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: Live[StoreConfig],
        ask: Callable[[], "Deferred[DiskState]"],
    ) -> None:
        """*ask* measures the disks, elsewhere."""
        self._reactor = reactor
        self._config = config
        self._ask = ask
        self._call: IDelayedCall | None = None
        self._asking: list[Deferred[None]] | None = None
        self._silent: str | None = None
        self._stopped = False
        self.problem: str | None = None
        """Why nothing may be stored now, if so."""
        self.state: DiskState | None = None
        """What the disks said last."""
        self.finding = DiskFinding(DiskLevel.FINE, "")

    def start(self) -> None:
        """Look at the disks now, and then again and again."""
        self.check().addCallback(lambda _: self._wait())

    def _wait(self) -> None:
        if not self._stopped:
            delay_s = self._config.value.disk_check_interval_ms / 1000
            self._call = self._reactor.callLater(delay_s, self._look)

    def _look(self) -> None:
        self._call = None
        self.check().addCallback(lambda _: self._wait())

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._stopped = True
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def check(self) -> "Deferred[DiskFinding]":
        """Look at the disks; fires with what was found.

        Where they do not answer, that is said once, and what was known stays.
        """
        if self._asking is not None:
            waiter: Deferred[None] = Deferred()
            self._asking.append(waiter)
            return waiter.addCallback(lambda _: self.finding)
        self._asking = []
        asked = self._ask().addCallbacks(self.note, self._not_told)
        return asked.addCallback(self._told)

    def _told(self, _: object) -> DiskFinding:
        waiting, self._asking = self._asking or [], None
        for waiter in waiting:
            waiter.callback(None)
        return self.finding

    def note(self, state: DiskState) -> None:
        """Take over what the disks say."""
        self.state, self._silent = state, None
        self.finding = finding = judge(state, self._config.value)
        if finding.level is DiskLevel.FULL:
            if self.problem is None:
                self._log.error(
                    "{problem}: messages are refused until there is room, reads go on",
                    problem=finding.text,
                )
            self.problem = f"nothing is stored: {finding.text}"
        elif self.problem is not None:
            self.problem = None
            folder, use = state.roomiest()
            self._log.info(
                "messages are stored again: the disk of {folder} is {percent} % used",
                folder=str(folder),
                percent=use.percent,
            )

    def _not_told(self, failure: Failure) -> None:
        text = failure.getErrorMessage()
        if self._silent != text:
            self._silent = text
            self._log.warn("the disk does not say how full it is: {text}", text=text)

    def figures(self) -> dict[str, Any]:
        """Give what the store's status says about disks."""
        if self.state is None:
            return {"disk_ratio": 0.0}
        use = self.state.roomiest()[1]
        return {
            "disk_ratio": use.ratio,
            "disk_ratios": {str(p): u.ratio for p, u in self.state.logs.items()},
            "queue_disk_ratio": self.state.queues.ratio,
            "disk_free_bytes": use.free_bytes,
            "disk_total_bytes": use.total_bytes,
        }
