"""Frames to commands and back: the one door to both header serializations."""

from collections.abc import Mapping

from twistedmq.protocol import header_binary, header_json
from twistedmq.protocol.command import BINARY, JSON, Buffer, Command, Reply
from twistedmq.protocol.errors import FrameError, HeaderError
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.framing import HEADER_WORD_BYTES, frame_parts, head_of_frame
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.send import SendMessageRequestHeaderV2
from twistedmq.protocol.send_requests import encode_send_request


def decode_command(frame: bytes) -> Command:
    """Make a Command of a frame without its length bytes.

    Raises:
        HeaderError: the header cannot be parsed.
    """
    try:
        serialization, body_at = frame_parts(frame)
    except FrameError as error:
        raise HeaderError(str(error)) from None
    header, body = frame[HEADER_WORD_BYTES:body_at], frame[body_at:]
    if serialization == JSON:
        return header_json.decode(header, body)
    if serialization == BINARY:
        return header_binary.decode(header, body)
    raise HeaderError(f"no header serialization has the number {serialization}")


def encode_command(command: Command, body: Buffer | None = None) -> bytes:
    """Give the whole frame of *command*, with *body* instead of its own if given."""
    content = command.body if body is None else body
    if command.serialization == BINARY:
        header = header_binary.encode(command)
    else:
        header = header_json.encode(command)
    return head_of_frame(command.serialization, header, len(content)) + content


def encode_request(
    code: int,
    opaque: int,
    header: Header | Mapping[str, str] | None = None,
    body: Buffer = b"",
    *,
    flag: int = 0,
    remark: str | None = None,
    serialization: int = JSON,
) -> bytes:
    """Give the whole frame of a request of ours."""
    if (
        type(header) is SendMessageRequestHeaderV2
        and header.properties is not None
        and remark is None
        and serialization == JSON
    ):
        return encode_send_request(code, opaque, flag, header, body)
    return encode_command(
        Command(
            code=code,
            opaque=opaque,
            flag=flag,
            fields=encode_fields(header),
            body=body,
            remark=remark,
            serialization=serialization,
        )
    )


def encode_reply(reply: Reply, request: Command) -> list[Buffer]:
    """Give the frame that answers *request*, as buffers to be sent one by one.

    Answers have a JSON header whatever the request had, as the genuine servers' do.
    """
    fields = encode_fields(reply.header)
    header = header_json.encode_reply(reply.code, request.opaque, fields, reply.remark)
    body = reply.body if isinstance(reply.body, list) else [reply.body]
    size = sum(map(len, body))
    return [head_of_frame(JSON, header, size), *filter(len, body)]
