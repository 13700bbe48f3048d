"""A bar on standard error for what takes long; none where nobody looks."""

import sys
from types import TracebackType
from typing import Final, Self, TextIO

WIDTH: Final = 40


class Bar:
    """Shows on a terminal how much of something is done."""

    def __init__(self, err: TextIO | None = None, width: int = WIDTH) -> None:
        """Draw to *err* (standard error), if that is a terminal."""
        self._err = err or sys.stderr
        self._width = width
        self._is_seen = self._err.isatty()
        self._drawn: str | None = None

    def tell(self, done: int, of: int, *, count: bool = False) -> None:
        """Show that *done* of so many are done; with *count*, the numbers as well.

        It is drawn anew when the percentage is another one.
        """
        percent = 100 * done // of if of else 100
        text = f"{percent:3} %"
        if not self._is_seen or text == self._drawn:
            return
        self._drawn = text
        filled = self._width * percent // 100
        bar = "#" * filled + "." * (self._width - filled)
        numbers = f" {done}/{of}" if count else ""
        self._err.write(f"\r[{bar}] {text}{numbers}")
        self._err.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._drawn is not None:
            self._err.write("\r\x1b[K")
            self._err.flush()
            self._drawn = None


class Progress:
    """Counts what was done, and shows it with a bar.

    Args:
        total: as much there is to do.
        err: where the bar goes.

    Attributes:
        done: as much was done so far.
    """

    def __init__(self, total: int, err: TextIO | None = None) -> None:
        self.done = 0
        self._total = total
        self._bar = Bar(err)

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
        self._bar.clear()

    def _draw(self) -> None:
        self._bar.tell(self.done, self._total, count=True)
