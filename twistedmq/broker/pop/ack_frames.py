"""Many ACK_MESSAGE frames into acks by checkpoint, and their answers. Pure.

A consumer acknowledges one message at a time, mostly all of one pop together: such acks
have the same fields but for the offset, and are looked at once.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from twistedmq.protocol.codec import decode_command, encode_reply
from twistedmq.protocol.codes import CURRENT_VERSION, RequestCode
from twistedmq.protocol.command import JSON, ONE_WAY_FLAG, RESPONSE_FLAG, Command, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.framing import head_of_frame
from twistedmq.protocol.headers import AckMessageRequestHeader
from twistedmq.protocol.pop_handles import Handle, parse_handle

_Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _Fields(Struct):
    consumerGroup: str  # noqa: N815
    topic: str
    queueId: _Int32  # noqa: N815
    offset: _Int64
    extraInfo: str  # noqa: N815


class _Frame(Struct):
    code: int
    opaque: _Int32
    extFields: _Fields  # noqa: N815
    flag: int = 0


_ACK: Final = int(RequestCode.ACK_MESSAGE)  # a look-up in the enum is not free
_decode_json: Final = msgspec.json.Decoder(_Frame, strict=False).decode

_START: Final = b'{"code":0,"flag":%d,"language":"PYTHON","opaque":' % RESPONSE_FLAG
_END: Final = b',"serializeTypeCurrentRPC":"JSON","version":%d}' % CURRENT_VERSION
_parsed: Final = lru_cache(4096)(parse_handle)
_HANDLE_BLANKS: Final = 7
"""Blanks in a handle that ends with the offset of its message."""


class AckGroup(Struct):
    """Acks with the same fields but for the offset."""

    topic: str
    group: str
    queue_id: int
    handle: Handle
    opaques: list[int] = []
    """Of those who want an answer and those who do not."""
    offsets: list[int] = []


_Key = tuple[str, str, int, str]
_NOBODY: Final = AckGroup("", "", -1, Handle(0, 0, 0, 0, "", ""))


class DecodedAcks(Struct):
    """What the frames of one read ask for."""

    groups: list[AckGroup] = []
    one_way: set[int] = set()
    """Opaques that want no answer."""
    refused: list[tuple[int, TwistedMQError]] = []
    """Opaques of what is no ack, and why not."""


def decode_acks(frames: Sequence[bytes]) -> DecodedAcks:
    """Decode *frames* (without their four length bytes).

    Raises: FrameError, for what is no frame at all.
    """
    acks = DecodedAcks()
    groups: dict[_Key, AckGroup] = {}
    group = _NOBODY
    add_opaque, add_offset = group.opaques.append, group.offsets.append
    start, length = "\n", 1  # begins no handle
    for frame in frames:
        try:
            if frame[0] != JSON:
                raise ValueError
            head = _decode_json(frame[4:])  # an ack has no body
            if head.code != _ACK:
                raise ValueError
        except (msgspec.MsgspecError, ValueError):
            # odd but perhaps right: the slow way decides, and says what is wrong
            command = decode_command(frame)
            try:
                head = _slow(command)
            except TwistedMQError as error:
                acks.refused.append((command.opaque, error))
                if command.is_one_way:
                    acks.one_way.add(command.opaque)
                continue
        if head.flag & ONE_WAY_FLAG:
            acks.one_way.add(head.opaque)
        fields = head.extFields
        text = fields.extraInfo
        if not (
            text.startswith(start)
            and fields.queueId == group.queue_id
            and fields.topic == group.topic
            and fields.consumerGroup == group.group
            and " " not in text[length:]
        ):
            found = _group_of(head, groups, acks)
            if found is None:
                continue
            group, start = found
            length = len(start)
            add_opaque, add_offset = group.opaques.append, group.offsets.append
        add_opaque(head.opaque)
        add_offset(fields.offset)
    acks.groups = list(groups.values())
    return acks


def _slow(command: Command) -> _Frame:
    header = decode_fields(AckMessageRequestHeader, command.fields)
    fields = _Fields(
        header.consumer_group,
        header.topic,
        header.queue_id,
        header.offset,
        header.extra_info,
    )
    return _Frame(command.code, command.opaque, fields, command.flag)


def _group_of(
    head: _Frame, groups: dict[_Key, AckGroup], acks: DecodedAcks
) -> tuple[AckGroup, str] | None:
    """Give where an ack belongs, and how the handles there begin; None if nowhere."""
    fields = head.extFields
    text = fields.extraInfo
    start = "\n"
    if text.count(" ") == _HANDLE_BLANKS:
        start = text[: text.rindex(" ") + 1]
        text = start[:-1]
    key = (fields.topic, fields.consumerGroup, fields.queueId, text)
    group = groups.get(key)
    if group is None:
        try:
            handle = _parsed(text)
        except TwistedMQError as error:
            acks.refused.append((head.opaque, error))
            return None
        group = groups[key] = AckGroup(
            fields.topic, fields.consumerGroup, fields.queueId, handle
        )
    return group, start


@lru_cache(maxsize=16)
def _success(digits: int) -> bytes:
    """Give the answer to an opaque of so many digits, as a format."""
    header = _START + b"0" * digits + _END
    words = head_of_frame(JSON, header, 0)[:8]
    return words.replace(b"%", b"%%") + _START + b"%d" + _END


def success_replies(opaques: Sequence[int]) -> bytes:
    """Give the answers that say that all went well."""
    formats = [_success(len(str(opaque))) for opaque in opaques]
    return b"".join(formats) % tuple(opaques)


def refusal_reply(opaque: int, error: TwistedMQError) -> bytes:
    """Give the answer that says why not."""
    reply = Reply(code=error.code, remark=str(error))
    return b"".join(encode_reply(reply, Command(code=0, opaque=opaque)))
