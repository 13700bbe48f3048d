"""Message ids: the broker's, which say where a message is, and the client's."""

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Final

from twistedmq.protocol.addresses import IPV4_BYTES, IPV6_BYTES
from twistedmq.protocol.errors import FieldError

_OFFSET_BYTES: Final = 8
_ID_BYTES: Final = (IPV4_BYTES + _OFFSET_BYTES, IPV6_BYTES + _OFFSET_BYTES)
_PORT_BYTES: Final = 4
_CLOCK_STEP_MS: Final = 1_000_000
"""A clock set back by less than this gives the time 0 instead of a negative one."""


def offset_id(packed_host: bytes, physical_offset: int) -> str:
    """Give the id of the message at *physical_offset* of the broker there."""
    return (
        (packed_host + physical_offset.to_bytes(_OFFSET_BYTES, signed=True))
        .hex()
        .upper()
    )


def parse_offset_id(text: str) -> tuple[bytes, int]:
    """Give (packed host, physical offset) of an id that a broker made.

    Raises:
        FieldError: *text* is no such id.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) not in _ID_BYTES or len(text) != 2 * len(raw):
        raise FieldError("message id", f"{text[:64]!r} is no id with an offset")
    return raw[:-_OFFSET_BYTES], int.from_bytes(raw[-_OFFSET_BYTES:], signed=True)


class UniqueIdFactory:
    """Makes the ids that clients give to messages (upstream: MessageClientIDSetter).

    An id is the address, 2 bytes of process id, 4 bytes that differ from one factory to
    another, 4 bytes of ms since the month began, and a counter of 2 bytes.
    """

    def __init__(
        self,
        host_packed: bytes,
        pid: int,
        random: Random,
        wall_ms: Callable[[], int],
    ) -> None:
        """Make ids for the process *pid* at *host_packed* (address and port)."""
        address = host_packed[:-_PORT_BYTES]
        fixed = address + (pid & 0xFFFF).to_bytes(2) + random.randbytes(4)
        self._prefix = fixed.hex().upper()
        self._wall_ms = wall_ms
        self._counter = 0
        self._month_start = self._month_end = 0

    def next(self) -> str:
        """Give an id that was not given before."""
        now = self._wall_ms()
        if now >= self._month_end:
            self._month_start, self._month_end = _month_around(now)
        elapsed = now - self._month_start
        if -_CLOCK_STEP_MS < elapsed < 0:
            elapsed = 0
        count, self._counter = self._counter, (self._counter + 1) & 0xFFFF
        return f"{self._prefix}{elapsed & 0xFFFFFFFF:08X}{count:04X}"


def _month_around(now_ms: int) -> tuple[int, int]:
    """Give the first ms of this month and of the next, in local time."""
    first = datetime.fromtimestamp(now_ms / 1000).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    year, month = divmod(first.year * 12 + first.month, 12)
    following = first.replace(year=year, month=month + 1)
    return int(first.timestamp() * 1000), int(following.timestamp() * 1000)
