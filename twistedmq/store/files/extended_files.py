"""Extended units that a genuine broker wrote: ``consumequeue_ext/TOPIC/QUEUE/OFFSET``.

With bit maps of filters on, its queue entries hold the address of a unit where the tags
code would be; the tags code stands in the unit, before the bit map. None are written
here, and the bit maps are not used: a filter is asked itself. Source: ConsumeQueueExt.
"""

from pathlib import Path
from struct import Struct as Layout
from typing import Final

from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import file_name, is_file_name
from twistedmq.store.files_layer import Files
from twistedmq.store.interfaces import TagsPredicate
from twistedmq.store.queue_reading import NotResidentError

_HIGHEST_ADDRESS: Final = -(1 << 31) - 1
_LOWEST_INT64: Final = -(1 << 63)
_UNIT: Final = Layout(">hqqh")
"""Size of the unit, tags code, store time, size of the bit map that follows."""


def is_address(tags_code: int) -> bool:
    """Whether what stands for a tags code is the address of a unit."""
    return tags_code <= _HIGHEST_ADDRESS


class ExtendedFiles:
    """Finds the tags code behind an address."""

    def __init__(
        self, files: Files, folder: Path, file_bytes: int, open_files: OpenFiles
    ) -> None:
        self._files = files
        self._folder = folder
        self._file_bytes = file_bytes
        self._open = open_files
        self._topics: frozenset[str] = frozenset()

    def load(self) -> None:
        """See which topics have such files. For a thread."""
        self._topics = frozenset(self._files.list(self._folder))

    def has(self, topic: str) -> bool:
        """Whether entries of *topic* may hold addresses."""
        return topic in self._topics

    def tags_code(
        self, topic: str, queue_id: int, address: int, resident: bool
    ) -> int | None:
        """Give the tags code in the unit at *address*; None if there is none.

        Raises:
            NotResidentError: *resident* was asked and a disk would be waited for.
        """
        place = address - _LOWEST_INT64
        base = place - place % self._file_bytes

        def path() -> Path:
            return self._folder / topic / str(queue_id) / file_name(base)

        try:
            file = self._open.get((topic, queue_id, base, self._folder.name), path)
        except FileNotFoundError:
            return None
        at = place - base
        raw = file.read_resident(_UNIT.size, at) if resident else None
        if raw is None:
            if resident:
                raise NotResidentError
            raw = file.read(_UNIT.size, at)
        if len(raw) < _UNIT.size:
            return None
        size, tags_code, _, _ = _UNIT.unpack(raw)
        return tags_code if size >= _UNIT.size else None

    def predicate(
        self, topic: str, queue_id: int, tags: TagsPredicate, resident: bool
    ) -> TagsPredicate:
        """Give *tags* for codes as they stand in entries.

        Where a unit is missing the message may match: its receiver looks again.
        """

        def matches(code: int) -> bool:
            if not is_address(code):
                return tags(code)
            real = self.tags_code(topic, queue_id, code, resident)
            return real is None or tags(real)

        return matches

    def remove(self, topic: str, queue_id: int) -> None:
        """Remove the units of a queue that begins anew."""
        self._open.drop_where(
            lambda key: (
                isinstance(key, tuple)
                and key[0] == topic
                and key[3] == self._folder.name
            )
        )
        self._files.remove(self._folder / topic / str(queue_id))

    def remove_before(self, topic: str, queue_id: int, address: int) -> None:
        """Remove the files of units that all lie before *address*."""
        place = address - _LOWEST_INT64
        folder = self._folder / topic / str(queue_id)
        for name in self._files.list(folder):
            if is_file_name(name) and int(name) + self._file_bytes < place:
                self._open.drop((topic, queue_id, int(name), self._folder.name))
                self._files.remove(folder / name)

    def set_aside(self, topic: str, target: Path) -> bool:
        """Move the units of *topic* to *target*."""
        if not self._files.is_folder(self._folder / topic):
            return False
        self._open.drop_where(lambda key: isinstance(key, tuple) and key[0] == topic)
        self._files.rename(self._folder / topic, target)
        return True
