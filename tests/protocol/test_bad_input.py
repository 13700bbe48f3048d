"""Whatever comes in, only our own errors come out, and memory stays within bounds."""

import tracemalloc
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from wire_vectors import recorded

from twistedmq.protocol import bodies, loose_json
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.errors import FieldError, FrameError, HeaderError
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.framing import FrameDecoder, peek_code
from twistedmq.protocol.headers import REQUEST_HEADERS, RESPONSE_HEADERS
from twistedmq.protocol.record import RecordError, decode_records

LIMIT = 64 * 1024
frames = st.sampled_from([v.frame for v in recorded() if len(v.frame) < 4000])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A genuine frame with some bytes changed, taken out or put in."""
    data = bytearray(draw(frames))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        how = draw(st.sampled_from(["set", "cut", "put", "double"]))
        if how == "put" or at == len(data):
            data[at:at] = draw(st.binary(max_size=4))
        elif how == "set":
            data[at] = draw(st.integers(0, 255))
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 8))]
        else:
            data[at:at] = data[at : at + 32]
    return bytes(data)


def take(stream: bytes) -> None:
    """Do with *stream* all that is done with bytes from a peer."""
    decoder = FrameDecoder(LIMIT)
    try:
        found = decoder.feed(stream)
    except FrameError:
        return
    for frame in found:
        peek_code(frame)
        try:
            command = decode_command(frame)
        except HeaderError:
            continue
        for table in (REQUEST_HEADERS, RESPONSE_HEADERS):
            cls = table.get(command.code)
            if cls is not None:
                with suppress(FieldError):
                    decode_fields(cls, command.fields)
        take_body(bytes(command.body))


def take_body(body: bytes) -> None:
    for kind in (
        bodies.HeartbeatData,
        bodies.TopicStatsTable,
        bodies.RegisterBrokerBody,
    ):
        with suppress(FieldError):
            loose_json.decode(body, type=kind)
    with suppress(FieldError):
        loose_json.decode_any(body)
    with suppress(RecordError):
        decode_records(body)


@given(mutated())
def test_mutated_frames(stream: bytes) -> None:
    take(stream)


@given(mutated())
def test_mutated_frames_of_the_right_length(stream: bytes) -> None:
    take((len(stream) - 4).to_bytes(4) + stream[4:])


@given(st.binary(max_size=200))
def test_random_bytes(stream: bytes) -> None:
    take(stream)
    take(len(stream).to_bytes(4) + stream)


@given(st.sampled_from([0, 1]), st.binary(max_size=200), st.integers(0, 2**24 - 1))
def test_random_headers(kind: int, header: bytes, size: int) -> None:
    word = (kind << 24 | size).to_bytes(4)
    take((len(header) + 4).to_bytes(4) + word + header)
    word = (kind << 24 | len(header)).to_bytes(4)
    take((len(header) + 4).to_bytes(4) + word + header)


@given(st.text(st.sampled_from('{}[]:,"\\0-1.etrufalsn$ref'), max_size=80))
def test_random_json(text: str) -> None:
    take_body(text.encode())


def test_an_announced_frame_costs_nothing_until_it_comes() -> None:
    tracemalloc.start()
    try:
        decoders = [FrameDecoder() for _ in range(100)]
        for decoder in decoders:
            decoder.feed((16 * 1024 * 1024 - 4).to_bytes(4) + b"\0" * 10)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_nested_json_is_refused_without_much_memory() -> None:
    bombs = [
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b"{{" * 250_000,
        b'{"consumerDataSet":' + b"[" * 500_000,
        b"{" + b"{a:1}:{" * 50_000,
    ]
    tracemalloc.start()
    try:
        for bomb in bombs:
            take_body(bomb)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
