"""Cut a byte stream into frames.

A frame is a 4-byte length and as many bytes: a word that holds the header's
serialization and length, the header, the body.
"""

from struct import Struct
from typing import Final

from twistedmq.protocol.command import BINARY, JSON
from twistedmq.protocol.errors import FrameError, FrameTooLargeError

DEFAULT_MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
LENGTH_BYTES: Final = 4
HEADER_WORD_BYTES: Final = 4

_LENGTH: Final = Struct(">i")
_WORDS: Final = Struct(">II")
_CODE: Final = Struct(">h")
_CODE_FIRST: Final = b'{"code":'
_CODE_AT: Final = HEADER_WORD_BYTES + len(_CODE_FIRST)
_CODE_DIGITS: Final = 11


class FrameDecoder:
    """Cut a byte stream into frames; knows no socket and no clock.

    Holds at most one unfinished frame, so never more than ``max_frame_bytes`` and one
    read. After an error the stream has no next frame: close the connection.
    """

    def __init__(self, max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> None:
        """Refuse frames over *max_frame_bytes*, their length bytes counted."""
        self._max_frame_bytes = max_frame_bytes
        self._pending = bytearray()
        self._wanted = LENGTH_BYTES
        self.is_spoilt = False
        """Whether the next call raises: no frame follows the last ones given."""

    @property
    def pending_bytes(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._pending)

    def feed(self, data: bytes) -> list[bytes]:
        """Give the frames that *data* completes, without their length bytes.

        Frames that are whole are given before an error behind them is raised: see
        ``is_spoilt``.

        Raises:
            FrameTooLargeError: a frame announces more than the limit.
            FrameError: a frame announces a length that cannot be.
        """
        if self._pending:
            self._pending += data
            if len(self._pending) < self._wanted:
                return []
            data = bytes(self._pending)
            self._pending.clear()
        largest, length_at = self._max_frame_bytes - LENGTH_BYTES, _LENGTH.unpack_from
        start, end = 0, len(data)
        if end >= LENGTH_BYTES + HEADER_WORD_BYTES:
            (size,) = length_at(data)
            if size == end - LENGTH_BYTES and size <= largest:
                return [data[LENGTH_BYTES:]]  # what one request at a time looks like
        frames: list[bytes] = []
        while end - start >= LENGTH_BYTES:
            (size,) = length_at(data, start)
            if not HEADER_WORD_BYTES <= size <= largest:
                if not frames:
                    raise self._refused(size)
                self.is_spoilt = True
                end = start + LENGTH_BYTES
                self._wanted = LENGTH_BYTES
                break
            stop = start + LENGTH_BYTES + size
            if stop > end:
                self._wanted = LENGTH_BYTES + size
                break
            frames.append(data[start + LENGTH_BYTES : stop])
            start = stop
        else:
            self._wanted = LENGTH_BYTES
        if start < end:
            self._pending += data[start:end]
        return frames

    def _refused(self, size: int) -> FrameError:
        if size >= HEADER_WORD_BYTES:
            return FrameTooLargeError(size + LENGTH_BYTES, self._max_frame_bytes)
        return FrameError(f"a frame announces a length of {size} bytes")


def frame_parts(frame: bytes) -> tuple[int, int]:
    """Give the header's serialization and where the body of *frame* starts.

    Raises:
        FrameError: the frame is shorter than its header.
    """
    if len(frame) < HEADER_WORD_BYTES:
        raise FrameError(f"a frame of {len(frame)} bytes has no header")
    size = int.from_bytes(frame[1:HEADER_WORD_BYTES])
    if size > len(frame) - HEADER_WORD_BYTES:
        raise FrameError(
            f"a header announces {size} bytes in a frame of {len(frame)} bytes"
        )
    return frame[0], HEADER_WORD_BYTES + size


def head_of_frame(serialization: int, header: bytes, body_bytes: int) -> bytes:
    """Give everything of a frame that stands before its body."""
    size = len(header)
    words = _WORDS.pack(
        HEADER_WORD_BYTES + size + body_bytes, serialization << 24 | size
    )
    return words + header


def peek_code(frame: bytes) -> int:
    """Give the code of *frame* (without length bytes), -1 where that is not cheap.

    Most clients write ``code`` as the first member of a JSON header.
    """
    if not frame:
        return -1
    if frame[0] == JSON and frame.startswith(_CODE_FIRST, HEADER_WORD_BYTES):
        stop = frame.find(b",", _CODE_AT, _CODE_AT + _CODE_DIGITS + 1)
        digits = frame[_CODE_AT:stop]
        return int(digits) if stop > 0 and digits.isdigit() else -1
    if frame[0] == BINARY and len(frame) >= HEADER_WORD_BYTES + _CODE.size:
        (code,) = _CODE.unpack_from(frame, HEADER_WORD_BYTES)
        return int(code)
    return -1
