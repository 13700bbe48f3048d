"""One counter: what was counted over the last minute, hour and day.

A count is a few additions: it reads no clock and knows no windows. From time to time
the counters that have changed are sampled, and the windows are found from the samples.
Source: StatsItem.
"""

from struct import Struct as Layout
from typing import Final

from msgspec import Struct

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

SAMPLE_S: Final = 10
"""How often counters are sampled that have changed."""

_STEPS_S: Final = {MINUTE_S: SAMPLE_S, HOUR_S: 600, DAY_S: HOUR_S}
"""How finely each window is known."""
_ROW: Final = Layout("dqqq")
"""A time, and the calls, messages and bytes until then."""
_TIME: Final = Layout("d")


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
        self._sampled: tuple[int, ...] = (0, 0, 0)
        self._sampled_s = now_s
        # Of each window, rows in the order of time, one behind the other. Bytes, which
        # the garbage collector does not look at: there may be 100,000 counters.
        self._rows: tuple[bytes, ...] = (_ROW.pack(now_s, 0, 0, 0),) * len(_STEPS_S)

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
        then_s = now_s - SAMPLE_S
        windows = []
        for old_rows, (window, step_s) in zip(
            self._rows, _STEPS_S.items(), strict=True
        ):
            rows = old_rows
            (last_s,) = _TIME.unpack_from(rows, len(rows) - _ROW.size)
            step = before_s // step_s
            paused = then_s > before_s and then_s // step_s != step
            if before_s > last_s and (paused or step != last_s // step_s):
                rows += _ROW.pack(before_s, *before)
            if paused:
                rows += _ROW.pack(then_s, *before)
            if rows is not old_rows:
                rows = _without_old(rows, now_s - window)
            windows.append(rows)
        self._rows = tuple(windows)
        self._sampled = (self.calls, self.messages, self.bytes)
        self._sampled_s = now_s

    def rate(self, now_s: float, window: int, *, of_bytes: bool = False) -> Rate:
        """Sum up the last *window* seconds: MINUTE_S, HOUR_S or DAY_S."""
        column = 2 if of_bytes else 1
        now = (self.calls, self.messages, self.bytes)
        begin_s, (calls, *counted) = self._at(now_s - window, window)
        total = now[column] - counted[column - 1]
        span_s = max(SAMPLE_S, now_s - max(begin_s, self._born_s))
        return Rate(now[0] - calls, total, total / span_s)

    def _at(self, begin_s: float, window: int) -> tuple[float, tuple[int, ...]]:
        """Give a time not after *begin_s*, as near as is known, and the sums then."""
        if not self._is_noted and self._sampled_s <= begin_s:
            return begin_s, (self.calls, self.messages, self.bytes)
        if self._sampled_s <= begin_s:
            return begin_s, self._sampled
        rows = self._rows[list(_STEPS_S).index(window)]
        following: list[int] | None = None
        for at in range(len(rows) - _ROW.size, -1, -_ROW.size):
            row_s, *sums = _ROW.unpack_from(rows, at)
            if row_s <= begin_s:
                return begin_s if sums == following else row_s, tuple(sums)
            following = sums
        return self._born_s, (0, 0, 0)


def _without_old(rows: bytes, begin_s: float) -> bytes:
    """Keep one row at or before *begin_s*, and all that follow."""
    old = 0
    while (
        old + _ROW.size < len(rows)
        and _TIME.unpack_from(rows, old + _ROW.size)[0] <= begin_s
    ):
        old += _ROW.size
    return rows[old:]


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
