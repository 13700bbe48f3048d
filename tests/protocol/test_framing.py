from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.codec import encode_command
from twistedmq.protocol.command import BINARY, JSON, Command
from twistedmq.protocol.errors import FrameError, FrameTooLargeError
from twistedmq.protocol.framing import (
    FrameDecoder,
    frame_parts,
    head_of_frame,
    peek_code,
)

payloads = st.lists(st.binary(min_size=4, max_size=40), max_size=8)


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4) + payload


def cut_anywhere(data: st.DataObject, stream: bytes) -> list[bytes]:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    edges = [0, *sorted(cuts), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


@given(payloads, st.data())
def test_chunking_never_changes_the_frames(
    payloads: list[bytes], data: st.DataObject
) -> None:
    decoder = FrameDecoder()
    pieces = cut_anywhere(data, b"".join(map(frame, payloads)))
    assert [f for piece in pieces for f in decoder.feed(piece)] == payloads
    assert decoder.pending_bytes == 0


def test_an_unfinished_frame_is_kept() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(frame(b"ping") + frame(b"pong")[:6]) == [b"ping"]
    assert decoder.pending_bytes == 6
    assert decoder.feed(b"") == []
    assert decoder.feed(b"ng") == [b"pong"]


def test_a_large_frame_in_small_pieces_is_copied_once() -> None:
    payload = bytes(100_000)
    decoder = FrameDecoder()
    stream = frame(payload) + frame(b"next")
    frames = [
        f
        for i in range(0, len(stream), 1000)
        for f in decoder.feed(stream[i : i + 1000])
    ]
    assert frames == [payload, b"next"]


def test_a_frame_over_the_limit_is_refused_before_it_comes() -> None:
    decoder = FrameDecoder(max_frame_bytes=100)
    assert decoder.feed(frame(bytes(96))) == [bytes(96)]
    with pytest.raises(FrameTooLargeError) as caught:
        decoder.feed((97).to_bytes(4))
    assert caught.value.size == 101
    assert caught.value.limit == 100


@pytest.mark.parametrize("size", [-1, -(2**31), 0, 3])
def test_a_length_that_cannot_be_is_refused(size: int) -> None:
    with pytest.raises(FrameError, match=str(size)):
        FrameDecoder().feed(size.to_bytes(4, signed=True))


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_any_bytes_give_frames_or_a_frame_error(pieces: list[bytes]) -> None:
    decoder = FrameDecoder(max_frame_bytes=64)
    with suppress(FrameError):
        for piece in pieces:
            decoder.feed(piece)
            assert decoder.pending_bytes <= 64 + len(piece)


def test_the_parts_of_a_frame() -> None:
    whole = head_of_frame(BINARY, b"header", 4) + b"body"
    assert int.from_bytes(whole[:4]) == len(whole) - 4
    assert frame_parts(whole[4:]) == (BINARY, 10)


@pytest.mark.parametrize("bad", [b"", b"\0\0\0", b"\0\0\0\x01", b"\0\xff\xff\xff1234"])
def test_a_header_longer_than_its_frame_is_refused(bad: bytes) -> None:
    with pytest.raises(FrameError):
        frame_parts(bad)


@given(st.integers(0, 32767), st.sampled_from([JSON, BINARY]))
def test_the_code_can_be_seen_without_decoding(code: int, serialization: int) -> None:
    whole = encode_command(Command(code=code, serialization=serialization))
    assert peek_code(whole[4:]) == code


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\0",
        b'\0\0\0\x10{"opaque":1}',
        b'\0\0\0\x10{"code":"310"}',
        b'\0\0\0\x10{"code":310}',
        b'\0\0\0\x10{"code":',
        b'\0\0\0\x20{"code":123456789012345,',
        b"\x01\0\0\x01\0",
        b"\x09\0\0\0\0\0\0",
    ],
)
def test_a_code_that_is_not_cheap_to_see_is_not_seen(frame: bytes) -> None:
    assert peek_code(frame) == -1


def test_whole_frames_are_given_before_what_spoils_the_stream() -> None:
    decoder = FrameDecoder(100)
    good = (5).to_bytes(4) + b"12345"
    assert decoder.feed(good + good + b"\xff\xff\xff\xff more") == [b"12345"] * 2
    assert decoder.is_spoilt
    assert decoder.pending_bytes == 4
    with pytest.raises(FrameError, match="-1"):
        decoder.feed(b"")
