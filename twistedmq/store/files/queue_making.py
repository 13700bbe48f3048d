"""Has the files of queues made in a thread, before anything is written to them.

To make a folder and a file the disk is waited for, a thousand times as long as a few
entries take to be written; with tens of thousands of new queues that is most of a
minute. Here it goes on beside the sends, some queues at a time and one job at a time,
so that syncs, for which somebody waits, find threads that are free.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.store.queue_interfaces import IQueueIndex
from twistedmq.store.queue_state import QueueState
from twistedmq.store.workers import Workers

_QUEUES_A_JOB: Final = 32


class QueueMaking:
    """Knows which queues wait for their files, in the order in which they came.

    What fails is tried again after an interval, until it succeeds.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        config: Live[StoreConfig],
        workers: Workers,
        queue_files: IQueueIndex,
        ended: Callable[[Sequence[QueueState]], None],
    ) -> None:
        """*ended* is told of queues that can be written; of none when making failed."""
        self._reactor = reactor
        self._config = config
        self._workers = workers
        self._queue_files = queue_files
        self._ended = ended
        self._waiting: OrderedDict[QueueState, int] = OrderedDict()
        self._number = 0
        self._in_job = 0
        self._call: IDelayedCall | None = None
        self._is_going = self._stopped = False
        self.problem: str | None = None
        """Why the last job failed, if it did."""

    @property
    def has_given_up(self) -> bool:
        """Whether the last job failed and the next one has not begun."""
        return self._call is not None

    @property
    def last(self) -> int:
        """The number of the queue that came last."""
        return self._number

    def is_past(self, number: int) -> bool:
        """Whether no queue waits any more that came no later than the one numbered."""
        return next(iter(self._waiting.values()), number + 1) > number

    def add(self, state: QueueState) -> None:
        """Have the files of *state* made, once ``go_on`` is called."""
        if state not in self._waiting:
            self._number += 1
            self._waiting[state] = self._number

    def forget(self, state: QueueState) -> None:
        """Let *state* wait no more: it is written, or its topic was deleted."""
        self._waiting.pop(state, None)

    @property
    def has_more(self) -> bool:
        """Whether queues wait that are not in the job that runs."""
        return len(self._waiting) > self._in_job

    def take_back(self) -> QueueState:
        """Give the queue that came last, which waits no more."""
        return self._waiting.popitem()[0]

    def go_on(self) -> None:
        """Begin the next job, unless one runs or the last one failed just now."""
        if self._is_going:
            return
        self._is_going = True
        try:
            while self._waiting and not (self._in_job or self._call or self._stopped):
                self._begin()
        finally:
            self._is_going = False

    def hurry(self) -> None:
        """Have the next ``go_on`` try again what failed just now."""
        self._stop_waiting()

    def stop(self) -> None:
        """Begin nothing more; what a job that runs makes is left as it is."""
        self._stopped = True
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _begin(self) -> None:
        states = list(islice(self._waiting, _QUEUES_A_JOB))
        self._in_job = len(states)
        files = self._queue_files.to_make(states)
        making = self._workers.run(self._queue_files.make, files)
        making.addCallbacks(self._made, self._not_made, callbackArgs=(states,))
        making.addErrback(lambda failure: self._log.failure("making files", failure))

    def _made(self, _: object, states: Sequence[QueueState]) -> None:
        self._in_job = 0
        if self._stopped:
            return
        self.problem = None
        made = [state for state in states if self._waiting.pop(state, None)]
        self._ended(made)
        self.go_on()

    def _not_made(self, failure: Failure) -> None:
        self._in_job = 0
        if self._stopped:
            return
        if not failure.check(OSError):
            self._log.failure("making files of queues", failure)
        self.problem = failure.getErrorMessage()
        delay_s = self._config.value.queue_write_interval_ms / 1000
        self._call = self._reactor.callLater(delay_s, self._retry)
        self._ended([])

    def _retry(self) -> None:
        self._call = None
        if not self._waiting:  # what could not be made is not wanted any more
            self.problem = None
            self._ended([])
        self.go_on()
