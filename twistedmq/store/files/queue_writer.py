"""Brings queue entries from memory into their files, behind the replies.

It works in the reactor thread, a slice a turn: a positional write of a few entries
takes half a microsecond there, while from a thread each one would first have to wait
for the interpreter (two hundred times as long was measured beside a busy reactor).
Syncing is not done here, nor are files made: that takes a thousand times as long, see
``QueueMaking``.

What costs is a write, not an entry, and most of all where there are more queues than
files can be open. So a round begins once the queues that grew have many entries on
average, or all of them together very many; queues that get a message now and then are
written when the voucher asks.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.files.queue_making import QueueMaking
from twistedmq.store.queue_interfaces import IQueueIndex
from twistedmq.store.queue_state import ENTRY_BYTES, QueueState
from twistedmq.store.workers import Workers

_QUEUES_A_SLICE: Final = 64
_WRITES_A_SLICE: Final = 32
"""About half a millisecond where each write has to open its file."""
_WORTH_A_WRITE: Final = 64
"""Unwritten entries a queue, on average, from which a round is worth its while."""
_MOST_UNWRITTEN: Final = 1 << 20
"""Unwritten entries in all from which a round begins anyway; 20 bytes each."""
_MOST_HELD: Final = 1 << 21
"""Unwritten entries in all from which files are not waited for any more, but made here:
sends wait then, and memory does not grow without end where a disk is very slow."""
_MADE_HERE_A_TURN: Final = 2


class QueueWriter:
    """Knows which queues have entries that no file has, and which stay in memory."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: Live[StoreConfig],
        queue_files: IQueueIndex,
        workers: Workers,
    ) -> None:
        """*workers* make files."""
        self._reactor = reactor
        self._config = config
        self._queue_files = queue_files
        self._making = QueueMaking(reactor, config, workers, queue_files, self._made)
        self._dirty: dict[QueueState, None] = {}
        self._warm: OrderedDict[QueueState, None] = OrderedDict()
        self._unwritten = self._held = 0
        self._round: list[QueueState] = []
        self._call: IDelayedCall | None = None
        self._draining: list[Deferred[None]] = []
        self._drained_with: int | None = None
        self._problem: str | None = None
        """Why writing failed, if it did; then it is tried again with ``_round``."""
        self.failing: str | None = None
        """Why the last write failed, if it did; it is tried again."""

    @property
    def dirty(self) -> int:
        """How many queues have entries that no file has."""
        return len(self._dirty)

    def grew(self, states: Sequence[QueueState]) -> None:
        """Note that *states*, one an entry, have new entries in their tails."""
        for state in states:
            if not state.is_dirty:
                state.is_dirty = True
                self._dirty[state] = None
        self._unwritten += len(states)
        self._held += len(states)
        if self._call is None:
            self._wait()

    def _wait(self) -> None:
        delay_s = self._config.value.queue_write_interval_ms / 1000
        self._call = self._reactor.callLater(delay_s, self._turn)

    def forget(self, states: Iterable[QueueState]) -> None:
        """Drop *states*, whose topic was deleted."""
        for state in states:
            if state.is_dirty:
                self._held -= state.entries_end - state.entries_written
                self._clean(state)
            self._warm.pop(state, None)

    def drain(self) -> "Deferred[None]":
        """Write everything, slice by slice; fires when done, or when a write failed."""
        if not self._dirty:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._draining.append(done)
        self._drained_with = None
        self._begin_round()
        self._stop_waiting()
        self._making.hurry()
        self._turn()
        return done

    def write_all(self) -> None:
        """Write everything now, and make what is missing for it.

        Raises:
            OSError: some of it could not be written.
        """
        for state in list(self._dirty):
            self._write(state)
        self._round.clear()
        self._unwritten = 0
        self._problem = None
        self._note_failure()

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._making.stop()
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _turn(self) -> None:
        self._call = None
        if not self._round and self._is_worth_it():
            self._begin_round()
        is_over_full = self._held > _MOST_HELD and self._making.has_more
        if self._round or is_over_full:
            try:
                self._write_slice()
                if is_over_full:
                    self._make_here()
                self._problem = None
            except OSError as error:
                self._problem = str(error)
            self._note_failure()
        self._making.go_on()
        self._tell_drained()
        if self._call is not None:
            return
        if (self._round or is_over_full) and not self._problem:
            self._call = self._reactor.callLater(0, self._turn)
        elif self._dirty:
            self._wait()

    def _made(self, states: Sequence[QueueState]) -> None:
        """Write to queues that have their files now."""
        dirty = [state for state in states if state.is_dirty]
        try:
            for state in dirty:
                self._write(state)
        except OSError as error:
            self._problem = str(error)
            self._round += [state for state in dirty if state.is_dirty]
        self._note_failure()
        self._tell_drained()

    def _note_failure(self) -> None:
        problem = self._problem or self._making.problem
        if problem is None:
            self.failing = None
            return
        if self.failing is None:
            self._log.error("queue files: {error}", error=problem)
        self.failing = f"queue entries cannot be written: {problem}"

    def _tell_drained(self) -> None:
        if not self._draining:
            return
        if not (self._problem or self._making.has_given_up):
            if self._round:
                return
            if self._drained_with is None:
                self._drained_with = self._making.last
            if not self._making.is_past(self._drained_with):
                return
        drained, self._draining = self._draining, []
        for waiter in drained:
            waiter.callback(None)

    def _is_worth_it(self) -> bool:
        return self._unwritten >= min(
            _MOST_UNWRITTEN, _WORTH_A_WRITE * len(self._dirty)
        )

    def _begin_round(self) -> None:
        """Take the queues that are to be written by and by, in reverse."""
        self._round = list(self._dirty)
        self._unwritten = 0

    def _write_slice(self) -> None:
        queues, lacks = self._round, self._queue_files.lacks
        writes_left = _WRITES_A_SLICE
        for _ in range(min(_QUEUES_A_SLICE, len(queues))):
            state = queues[-1]
            if state.is_dirty:  # its topic may have been deleted meanwhile
                if lacks(state):
                    self._making.add(state)
                else:
                    self._write(state)
                    writes_left -= 1
            queues.pop()
            if not writes_left:
                break

    def _make_here(self) -> None:
        """Write to a few queues whose files are still to be made."""
        for _ in range(_MADE_HERE_A_TURN):
            if not self._making.has_more:
                return
            state = self._making.take_back()
            try:
                self._write(state)
            except OSError:
                self._round.append(state)
                raise

    def _write(self, state: QueueState) -> None:
        before = state.entries_written
        try:
            self._queue_files.write(state)
        finally:
            self._held -= state.entries_written - before
        self._clean(state)
        self._keep_warm(state)

    def _clean(self, state: QueueState) -> None:
        """Note that nothing of *state* is unwritten any more."""
        del self._dirty[state]
        state.is_dirty = False
        self._making.forget(state)
        if not self._dirty:
            self._held = 0  # entries that fill gaps were not counted

    def _keep_warm(self, state: QueueState) -> None:
        config = self._config.value
        if len(state.tail) > 2 * config.tail_entries * ENTRY_BYTES:
            state.shorten(config.tail_entries)
        self._warm[state] = None
        self._warm.move_to_end(state)
        while len(self._warm) > config.warm_queues:
            self._warm.popitem(last=False)[0].shorten(0)
