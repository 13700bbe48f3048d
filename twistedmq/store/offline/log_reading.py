"""The bytes of a commit log by physical offset, whatever state its files are in."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from twistedmq.store.files_layer import Files, OpenFile
from twistedmq.store.offline.directory import Segment, StoreDirectory

_OPEN_FILES: Final = 16
_FIRST_BYTES: Final = 4096
LARGEST_RECORD_BYTES: Final = 256 * 1024 * 1024
"""A record that claims more is taken to be damaged."""


class LogReader:
    """Reads bytes; keeps some files open."""

    def __init__(
        self, files: Files, segments: Sequence[Segment], segment_bytes: int
    ) -> None:
        self._files = files
        self.segments = list(segments)
        self.segment_bytes = segment_bytes
        self._bases = [segment.base for segment in segments]
        self._open: OrderedDict[int, OpenFile] = OrderedDict()

    @classmethod
    def of(cls, directory: StoreDirectory) -> "LogReader":
        """Give a reader of the log of *directory*."""
        return cls(directory.files, directory.segments, directory.segment_bytes)

    @property
    def min_offset(self) -> int:
        """Where the first file begins."""
        return self._bases[0] if self._bases else 0

    @property
    def max_offset(self) -> int:
        """Where the last file ends; the log itself ends before."""
        if not self.segments:
            return 0
        return self.segments[-1].base + self.segment_bytes

    def segment_at(self, offset: int) -> Segment | None:
        """Give the file that should hold *offset*; None if it is missing."""
        at = bisect_right(self._bases, offset) - 1
        if at < 0 or offset >= self._bases[at] + self.segment_bytes:
            return None
        return self.segments[at]

    def segment_end(self, offset: int) -> int:
        """Give where the segment of *offset* ends, be it there or not."""
        segment = self.segment_at(offset)
        if segment is not None:
            return segment.base + self.segment_bytes
        return offset - offset % self.segment_bytes + self.segment_bytes

    def next_base(self, offset: int) -> int | None:
        """Give where the first file behind *offset* begins."""
        at = bisect_right(self._bases, offset)
        return self._bases[at] if at < len(self._bases) else None

    def read(self, size: int, offset: int) -> bytes:
        """Give bytes from *offset* on; fewer where the file or segment ends."""
        segment = self.segment_at(offset)
        if segment is None or size <= 0:
            return b""
        size = min(size, segment.base + self.segment_bytes - offset)
        return bytes(self._file(segment).read(size, offset - segment.base))

    def next_data(self, offset: int) -> int:
        """Give a place from *offset* on before which there are only zeros.

        Not behind the segment's end; a little before where data begins, as a record may
        begin with zeros.
        """
        segment = self.segment_at(offset)
        if segment is None:
            return offset
        found = self._file(segment).next_data(offset - segment.base)
        return max(offset, segment.base + min(found, self.segment_bytes) - 8)

    def _file(self, segment: Segment) -> OpenFile:
        file = self._open.get(segment.base)
        if file is None:
            file = self._open[segment.base] = self._files.open(segment.path)
            if len(self._open) > _OPEN_FILES:
                self._open.popitem(last=False)
        return file

    def record_bytes(self, offset: int) -> bytes:
        """Give the bytes of the record at *offset*, as many as it says it has.

        Nothing where its size makes no sense.
        """
        data = self.read(_FIRST_BYTES, offset)
        size = int.from_bytes(data[:4])
        if not 0 < size <= min(self.segment_end(offset) - offset, LARGEST_RECORD_BYTES):
            return b""
        if size > len(data):
            data += self.read(size - len(data), offset + len(data))
        return data[:size]
