"""How many messages came by, and how many a second over the last minute."""

from collections import deque
from collections.abc import Callable
from typing import Final

_MINUTE_S: Final = 60
_STEP_S: Final = 10


class Pace:
    """Counts once a batch.

    Args:
        seconds: the monotonic clock.

    Attributes:
        total: how many there were since the start.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._steps: deque[tuple[int, int]] = deque()
        self.total = 0

    def add(self, count: int) -> None:
        """Count *count* more."""
        self.total += count
        step = int(self._seconds() // _STEP_S)
        if self._steps and self._steps[-1][0] == step:
            count += self._steps.pop()[1]
        self._steps.append((step, count))
        self._drop_old(step)

    def per_second(self) -> float:
        """Give how many a second there were, over the last minute."""
        self._drop_old(int(self._seconds() // _STEP_S))
        return sum(count for _, count in self._steps) / _MINUTE_S

    def _drop_old(self, step: int) -> None:
        while self._steps and self._steps[0][0] <= step - _MINUTE_S // _STEP_S:
            self._steps.popleft()
