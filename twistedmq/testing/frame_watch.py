"""Looks at the frames that are written, and decides what becomes of each."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.framing import LENGTH_BYTES

LOST = None
"""The fate of what does not arrive."""

Fate = float | None
"""So many seconds late, or LOST."""


class End(Protocol):
    """What is used of one end of a connection."""

    @property
    def host(self) -> str:
        """The machine that has it."""

    @property
    def other(self) -> "End":
        """The other end."""


class Frame(NamedTuple):
    """What a fault can go by."""

    sender: str
    """A host."""
    receiver: str
    code: int | None
    """Of the request, also for a response; None where that is not known."""
    is_response: bool


class FrameWatch:
    """Carries what is written; *fate* decides about each frame.

    What is no frame (TLS, a web page) is a request without a code.
    """

    def __init__(self, fate: Callable[[Frame], Fate]) -> None:
        self._fate = fate
        self._asked: WeakKeyDictionary[End, dict[int, int]] = WeakKeyDictionary()
        """By the end that asked: opaque to code."""

    def __call__(self, end: End, data: bytes) -> list[tuple[float, bytes]]:
        """Give what arrives of *data*, and how late; see ``Carrier``."""
        arrives: list[tuple[float, bytes]] = []
        for frame in frames_of(data):
            fate = self._fate(self._looked_at(end, frame))
            if fate is not LOST:
                arrives.append((fate, frame))
        if all(late_s == 0 for late_s, _ in arrives):
            return [(0.0, b"".join(frame for _, frame in arrives))]
        return arrives

    def _looked_at(self, end: End, frame: bytes) -> Frame:
        sender, receiver = end.host, end.other.host
        try:
            command = decode_command(frame[LENGTH_BYTES:])
        except TwistedMQError:
            return Frame(sender, receiver, None, False)
        if command.is_response:
            asked = self._asked.get(end.other, {})
            code = asked.pop(command.opaque, None)
            return Frame(sender, receiver, code, True)
        if not command.is_one_way:
            self._asked.setdefault(end, {})[command.opaque] = command.code
        return Frame(sender, receiver, command.code, False)


def frames_of(data: bytes) -> Iterator[bytes]:
    """Cut *data* into frames, with their length bytes; what is none comes whole."""
    start = 0
    while start < len(data):
        size = int.from_bytes(data[start : start + LENGTH_BYTES])
        end = start + LENGTH_BYTES + size
        if size < LENGTH_BYTES or end > len(data):
            end = len(data)
        yield data[start:end]
        start = end
