"""Which topics were deleted a moment ago, for who starts after a kill.

Queues are made again from the log behind what is vouched for, and there may be messages
of a topic that was deleted since. So it is written down before a deletion is answered,
and forgotten once a vouching file was written that knows nothing of the topic.

What is written here is not synced: it is for a process that was killed, and not to be
believed after the machine was.
"""

from typing import Final

import msgspec
from msgspec import Struct
from twisted.logger import Logger

from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files_layer import Files, write_all

_MOST_BYTES: Final = 1 << 24


class _Kept(Struct, forbid_unknown_fields=True):
    """The file."""

    topics: dict[str, int]


class Deletions:
    """Topics by name: their messages before a place in the log are gone.

    Attributes:
        gone: the physical offset from which on each topic begins.
    """

    _log = Logger()

    def __init__(self, files: Files, paths: StorePaths) -> None:
        """Read nothing yet."""
        self.gone: dict[str, int] = {}
        self._files = files
        self._path = paths.deletions

    def load(self) -> None:
        """Take over what was written down; a part of a file is nothing."""
        if self._files.size(self._path) is None:
            return
        raw = bytes(self._files.open(self._path).read(_MOST_BYTES, 0))
        try:
            self.gone = msgspec.json.decode(raw, type=_Kept).topics
        except msgspec.MsgspecError:
            self.gone = {}

    def forget(self) -> None:
        """Believe nothing that was written down."""
        self.gone = {}
        self._files.remove(self._path)

    def cut(self, end: int) -> None:
        """Be told that the log ends at *end*: what is stored from there on is new."""
        for topic, offset in self.gone.items():
            if offset > end:
                self.gone[topic] = end
                self._write()

    def note(self, topic: str, end: int) -> None:
        """Write down that *topic* is deleted, as far as the log reaches to *end*.

        A disk that cannot take that is no reason not to delete.
        """
        self.gone[topic] = end
        self._write()

    def vouched(self, known: dict[str, int]) -> None:
        """Forget *known* ones: what is vouched for since knows nothing of them."""
        if not known:
            return
        self.gone = {
            topic: offset
            for topic, offset in self.gone.items()
            if known.get(topic) != offset
        }
        self._write()

    def _write(self) -> None:
        try:
            if not self.gone:
                self._files.remove(self._path)
                return
            fresh = self._path.with_name(self._path.name + ".tmp")
            self._files.remove(fresh)
            file = self._files.open(fresh, create=True)
            write_all(file, msgspec.json.encode(_Kept(self.gone)), 0)
            self._files.rename(fresh, self._path)
        except OSError as error:
            self._log.warn(
                "{path} cannot be written: {problem}; if the broker is killed now, "
                "queues of deleted topics may come back",
                path=str(self._path),
                problem=error.strerror or str(error),
            )
