"""Pieces of a file as views of its mapping, as long as all of them are in memory.

Reading many short pieces by a system call each is what a pull would mostly consist
of. A view costs nothing, but touching one whose page is not in memory stops the whole
process until the disk has answered; so the kernel is asked first (``mincore``), once
for all pieces.
"""

import ctypes
import mmap
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from twistedmq.protocol.command import Buffer

_PAGE: Final = mmap.PAGESIZE
_PAGES_AT_ONCE: Final = 1024
"""How far apart pieces may lie to be asked about together."""

_IN_MEMORY: Final = b"\x01"


@cache
def _mincore() -> Callable[..., int] | None:
    """Find the system call; it is quick, so that the interpreter stays locked."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        function: Any = ctypes.PyDLL(None).mincore
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
    function.restype = ctypes.c_int
    found: Callable[..., int] = function
    return found


def is_available() -> bool:
    """Say whether this platform tells what is in memory."""
    return _mincore() is not None


class MappedView:
    """A shared mapping of a file of fixed size.

    Views keep the mapping alive, whatever becomes of the file. Nobody may cut the file
    below the end of a piece that was given out.
    """

    def __init__(self, descriptor: int) -> None:
        """Map the whole file behind *descriptor*, which may be closed afterwards.

        Raises:
            OSError, ValueError: it cannot be mapped, or is empty.
        """
        mapping = mmap.mmap(descriptor, 0)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
        self._view = memoryview(mapping).toreadonly()
        self._states = ctypes.create_string_buffer(_PAGES_AT_ONCE)

    def pieces(
        self, starts: Sequence[int], ends: Sequence[int], base: int = 0
    ) -> list[Buffer] | None:
        """Give the bytes from each start to each end; None if some are not in memory.

        Both columns rise. The file's first byte counts as *base*.
        """
        low, high = starts[0] - base, ends[-1] - base
        first = low // _PAGE
        pages = -(-high // _PAGE) - first
        mincore = _mincore()
        if (
            mincore is None
            or pages > _PAGES_AT_ONCE
            or high > len(self._view)
            or mincore(self._address + first * _PAGE, pages * _PAGE, self._states)
            or self._states.raw.count(_IN_MEMORY, 0, pages) != pages
        ):
            return None
        if base:
            starts = [start - base for start in starts]
            ends = [end - base for end in ends]
        # Slices made and taken without a line of Python in between.
        return list(map(self._view.__getitem__, map(slice, starts, ends)))
