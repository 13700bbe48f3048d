"""Whatever a peer sends: an answer or the end of its connection, nothing worse."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from remoting_kit import Rig, frame

from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import REQUEST_HEADERS
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.limits import Limits

HEARTBEAT = RequestCode.HEART_BEAT
SEND = RequestCode.SEND_MESSAGE_V2
LIMIT = 4096


def batch(frames, connection):
    """Read its frames, as a real batch handler does."""
    for one in frames:
        decode_command(one)
    return b""


DISPATCHER = Dispatcher(
    {code: lambda _: Reply() for code in [HEARTBEAT, *REQUEST_HEADERS]}, {SEND: batch}
)


def make_rig() -> Rig:
    return Rig(DISPATCHER, Limits(max_frame_bytes=LIMIT))


def raw(content: bytes, size: int | None = None) -> bytes:
    length = len(content) if size is None else size
    return length.to_bytes(4, signed=True) + content


def with_header(header: bytes, size: int | None = None, kind: int = 0) -> bytes:
    length = len(header) if size is None else size
    return raw(bytes([kind]) + length.to_bytes(3) + header)


def held_bytes(rig: Rig) -> int:
    return rig.protocol._decoder.pending_bytes


@pytest.mark.parametrize(
    "data",
    [
        raw(b"", -1),
        raw(b"", -(2**31)),
        raw(b"", 0),
        raw(b"", 3),
        raw(b"", LIMIT + 1),
        raw(b"", 2**31 - 1),
        with_header(b"{}", 50),
        with_header(b"{}", 0xFFFFFF),
        with_header(b"{}", kind=7),
        with_header(b"{"),
        with_header(b"[]"),
        with_header(b"null"),
        with_header(b'"code"'),
        with_header(b'{"code":"many"}'),
        with_header(b'{"code":34,"extFields":7}'),
        with_header(b"\xff\xfe"),
        with_header(b"[" * 3000),
        with_header(b"\x00\x22", kind=1),
        with_header(bytes(200), 40, kind=1),
        b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_what_is_no_frame_ends_the_connection_or_is_answered(data):
    rig, other = make_rig(), make_rig()
    rig.receive(data)
    answered_or_closed = rig.transport.disconnecting or rig.receive(frame(HEARTBEAT))
    assert answered_or_closed
    assert len(other.receive(frame(HEARTBEAT))) == 1


@pytest.mark.parametrize("code", [*REQUEST_HEADERS, 0, -1, 2**31 - 1])
@pytest.mark.parametrize("value", ["", "x", "1e9", "9" * 40, "\u0000", "-"])
def test_wrong_fields_are_answered_and_the_connection_stays(code, value):
    rig = make_rig()
    header_class = REQUEST_HEADERS.get(code)
    names = header_class.__struct_encode_fields__ if header_class else ("a",)
    for fields in ({}, dict.fromkeys(names, value)):
        replies = rig.receive(frame(code, fields=fields))
        assert len(replies) == (0 if code == SEND else 1)
    assert not rig.transport.disconnecting


def test_a_huge_frame_in_small_pieces_is_refused_at_its_length():
    rig = make_rig()
    rig.receive(raw(b"x" * 10, LIMIT))
    assert rig.transport.disconnecting
    for _ in range(100):
        rig.receive(bytes(1000))
    assert held_bytes(rig) < LIMIT


@given(st.lists(st.binary(max_size=64), max_size=20))
@example([b"\x00\x00\x00\x04", b"\x00\x00\x00\x00"])
def test_random_bytes(pieces):
    rig = make_rig()
    for piece in pieces:
        rig.receive(piece)
        assert held_bytes(rig) <= LIMIT + 64


HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "code": st.sampled_from([HEARTBEAT, SEND, 105, 11, 999])
        | st.integers()
        | st.text(max_size=3)
        | st.none(),
        "flag": st.integers(0, 3) | st.text(max_size=2),
        "opaque": st.integers() | st.floats() | st.none(),
        "language": st.sampled_from(["JAVA", "KLINGON", 3, None]),
        "serializeTypeCurrentRPC": st.sampled_from(["JSON", "X", 1]),
        "version": st.integers(),
        "remark": st.text(max_size=5) | st.integers(),
        "extFields": st.dictionaries(
            st.sampled_from(["topic", "a", "b", "e", "queueId"]),
            st.text(max_size=5) | st.integers() | st.none() | st.booleans(),
        )
        | st.lists(st.integers(), max_size=2)
        | st.none(),
    },
)


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=10)), max_size=6))
def test_headers_with_wrong_types_and_missing_fields(frames):
    rig = make_rig()
    for header, body in frames:
        encoded = json.dumps(header).encode()
        rig.receive(raw(len(encoded).to_bytes(4) + encoded + body))
        if rig.transport.disconnecting:
            return
    assert len(rig.receive(frame(HEARTBEAT))) == 1


@given(
    st.lists(st.sampled_from([frame(HEARTBEAT), frame(SEND), frame(9999)]), min_size=1),
    st.data(),
)
def test_good_frames_with_bytes_changed(frames, data):
    stream = bytearray(b"".join(frames))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(stream) - 1))
        stream[at] = data.draw(st.integers(0, 255))
    rig = make_rig()
    rig.receive(bytes(stream))
    assert held_bytes(rig) <= LIMIT + len(stream)


def test_late_and_foreign_responses_are_dropped():
    rig = make_rig()
    assert rig.receive(frame(0, 77, flag=1) * 100) == []
    assert not rig.transport.disconnecting
