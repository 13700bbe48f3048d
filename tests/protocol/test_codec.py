import pytest

from twistedmq.protocol.codec import (
    decode_command,
    encode_command,
    encode_reply,
    encode_request,
)
from twistedmq.protocol.codes import CURRENT_VERSION, LanguageCode, RequestCode
from twistedmq.protocol.command import BINARY, JSON, ONE_WAY_FLAG, Command, Reply
from twistedmq.protocol.errors import HeaderError
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.protocol.headers import (
    GetMaxOffsetResponseHeader,
    GetRouteInfoRequestHeader,
)


def decode(whole: bytes) -> Command:
    (frame,) = FrameDecoder().feed(whole)
    return decode_command(frame)


@pytest.mark.parametrize("serialization", [JSON, BINARY])
def test_a_request_of_ours(serialization: int) -> None:
    whole = encode_request(
        RequestCode.GET_ROUTEINFO_BY_TOPIC,
        7,
        GetRouteInfoRequestHeader(topic="T"),
        b"body",
        flag=ONE_WAY_FLAG,
        remark="why",
        serialization=serialization,
    )
    assert decode(whole) == Command(
        code=105,
        opaque=7,
        flag=ONE_WAY_FLAG,
        fields={"topic": "T"},
        body=b"body",
        remark="why",
        language=LanguageCode.PYTHON,
        version=CURRENT_VERSION,
        serialization=serialization,
    )


def test_a_request_without_anything() -> None:
    assert decode(encode_request(RequestCode.HEART_BEAT, 1)).body == b""


def test_another_body_can_be_given() -> None:
    whole = encode_command(Command(code=1, body=b"own"), memoryview(b"other"))
    assert decode(whole).body == b"other"


@pytest.mark.parametrize("serialization", [JSON, BINARY])
def test_a_reply_is_json_and_has_the_opaque_of_its_request(serialization: int) -> None:
    request = Command(code=30, opaque=42, serialization=serialization)
    reply = Reply(header=GetMaxOffsetResponseHeader(offset=9), remark="FOUND")
    answer = decode(b"".join(encode_reply(reply, request)))
    assert answer == Command(
        code=0, opaque=42, flag=1, fields={"offset": "9"}, remark="FOUND"
    )
    assert answer.is_response
    assert not answer.is_one_way


def test_the_body_of_a_reply_leaves_without_a_copy() -> None:
    pieces: list[bytes | memoryview] = [memoryview(b"one"), b"", b"two"]
    buffers = encode_reply(Reply(body=pieces), Command(code=11))
    assert buffers[1] is pieces[0]
    assert buffers[2] is pieces[2]
    assert decode(b"".join(buffers)).body == b"onetwo"


def test_a_reply_without_a_body_is_one_buffer() -> None:
    assert len(encode_reply(Reply(header={"k": "v"}), Command(code=34))) == 1


@pytest.mark.parametrize(
    "frame", [b"", b"\0\0\0\x05{}", b"\x02\0\0\0", b"\xff\0\0\x02{}", b"\x01\0\0\0"]
)
def test_what_is_no_command_is_refused(frame: bytes) -> None:
    with pytest.raises(HeaderError):
        decode_command(frame)
