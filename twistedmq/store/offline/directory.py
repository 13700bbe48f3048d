"""What files a store has, found by looking: no setting is believed, none is needed."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import gcd
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from twistedmq.config.store import StoreConfig
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.foreign import refuse_other_kinds
from twistedmq.store.files.paths import StorePaths, is_file_name
from twistedmq.store.files.vouch import Vouch
from twistedmq.store.files_layer import Files
from twistedmq.store.offline.reading_files import ReadingFiles

PLAIN_ENTRY_BYTES: Final = 20
BATCH_ENTRY_BYTES: Final = 46
_DEFAULT_SEGMENT_BYTES: Final = 1024 * 1024 * 1024
_DEFAULT_QUEUE_FILE_BYTES: Final = 6_000_000
_DEFAULT_BATCH_FILE_BYTES: Final = 13_800_000
_INDEX_NAME_DIGITS: Final = 17


class Segment(Struct):
    """One file of the commit log."""

    base: int
    """Physical offset of its first byte."""
    path: Path
    size: int


class QueueFolder(Struct):
    """The files of one consume queue."""

    topic: str
    queue_id: int
    path: Path
    is_batch: bool
    bases: list[int]
    """Offset in bytes of each file, rising."""
    file_bytes: int
    wrong_sizes: list[tuple[str, int]]
    """Files that have not the size of the others."""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.topic}/{self.queue_id}"

    @property
    def entry_bytes(self) -> int:
        """Bytes of one entry."""
        return BATCH_ENTRY_BYTES if self.is_batch else PLAIN_ENTRY_BYTES


class StoreDirectory:
    """The files of one store, listed once."""

    def __init__(self, files: Files, root: Path, logs: Sequence[Path] = ()) -> None:
        """Look at *root*; *logs* are the folders of the commit log if not below it.

        Raises:
            StoreOpenError: there is no store, or none of this format.
        """
        self.files = ReadingFiles(files)
        self.root = root
        self.paths = StorePaths(StoreConfig(root_directory=root))
        self.logs = list(logs) or [root / "commitlog"]
        refuse_other_kinds(self.files, self.paths)
        if not any(self.files.is_folder(folder) for folder in self.logs):
            named = ", ".join(map(str, self.logs))
            raise StoreOpenError(root, f"there is no commit log ({named})")
        self.has_abort = self.files.size(self.paths.abort) is not None
        self.vouch = self._read_vouch()
        self.segments = self._find_segments()
        self.segment_bytes = self._guess_segment_bytes()
        self.plain_file_bytes, self.batch_file_bytes = 0, 0
        self.queues = self._find_queues()
        self.index_files = [
            self.paths.index / name
            for name in files.list(self.paths.index)
            if len(name) == _INDEX_NAME_DIGITS and name.isdigit()
        ]

    def _read_vouch(self) -> Vouch | None:
        """Give the vouching file, believed or not."""
        if not self.files.size(self.paths.vouch):
            return None
        try:
            raw = bytes(self.files.open(self.paths.vouch).read(1 << 16, 0))
            return msgspec.json.decode(raw, type=Vouch)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _find_segments(self) -> list[Segment]:
        found = []
        for folder in self.logs:
            for name in self.files.list(folder):
                size = self.files.size(folder / name)
                if is_file_name(name) and size is not None:
                    found.append(Segment(int(name), folder / name, size))
        found.sort(key=lambda segment: segment.base)
        return found

    def _guess_segment_bytes(self) -> int:
        sizes = [(segment.base, segment.size) for segment in self.segments]
        if len(sizes) > 1:
            return _guess_file_bytes([sizes])
        if self.vouch is not None and self.vouch.segment_bytes > 0:
            return self.vouch.segment_bytes
        return sizes[0][1] if sizes and sizes[0][1] else _DEFAULT_SEGMENT_BYTES

    def _find_queues(self) -> dict[tuple[str, int], QueueFolder]:
        found: dict[tuple[str, int], QueueFolder] = {}
        for root, is_batch, usual in (
            (self.paths.queues, False, _DEFAULT_QUEUE_FILE_BYTES),
            (self.paths.batch_queues, True, _DEFAULT_BATCH_FILE_BYTES),
        ):
            listed = list(self._list_queues(root))
            file_bytes = _guess_file_bytes([sizes for _, _, sizes in listed]) or usual
            if is_batch:
                self.batch_file_bytes = file_bytes
            else:
                self.plain_file_bytes = file_bytes
            for topic, queue_id, sizes in listed:
                found[topic, queue_id] = QueueFolder(
                    topic,
                    queue_id,
                    root / topic / str(queue_id),
                    is_batch,
                    [base for base, size in sizes if size],
                    file_bytes,
                    [(f"{b:020d}", n) for b, n in sizes if n not in {0, file_bytes}],
                )
        return found

    def _list_queues(
        self, root: Path
    ) -> "list[tuple[str, int, list[tuple[int, int]]]]":
        files, found = self.files, []
        for topic in files.list(root):
            for name in files.list(root / topic):
                if not (name.isascii() and name.isdigit()):
                    continue
                folder = root / topic / name
                sizes = [
                    (int(file), files.size(folder / file) or 0)
                    for file in files.list(folder)
                    if is_file_name(file)
                ]
                found.append((topic, int(name), sizes))
        return found


def _guess_file_bytes(queues: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Give what most files have; between two files of a queue lies a multiple."""
    sizes = Counter(size for queue in queues for _, size in queue if size)
    if not sizes:
        return 0
    [(usual, _)] = sizes.most_common(1)
    apart = 0
    for queue in queues:
        bases = [base for base, _ in queue]
        for before, after in pairwise(bases):
            apart = gcd(apart, after - before)
    return usual if not apart or apart % usual == 0 else apart
