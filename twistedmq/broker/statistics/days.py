"""How many messages went through since midnight, and on the day before. Source:
BrokerStats.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct


class Sums(Struct, frozen=True):
    """What was put and got in all, at one moment."""

    put: int = 0
    got: int = 0


class Days:
    """Takes note of the sums at midnight, in this machine's zone."""

    def __init__(self, sums: Callable[[], Sums], wall_ms: Callable[[], int]) -> None:
        """*sums* gives today's; *wall_ms* is the clock that knows midnight."""
        self._sums = sums
        self._wall_ms = wall_ms
        self._day = self._today()
        self.yesterday = Sums()
        """At midnight before the last one."""
        self.today = Sums()
        """At the last midnight."""

    def tick(self) -> None:
        """See whether it is another day."""
        today = self._today()
        if today != self._day:
            self._day = today
            self.yesterday, self.today = self.today, self._sums()

    def now(self) -> Sums:
        """Give the sums of this moment."""
        return self._sums()

    def _today(self) -> int:
        moment = datetime.fromtimestamp(self._wall_ms() / 1000).astimezone()
        return moment.toordinal()
