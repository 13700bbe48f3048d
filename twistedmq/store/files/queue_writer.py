"""Brings queue entries from memory into their files, behind the replies.

It works in the reactor thread, a slice a turn: a positional write of a few entries
takes half a microsecond there, while from a thread each one would first have to wait
for the interpreter (two hundred times as long was measured beside a busy reactor).
Syncing is not done here.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.queue_state import ENTRY_BYTES, QueueState

_QUEUES_A_SLICE: Final = 64


class QueueWriter:
    """Knows which queues have entries that no file has, and which stay in memory."""

    _log = Logger()

    def __init__(
        self, reactor: Any, config: Live[StoreConfig], queue_files: QueueFiles
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._queue_files = queue_files
        self._dirty: dict[QueueState, None] = {}
        self._warm: OrderedDict[QueueState, None] = OrderedDict()
        self._call: IDelayedCall | None = None
        self._draining: list[Deferred[None]] = []
        self.failing: str | None = None
        """Why the last write failed, if it did; it is tried again."""

    def grew(self, states: Iterable[QueueState]) -> None:
        """Note that *states* have new entries in their tails."""
        self._dirty.update(dict.fromkeys(states))
        if self._call is None:
            delay_s = self._config.value.queue_write_interval_ms / 1000
            self._call = self._reactor.callLater(delay_s, self._turn)

    def forget(self, states: Iterable[QueueState]) -> None:
        """Drop *states*, whose topic was deleted."""
        for state in states:
            self._dirty.pop(state, None)
            self._warm.pop(state, None)

    def drain(self) -> "Deferred[None]":
        """Write everything, slice by slice; fires when done, or when a write failed."""
        if not self._dirty:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._draining.append(done)
        self._stop_waiting()
        self._turn()
        return done

    def write_all(self) -> None:
        """Write everything now.

        Raises:
            OSError: some of it could not be written.
        """
        while self._dirty:
            self._write_slice()

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _turn(self) -> None:
        self._call = None
        delay_s = 0.0
        try:
            self._write_slice()
            self.failing = None
        except OSError as error:
            if self.failing is None:
                self._log.error("queue files: {error}", error=str(error))
            self.failing = f"queue entries cannot be written: {error}"
            delay_s = self._config.value.queue_write_interval_ms / 1000
        if self._dirty:
            self._call = self._reactor.callLater(delay_s, self._turn)
        if not self._dirty or self.failing:
            drained, self._draining = self._draining, []
            for waiter in drained:
                waiter.callback(None)

    def _write_slice(self) -> None:
        write = self._queue_files.write
        for state in list(self._dirty)[:_QUEUES_A_SLICE]:
            write(state)
            del self._dirty[state]
            self._keep_warm(state)

    def _keep_warm(self, state: QueueState) -> None:
        config = self._config.value
        if len(state.tail) > 2 * config.tail_entries * ENTRY_BYTES:
            state.shorten(config.tail_entries)
        self._warm[state] = None
        self._warm.move_to_end(state)
        while len(self._warm) > config.warm_queues:
            self._warm.popitem(last=False)[0].shorten(0)
