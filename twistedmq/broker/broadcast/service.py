"""Commits what broadcasting groups have pulled, and forgets who is gone."""

from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.broadcast.offsets import BroadcastOffsets
from twistedmq.remoting.periodic import PeriodicCall

COMMIT_S: Final = 5.0
EXPIRE_ROUNDS: Final = 6
"""After so many rounds all members are looked at; else only those that have moved."""


class BroadcastService(Service):
    """Looks at the progress of broadcasting groups every five seconds."""

    def __init__(self, clock: IReactorTime, offsets: BroadcastOffsets) -> None:
        self._offsets = offsets
        self._rounds = 0
        self._loop = PeriodicCall(self._look, clock)

    def startService(self) -> None:
        """Begin with a first look in five seconds."""
        super().startService()
        self._loop.start(COMMIT_S, now=False)

    def stopService(self) -> None:
        """Commit once more, and look no more."""
        super().stopService()
        if self._loop.running:
            self._loop.stop()
        self._offsets.commit()

    def _look(self) -> None:
        self._rounds += 1
        if self._rounds % EXPIRE_ROUNDS == 0:
            self._offsets.expire()
        self._offsets.commit()
