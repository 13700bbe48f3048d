"""Saying no after a write failed, until the next one succeeds."""

import errno
from pathlib import Path
from typing import Any, Final

from twisted.logger import Logger

from twistedmq.store.files_layer import Files
from twistedmq.store.interfaces import StoreFullError

_AGAIN_AFTER_S: Final = 1.0
"""How long a disk that is full or failed is left alone before it is tried again."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Refusal:
    """Says so once when it begins, and once when it is over."""

    _log = Logger()

    def __init__(self, reactor: Any, files: Files, root: Path) -> None:
        """*root* is where the store is, for people."""
        self._reactor = reactor
        self._files = files
        self._root = root
        self._problem = ""
        self.until_s = 0.0
        """When a write may be tried again; 0 if the last one succeeded."""

    def begin(self, error: OSError) -> StoreFullError:
        """Note that a write failed; gives what to tell the producer."""
        problem = self._text(error)
        if not self.until_s:
            self._log.error(
                "{problem}; messages are refused until one can be written, reads go on",
                problem=problem,
            )
        self._problem = problem
        self.until_s = self._reactor.seconds() + _AGAIN_AFTER_S
        return StoreFullError(problem)

    def _text(self, error: OSError) -> str:
        where = error.filename or self._root
        if error.errno not in _FULL:
            return f"the message cannot be written to {where}: {error.strerror}"
        use = self._files.disk_use(self._root)
        return (
            f"the disk of {where} is full ({use.percent} % used, {use.free_bytes} "
            "bytes free): the message is not stored"
        )

    def check(self) -> None:
        """Let a write be tried now and then.

        Raises:
            StoreFullError: the last one failed a moment ago.
        """
        if self.until_s > self._reactor.seconds():
            raise StoreFullError(self._problem)

    def end(self) -> None:
        """Note that a write succeeded."""
        self.until_s = 0.0
        self._log.info("{root}: messages are stored again", root=str(self._root))
