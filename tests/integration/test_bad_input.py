"""A live broker under bad input: the connection in question suffers, nobody else."""

import json
import random
import socket
import struct
import sys
from collections.abc import Iterator

import pytest
from load import PULL, SEND_V2, Sender, frame, problems, read_frame, read_topic
from processes import OurBroker

GROWTH_MIB = 40
"""How much a broker may grow under what follows."""

RANDOM = random.Random(20)


@pytest.fixture(scope="module")
def broker() -> Iterator[OurBroker]:
    with OurBroker(store="memory") as broker:
        yield broker


def connect(broker: OurBroker) -> socket.socket:
    host, port = broker.address.split(":")
    return socket.create_connection((host, int(port)), 10)


def answer(broker: OurBroker, data: bytes, *, ends: bool = True) -> dict | None:
    """Send *data*; gives the header of the answer, None if closed.

    *ends*: and say that no more comes, for data that may be taken for half a frame. A
    server need not answer any more then.
    """
    with connect(broker) as sock:
        sock.sendall(data)
        if ends:
            sock.shutdown(socket.SHUT_WR)
        try:
            return read_frame(sock.makefile("rb"))[0]
        except (EOFError, ConnectionError):
            return None


def framed(header: bytes, serialization: int = 0, body: bytes = b"") -> bytes:
    mark = len(header) | serialization << 24
    return struct.pack(">iI", 4 + len(header) + len(body), mark) + header + body


def head(**changes: object) -> bytes:
    fields = {"code": 11, "opaque": 7, "flag": 0, "version": 485, "language": "JAVA"}
    return json.dumps({**fields, **changes}).encode()


UNREADABLE = {
    "negative length": struct.pack(">i", -5),
    "shorter than its header's length": struct.pack(">i", 2) + b"ab",
    "larger than allowed": struct.pack(">i", 0x7FFFFFF0) + b"x" * 100,
    "unknown serialization": framed(b"{}", 9),
    "header longer than the frame": struct.pack(">iI", 8, 1000) + b"abcd",
    "broken JSON": framed(b'{"code": 11, '),
    "JSON that is no object": framed(b"[1, 2]"),
    "binary header cut off": framed(b"\0\x0b\0", 1),
    "something else": b"GET / HTTP/1.1\r\n\r\n",
    "nothing but zeros": b"\0" * 64,
}

REFUSED = {
    "unknown code": framed(head(code=30_000)),
    "missing fields": frame(PULL, 7, {}),
    "wrong type": frame(PULL, 7, {"queueId": "x", "topic": "T"}),
    "fields of the wrong kind": framed(head(extFields={"a": {"b": []}})),
    "number out of range": frame(PULL, 7, {"queueId": "9" * 40, "topic": "T"}),
    "no topic": frame(SEND_V2, 7, {"a": "g"}),
    "batch with a broken body": frame(
        320,
        7,
        {
            **dict(a="g", b="T", c="TBW102", d="4", e="0", f="0", g="1", h="0"),
            **dict(i="", j="0", k="false", l="0", m="true"),
        },
        b"\0\0\0\x10rubbish",
    ),
}


def served(broker: OurBroker) -> None:
    """See that the broker takes and gives messages."""
    topic = f"Served{RANDOM.getrandbits(32)}"
    sender = Sender(broker.address, topic, count=40)
    sender.start()
    sender.join()
    assert problems(sender.acked, read_topic(broker.address, topic)) == []
    assert len(sender.acked) == 40


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_closes_its_connection(
    broker: OurBroker, what: str
) -> None:
    with connect(broker) as bystander:
        whole = what != "nothing but zeros"
        assert answer(broker, UNREADABLE[what], ends=not whole) is None
        bystander.sendall(frame(PULL, 9, {}))
        assert read_frame(bystander.makefile("rb"))[0]["opaque"] == 9


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_served_is_answered(broker: OurBroker, what: str) -> None:
    reply = answer(broker, REFUSED[what], ends=False)
    assert reply is not None
    assert reply["code"] != 0
    assert reply["opaque"] == 7
    assert reply["remark"]


def test_a_frame_that_never_ends_harms_nobody(broker: OurBroker) -> None:
    torn = [connect(broker) for _ in range(20)]
    for sock in torn:
        sock.sendall(struct.pack(">i", 1_000_000) + b"\0" * 1000)
    served(broker)
    for sock in torn:
        sock.close()


def test_random_bytes_leave_the_broker_as_it_was(broker: OurBroker) -> None:
    linux = sys.platform == "linux"
    before_mib = broker.anonymous_mib() if linux else 0.0
    lines_before = broker.output.count("\n")
    good = frame(PULL, 7, {"topic": "T", "queueId": "0"}, b"body")
    for _ in range(300):
        data = bytearray(good * RANDOM.randint(1, 3))
        for _ in range(RANDOM.randint(1, 8)):
            data[RANDOM.randrange(len(data))] = RANDOM.getrandbits(8)
        answer(broker, bytes(data[: RANDOM.randint(1, len(data))]))
        answer(broker, RANDOM.randbytes(RANDOM.randint(1, 300)))
    served(broker)
    assert broker.output.count("\n") - lines_before <= 600
    assert "Traceback" not in broker.output
    if linux:
        assert broker.anonymous_mib() - before_mib < GROWTH_MIB
