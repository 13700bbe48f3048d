"""Brings queue entries from memory into their files, behind the replies.

It works in the reactor thread, a slice a turn: a positional write of a few entries
takes half a microsecond there, while from a thread each one would first have to wait
for the interpreter (two hundred times as long was measured beside a busy reactor).
Syncing is not done here.

What costs is a write, not an entry. So a round begins once the queues that grew have
many entries on average, or all of them together very many; queues that get a message
now and then are written when the voucher asks. The first write to a queue makes its
folder and file, here as well: with very many new queues that holds up the sends.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.queue_interfaces import IQueueIndex
from twistedmq.store.queue_state import ENTRY_BYTES, QueueState

_QUEUES_A_SLICE: Final = 64
_WORTH_A_WRITE: Final = 64
"""Unwritten entries a queue, on average, from which a round is worth its while."""
_MOST_UNWRITTEN: Final = 262_144
"""Unwritten entries in all from which a round begins anyway; 20 bytes each."""


class QueueWriter:
    """Knows which queues have entries that no file has, and which stay in memory."""

    _log = Logger()

    def __init__(
        self, reactor: Any, config: Live[StoreConfig], queue_files: IQueueIndex
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._queue_files = queue_files
        self._dirty: dict[QueueState, None] = {}
        self._warm: OrderedDict[QueueState, None] = OrderedDict()
        self._unwritten = 0
        self._round: list[QueueState] = []
        self._call: IDelayedCall | None = None
        self._draining: list[Deferred[None]] = []
        self.failing: str | None = None
        """Why the last write failed, if it did; it is tried again."""

    @property
    def dirty(self) -> int:
        """How many queues have entries that no file has."""
        return len(self._dirty)

    def grew(self, states: Sequence[QueueState]) -> None:
        """Note that *states*, one an entry, have new entries in their tails."""
        self._dirty.update(dict.fromkeys(states))
        self._unwritten += len(states)
        if self._call is None:
            self._wait()

    def _wait(self) -> None:
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
        self._begin_round()
        self._stop_waiting()
        self._turn()
        return done

    def write_all(self) -> None:
        """Write everything now.

        Raises:
            OSError: some of it could not be written.
        """
        self._begin_round()
        while self._round:
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
        if not self._round and self._is_worth_it():
            self._begin_round()
        if self._round:
            try:
                self._write_slice()
                self.failing = None
            except OSError as error:
                self._note_failure(error)
        if self._draining and (self.failing or not self._round):
            drained, self._draining = self._draining, []
            for waiter in drained:
                waiter.callback(None)
        if self._round and not self.failing:
            self._call = self._reactor.callLater(0, self._turn)
        elif self._dirty:
            self._wait()

    def _note_failure(self, error: OSError) -> None:
        if self.failing is None:
            self._log.error("queue files: {error}", error=str(error))
        self.failing = f"queue entries cannot be written: {error}"

    def _is_worth_it(self) -> bool:
        return self._unwritten >= min(
            _MOST_UNWRITTEN, _WORTH_A_WRITE * len(self._dirty)
        )

    def _begin_round(self) -> None:
        """Take the queues that are to be written by and by, in reverse."""
        self._round = list(self._dirty)
        self._unwritten = 0

    def _write_slice(self) -> None:
        write, queues = self._queue_files.write, self._round
        for _ in range(min(_QUEUES_A_SLICE, len(queues))):
            state = queues[-1]
            if state in self._dirty:  # its topic may have been deleted meanwhile
                write(state)
                del self._dirty[state]
                self._keep_warm(state)
            queues.pop()

    def _keep_warm(self, state: QueueState) -> None:
        config = self._config.value
        if len(state.tail) > 2 * config.tail_entries * ENTRY_BYTES:
            state.shorten(config.tail_entries)
        self._warm[state] = None
        self._warm.move_to_end(state)
        while len(self._warm) > config.warm_queues:
            self._warm.popitem(last=False)[0].shorten(0)
