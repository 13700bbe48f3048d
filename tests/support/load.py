"""A sender and a reader over bare sockets, with nothing of the package in them.

What a broker acknowledged is kept, so that a reader can tell what is missing.
"""

import json
import socket
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from processes import ask, host_and_port

SEND_V2 = 310
PULL = 11
QUERY = 12
MAX_OFFSET = 30
SUCCESS = 0
BUSY = 2
PULL_NOT_FOUND = 19
SUSPEND, HAS_SUBSCRIPTION = 2, 4  # flags of a pull
PULL_OFFSET_MOVED = 21
MAGIC_V2 = 0xDAA320AB
BORN_V6, STORE_V6 = 16, 32
WINDOW = 250
"""Requests on their way at a time."""


class Stored(NamedTuple):
    """One message as a broker keeps it."""

    queue_id: int
    queue_offset: int
    physical_offset: int
    crc: int
    body: bytes
    properties: dict[str, str]

    @property
    def number(self) -> int:
        """Give the sender's number of the message."""
        return int(self.properties["KEYS"].removeprefix("n"))


def body(number: int, size: int) -> bytes:
    """Give the body of message *number*: text that says which one it is."""
    start = b"message %d " % number
    return start + b"x" * (size - len(start))


class Sender(threading.Thread):
    """Sends at a steady rate until told to stop or the connection ends.

    ``acked`` maps (queue id, queue offset) to the number of the message.
    """

    def __init__(
        self,
        address: str,
        topic: str,
        *,
        first: int = 0,
        count: int | None = None,
        rate: float | None = None,
        queues: int = 4,
        size: int = 1024,
        more: str = "",
    ) -> None:
        """*more* is put behind the properties of each message."""
        super().__init__(daemon=True)
        self.topic = topic
        self._properties = more
        self.acked: dict[tuple[int, int], int] = {}
        self.twice: list[tuple[int, int]] = []
        self.refused: Counter[str] = Counter()
        self.busy = 0
        self._again: list[int] = []
        self.sent = first
        self.seconds = 0.0
        self._end = None if count is None else first + count
        self._rate, self._queues, self._size = rate, queues, size
        self._stopping = threading.Event()
        self._grown = threading.Condition()
        self._socket = socket.create_connection(host_and_port(address), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def stop(self) -> None:
        """Send nothing more; what is on its way is waited for."""
        self._stopping.set()

    def wait_for(self, acks: int, timeout_s: float) -> None:
        """Return when that many messages are acknowledged, or the sender ended."""
        with self._grown:
            if not self._grown.wait_for(
                lambda: len(self.acked) >= acks or not self.is_alive(), timeout_s
            ):
                raise TimeoutError(f"{len(self.acked)} acknowledged, want {acks}")

    def run(self) -> None:
        """Send a window's worth, read its answers, and again."""
        began = time.monotonic()
        first = self.sent
        try:
            stream = self._socket.makefile("rb")
            while not self._stopping.is_set() and self._more():
                numbers = self._next_window(began, first)
                self._socket.sendall(b"".join(map(self._request, numbers)))
                for _ in numbers:
                    self._note(stream)
                with self._grown:
                    self._grown.notify_all()
        except (OSError, EOFError, struct.error):
            pass  # the broker is gone: what it acknowledged counts
        finally:
            self.seconds = time.monotonic() - began
            self._socket.close()
            with self._grown:
                self._grown.notify_all()

    def _more(self) -> bool:
        return self.sent != self._end or bool(self._again)

    def _next_window(self, began: float, first: int) -> list[int]:
        if self._rate:
            due = began + (self.sent - first) / self._rate
            self._stopping.wait(max(0.0, due - time.monotonic()))
        end = self.sent + WINDOW
        if self._end is not None:
            end = min(end, self._end)
        numbers = [*self._again, *range(self.sent, end)]
        self._again = []
        self.sent = end
        return numbers

    def _request(self, number: int) -> bytes:
        unique = f"{number:032X}"
        tag = f"t{number % 3}"
        properties = f"KEYS\x01n{number}\x02UNIQ_KEY\x01{unique}\x02TAGS\x01{tag}\x02"
        properties += self._properties
        fields = {
            "a": "LOAD",
            "b": self.topic,
            "c": "TBW102",
            "d": str(self._queues),
            "e": str(number % self._queues),
            "f": "0",
            "g": str(int(time.time() * 1000)),
            "h": "0",
            "i": properties,
            "j": "0",
            "k": "false",
            "l": "0",
            "m": "false",
        }
        return frame(SEND_V2, number & 0x7FFFFFFF, fields, body(number, self._size))

    def _note(self, stream) -> None:
        header, _ = read_frame(stream)
        fields = header.get("extFields") or {}
        if header["code"] == BUSY:  # a genuine broker that is still cold
            self.busy += 1
            self._again.append(header["opaque"])
            return
        if header["code"] != SUCCESS:
            self.refused[f"{header['code']} {header.get('remark')}"] += 1
            return
        place = int(fields["queueId"]), int(fields["queueOffset"])
        if place in self.acked:
            self.twice.append(place)
        self.acked[place] = header["opaque"]


def frame(code: int, opaque: int, fields: dict[str, str], data: bytes = b"") -> bytes:
    """Encode a request."""
    header = {
        "code": code,
        "language": "OTHER",
        "version": 485,
        "opaque": opaque,
        "flag": 0,
        "extFields": fields,
        "serializeTypeCurrentRPC": "JSON",
    }
    head = json.dumps(header).encode()
    return struct.pack(">ii", 4 + len(head) + len(data), len(head)) + head + data


def read_frame(stream) -> tuple[dict, bytes]:
    """Read one answer: its header, its body."""
    start = stream.read(8)
    if len(start) < 8:
        raise EOFError
    total, size = struct.unpack(">ii", start)
    size &= 0xFFFFFF
    head, data = stream.read(size), stream.read(total - 4 - size)
    if len(head) + len(data) < total - 4:
        raise EOFError
    return json.loads(head), data


def read_queue(
    address: str, topic: str, queue_id: int, offset: int = 0, hold_s: float = 0
) -> Iterator[Stored]:
    """Pull a queue from *offset*, or from where it begins, to its end.

    The end is where nothing more has come for *hold_s*: pulls are held so long.
    """
    held = str(HAS_SUBSCRIPTION | SUSPEND) if hold_s else str(HAS_SUBSCRIPTION)
    with (
        socket.create_connection(host_and_port(address), 30 + hold_s) as sock,
        sock.makefile("rb") as stream,
    ):
        while True:
            fields = {
                "consumerGroup": "LOAD_READER",
                "topic": topic,
                "queueId": str(queue_id),
                "queueOffset": str(offset),
                "maxMsgNums": "32",
                "sysFlag": held,
                "commitOffset": "0",
                "suspendTimeoutMillis": str(int(hold_s * 1000)),
                "subscription": "*",
                "subVersion": "0",
                "expressionType": "TAG",
            }
            sock.sendall(frame(PULL, 1, fields))
            header, data = read_frame(stream)
            if header["code"] == PULL_NOT_FOUND:
                return
            begins_later = header["code"] == PULL_OFFSET_MOVED and not offset
            if header["code"] != SUCCESS and not begins_later:
                raise AssertionError(f"pull of {queue_id} at {offset}: {header}")
            yield from records(data)
            next_offset = int(header["extFields"]["nextBeginOffset"])
            assert next_offset > offset, f"no further than {offset}: {header}"
            offset = next_offset


def read_topic(address: str, topic: str, queues: int = 4) -> list[Stored]:
    """Read all queues of a topic."""
    return [m for q in range(queues) for m in read_queue(address, topic, q)]


def records(data: bytes) -> Iterator[Stored]:
    """Cut the body of a pull answer into messages, of both versions."""
    at = 0
    while at < len(data):
        size, magic, crc, queue_id, _, queue_offset, physical, flags = (
            struct.unpack_from(">iIiiiqqi", data, at)
        )
        place = at + 84 + 12 * (bool(flags & BORN_V6) + bool(flags & STORE_V6))
        (length,) = struct.unpack_from(">i", data, place)
        content = data[place + 4 : place + 4 + length]
        place += 4 + length
        width = 2 if magic == MAGIC_V2 else 1
        place += width + int.from_bytes(data[place : place + width])
        (length,) = struct.unpack_from(">h", data, place)
        text = data[place + 2 : place + 2 + length].decode()
        pairs = (p.split("\x01", 1) for p in text.split("\x02") if p)
        yield Stored(queue_id, queue_offset, physical, crc, content, dict(pairs))
        at += size


def query(address: str, topic: str, key: str, *, unique: bool = False) -> list[Stored]:
    """Find messages by key."""
    fields = {
        "topic": topic,
        "key": key,
        "maxNum": "32",
        "beginTimestamp": "0",
        "endTimestamp": str(int(time.time() * 1000) + 60_000),
    }
    if unique:
        fields["_UNIQUE_KEY_QUERY"] = "true"
    code, _, _, data = ask(address, QUERY, fields)
    return list(records(data)) if code == SUCCESS else []


def problems(
    acked: dict[tuple[int, int], int], stored: list[Stored], size: int = 1024
) -> list[str]:
    """Say what is wrong with what is stored, given what was acknowledged."""
    found = {(m.queue_id, m.queue_offset): m for m in stored}
    wrong = []
    if len(found) != len(stored):
        wrong.append(f"{len(stored) - len(found)} queue offsets are there twice")
    lost = [place for place in acked if place not in found]
    if lost:
        wrong.append(f"{len(lost)} acknowledged messages lost, such as {lost[:3]}")
    for place, number in acked.items():
        message = found.get(place)
        if message and message.number != number:
            wrong.append(f"{place} holds {message.number}, acknowledged was {number}")
    for message in stored:
        if message.body != body(message.number, size):
            wrong.append(f"body of {message.number} is damaged")
        if message.crc != zlib.crc32(message.body) & 0x7FFFFFFF:
            wrong.append(f"checksum of {message.number} is wrong")
    for queue_id in {m.queue_id for m in stored}:
        offsets = sorted(m.queue_offset for m in stored if m.queue_id == queue_id)
        if offsets != list(range(offsets[0], offsets[0] + len(offsets))):
            wrong.append(f"queue {queue_id} has gaps")
    return wrong[:10]
