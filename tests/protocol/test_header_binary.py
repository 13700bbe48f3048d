import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.command import BINARY, Command
from twistedmq.protocol.errors import HeaderError
from twistedmq.protocol.header_binary import decode, encode

int32 = st.integers(-(2**31), 2**31 - 1)
int16 = st.integers(-(2**15), 2**15 - 1)
commands = st.builds(
    Command,
    code=int16,
    opaque=int32,
    flag=int32,
    fields=st.dictionaries(st.text(), st.text(), max_size=5),
    remark=st.none() | st.text(min_size=1),
    language=st.integers(0, 255),
    version=int16,
    serialization=st.just(BINARY),
)


@given(commands)
def test_what_is_encoded_is_decoded(command: Command) -> None:
    assert decode(encode(command), b"") == command


def test_an_empty_remark_is_none() -> None:
    command = Command(code=1, remark="", serialization=BINARY)
    assert decode(encode(command), b"").remark is None


@given(commands, st.data())
def test_a_torn_header_is_refused(command: Command, data: st.DataObject) -> None:
    header = encode(command)
    end = data.draw(st.integers(0, len(header) - 1))
    with pytest.raises(HeaderError):
        decode(header[:end], b"")


@pytest.mark.parametrize("code", [200050, 32768, -32769])
def test_a_code_without_room_is_refused(code: int) -> None:
    with pytest.raises(HeaderError, match=str(code)):
        encode(Command(code=code))


def test_a_field_name_without_room_is_refused() -> None:
    with pytest.raises(HeaderError):
        encode(Command(code=1, fields={"n" * 40_000: ""}))


def header_with(remark_bytes: int, fields_bytes: int, rest: bytes = b"") -> bytes:
    head = bytes(13) + remark_bytes.to_bytes(4, signed=True)
    return head + fields_bytes.to_bytes(4, signed=True) + rest


@pytest.mark.parametrize(
    "header",
    [
        header_with(-1, 0),
        header_with(2**31 - 1, 0),
        header_with(0, -1),
        header_with(0, 1),
        header_with(0, 6, b"\xff\xff\0\0\0\0"),
        header_with(0, 6, b"\0\0\xff\xff\xff\xff"),
        header_with(0, 3, b"\0\0\0"),
    ],
)
def test_lengths_that_point_outside_are_refused(header: bytes) -> None:
    with pytest.raises(HeaderError):
        decode(header, b"")


def test_bytes_that_are_no_text_are_replaced() -> None:
    field = b"\0\x01a" + b"\0\0\0\x01\xff"
    assert decode(header_with(0, len(field), field), b"").fields == {"a": "\ufffd"}
