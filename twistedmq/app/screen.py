"""A terminal that shows one picture after the other, and is given back as it was."""

import os
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, NamedTuple, TextIO

from twistedmq.app.rmq_printable import cut, width

_ENTER: Final = "\x1b[?1049h\x1b[?25l"
"""The other screen, so that what was there comes back; and no cursor."""
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_REST_OF_LINE: Final = "\x1b[K"
_REST_OF_SCREEN: Final = "\x1b[J"
_PLAIN: Final = "\x1b[0m"


class Style(Enum):
    """What a line is, and so how it is set off from others."""

    PLAIN = ""
    HEAD = "\x1b[1m"
    BAD = "\x1b[1;31m"


class Line(NamedTuple):
    """One line of a picture."""

    text: str
    style: Style = Style.PLAIN


class Screen:
    """Draws pictures on a terminal.

    Args:
        out: the terminal.
        size: tells its columns and lines.
    """

    def __init__(self, out: TextIO, size: Callable[[], os.terminal_size]) -> None:
        self._out = out
        self.size = size
        self._is_entered = False

    def draw(self, lines: Iterable[Line]) -> None:
        """Have *lines*, and nothing else, on the screen; what is too much is cut."""
        columns, height = self.size()
        parts = [] if self._is_entered else [_ENTER]
        parts.append(_HOME)
        shown = list(lines)[:height]
        drawn = (_drawn(line, columns) for line in shown)
        # no line end after the last: on a full screen that would scroll
        parts.append("\r\n".join(drawn))
        parts.append(_REST_OF_SCREEN if len(shown) < height else "")
        self._is_entered = True
        self._out.write("".join(parts))
        self._out.flush()

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._is_entered:
            self._is_entered = False
            self._out.write(_LEAVE)
            self._out.flush()


def _drawn(line: Line, columns: int) -> str:
    text = cut(line.text, columns)
    # a full line may not clear "the rest": that is its own last column
    rest = _REST_OF_LINE if width(text) < columns else ""
    if line.style is Style.PLAIN:
        return f"{text}{rest}"
    return f"{line.style.value}{text}{_PLAIN}{rest}"
