"""A bar on standard error for what takes long; none where nobody looks."""

import sys
from types import TracebackType
from typing import Final, Self, TextIO

WIDTH: Final = 30


class Progress:
    """Counts what was done.

    Args:
        total: as much there is to do.
        err: where the bar goes; it is drawn on terminals only.

    Attributes:
        done: as much was done so far.
    """

    def __init__(self, total: int, err: TextIO | None = None) -> None:
        self.done = 0
        self._total = total
        self._err = err or sys.stderr
        self._is_seen = self._err.isatty()
        self._drawn = -1

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        self._draw()

    def __enter__(self) -> Self:
        """Draw it."""
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take it away."""
        if self._is_seen:
            self._err.write("\r\x1b[K")
            self._err.flush()

    def _draw(self) -> None:
        percent = 100 * self.done // self._total if self._total else 100
        if self._is_seen and percent != self._drawn:
            self._drawn = percent
            bar = "#" * (WIDTH * percent // 100)
            self._err.write(f"\r{bar:{WIDTH}} {percent:3}% {self.done}/{self._total}")
            self._err.flush()
