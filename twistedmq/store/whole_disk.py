"""Syncs everything on a disk with one call.

Ten thousand queues that got a message each are ten thousand files to be synced, and a
sync of one takes as long as a sync of all: about a minute against a second.
"""

import ctypes
import os
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

_TELLS_ERRORS_FROM: Final = (5, 8)
"""The Linux from which on the call says whether writing failed."""


@cache
def _syncfs() -> Callable[[int], int] | None:
    """Find the system call; other threads run while it does."""
    if not sys.platform.startswith("linux"):
        return None
    version = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    if version < _TELLS_ERRORS_FROM:
        return None
    try:
        function: Any = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int,)
    function.restype = ctypes.c_int
    found: Callable[[int], int] = function
    return found


def is_available() -> bool:
    """Say whether this platform has the call, and it tells of errors."""
    return _syncfs() is not None


class WholeDisk:
    """The disk under a folder. Tells of what failed since it was made."""

    def __init__(self, folder: Path) -> None:
        """Take the disk of *folder*, or of the nearest parent that exists."""
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        self._descriptor = os.open(folder, os.O_RDONLY)

    def __del__(self) -> None:
        """Let go of the folder."""
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)

    def sync(self) -> None:
        """Return when everything written to it is there.

        Raises:
            OSError: something could not be written since the last time.
        """
        syncfs = _syncfs()
        if syncfs is None or syncfs(self._descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
