"""One counter: what was counted over the last minute, hour and day.

A count is a few additions: it reads no clock and knows no windows. From time to time
the counters that have changed are sampled, and the windows are found from the samples.
Source: StatsItem.
"""

from array import array
from typing import Final

from msgspec import Struct

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

SAMPLE_S: Final = 10
"""How often counters are sampled that have changed."""

_STEPS_S: Final = {MINUTE_S: SAMPLE_S, HOUR_S: 600, DAY_S: HOUR_S}
"""How finely each window is known."""
_ROW: Final = 4
"""Numbers in a row: a time, and the calls, messages and bytes until then."""


class Rate(Struct, frozen=True):
    """What one window of a counter holds."""

    calls: int
    """How often something was counted."""
    total: int
    per_second: float

    @property
    def average(self) -> float:
        """What one call brought, on the average."""
        return self.total / self.calls if self.calls else 0.0


class Counter:
    """Counts calls, messages and bytes; each only rises."""

    __slots__ = (
        "_born_s",
        "_changed",
        "_is_noted",
        "_rows",
        "_sampled",
        "_sampled_s",
        "bytes",
        "calls",
        "messages",
    )

    def __init__(self, changed: "list[Counter]", now_s: float) -> None:
        """Put itself into *changed* with the first count after a sample."""
        self.calls = 0
        self.messages = 0
        self.bytes = 0
        self._changed = changed
        self._is_noted = False
        self._born_s = now_s
        self._sampled: tuple[float, ...] = (0, 0, 0)
        self._sampled_s = now_s
        # By window: rows in the order of time, one behind the other.
        self._rows = {window: array("d", (now_s, 0, 0, 0)) for window in _STEPS_S}

    def add(self, calls: int, messages: int, size: int) -> None:
        """Count *calls* that brought *messages* of *size* bytes together."""
        if not self._is_noted:
            self._is_noted = True
            self._changed.append(self)
        self.calls += calls
        self.messages += messages
        self.bytes += size

    def sample(self, now_s: float) -> None:
        """Take note of what was counted until now, and since when it was not more."""
        self._is_noted = False
        before, before_s = self._sampled, self._sampled_s
        for window, step_s in _STEPS_S.items():
            rows, then_s = self._rows[window], now_s - SAMPLE_S
            last_s = rows[-_ROW]
            paused = then_s > before_s and then_s // step_s != before_s // step_s
            if before_s > last_s and (paused or before_s // step_s != last_s // step_s):
                rows.extend((before_s, *before))
            if paused:
                rows.extend((then_s, *before))
            self._drop_old(rows, now_s - window)
        self._sampled = (self.calls, self.messages, self.bytes)
        self._sampled_s = now_s

    def rate(self, now_s: float, window: int, *, of_bytes: bool = False) -> Rate:
        """Sum up the last *window* seconds: MINUTE_S, HOUR_S or DAY_S."""
        column = 2 if of_bytes else 1
        now = (self.calls, self.messages, self.bytes)
        begin_s, (calls, *counted) = self._at(now_s - window, window)
        total = now[column] - int(counted[column - 1])
        span_s = max(SAMPLE_S, now_s - max(begin_s, self._born_s))
        return Rate(now[0] - int(calls), total, total / span_s)

    def _at(self, begin_s: float, window: int) -> tuple[float, tuple[float, ...]]:
        """Give a time not after *begin_s*, as near as is known, and the sums then."""
        if not self._is_noted and self._sampled_s <= begin_s:
            return begin_s, (self.calls, self.messages, self.bytes)
        if self._sampled_s <= begin_s:
            return begin_s, self._sampled
        rows = self._rows[window]
        for at in range(len(rows) - _ROW, -1, -_ROW):
            if rows[at] <= begin_s:
                sums = tuple(rows[at + 1 : at + _ROW])
                follows = rows[at + _ROW + 1 : at + 2 * _ROW]
                unchanged = follows and tuple(follows) == sums
                return begin_s if unchanged else rows[at], sums
        return self._born_s, (0, 0, 0)

    def _drop_old(self, rows: "array[float]", begin_s: float) -> None:
        """Keep one row at or before *begin_s*, and all that follow."""
        old = 0
        while old + _ROW < len(rows) and rows[old + _ROW] <= begin_s:
            old += _ROW
        del rows[:old]


class Sum:
    """Two counters, seen as one."""

    def __init__(self, one: Counter, other: Counter) -> None:
        self._both = (one, other)

    @property
    def messages(self) -> int:
        """How many were counted by either."""
        return sum(counter.messages for counter in self._both)

    @property
    def bytes(self) -> int:
        """The size of what was counted by either."""
        return sum(counter.bytes for counter in self._both)

    def rate(self, now_s: float, window: int, *, of_bytes: bool = False) -> Rate:
        """Sum up the last *window* seconds; see Counter.rate."""
        one, other = (c.rate(now_s, window, of_bytes=of_bytes) for c in self._both)
        return Rate(
            one.calls + other.calls,
            one.total + other.total,
            one.per_second + other.per_second,
        )
