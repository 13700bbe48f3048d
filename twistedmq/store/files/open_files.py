"""Files open for a while: opened on use, the least recently used dropped."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Final

from twistedmq.protocol.command import Buffer
from twistedmq.store.files_layer import Files, OpenFile, write_all

_KEPT_OF: Final = 16
"""One of so many files that are written while there is no room is kept open all the
same, so that those which are written often get there by and by."""


class OpenFiles:
    """Keeps up to a limit of files open, found by a key. For every thread.

    A file that is dropped closes when the last one who reads it lets go.
    """

    def __init__(self, files: Files, limit: int) -> None:
        self._files = files
        self._limit = limit
        self._open: OrderedDict[Hashable, OpenFile] = OrderedDict()
        self._lock = Lock()
        self._drops = 0
        """How often files were forgotten because they are gone."""
        self._without_room = 0

    def get(
        self, key: Hashable, path: Callable[[], Path], create_bytes: int = 0
    ) -> OpenFile:
        """Give the file under *key*, opened from *path* if need be.

        With *create_bytes*, a missing file is made, and a short one grown, to that
        size.

        Raises:
            FileNotFoundError: it is missing, and *create_bytes* is 0.
        """
        while True:
            with self._lock:
                file = self._open.get(key)
                if file is not None:
                    self._open.move_to_end(key)
                    return file
                drops = self._drops
            file = self._files.open(path(), create=create_bytes > 0)
            if create_bytes and file.size() < create_bytes:
                file.resize(create_bytes)
            with self._lock:
                if drops != self._drops:
                    continue  # it may be the one that is gone: look again
                file = self._open.setdefault(key, file)
                while len(self._open) > self._limit:
                    self._open.popitem(last=False)
                return file

    def write(self, key: Hashable, path: str, data: Buffer, offset: int) -> None:
        """Write all of *data* at *offset* to the file under *key*, which exists.

        Where more files take turns than may be open, one that is kept would be dropped
        before it is needed again, which costs as much as the write: so it is not kept.

        Raises:
            FileNotFoundError: it is missing.
        """
        with self._lock:
            is_kept = key in self._open or len(self._open) < self._limit
            if not is_kept:
                self._without_room += 1
                is_kept = self._without_room % _KEPT_OF == 0
        if is_kept:
            write_all(self.get(key, lambda: Path(path)), data, offset)
        else:
            self._files.write_at(path, data, offset)

    def drop(self, key: Hashable) -> None:
        """Forget the file under *key*, which was removed."""
        with self._lock:
            self._drops += 1
            self._open.pop(key, None)

    def drop_where(self, gone: Callable[[Hashable], bool]) -> None:
        """Forget every file whose key is *gone*."""
        with self._lock:
            self._drops += 1
            for key in [key for key in self._open if gone(key)]:
                del self._open[key]

    def clear(self) -> None:
        """Forget every file."""
        with self._lock:
            self._open.clear()

    def __len__(self) -> int:
        """Count the files that are kept open."""
        return len(self._open)
