"""Bytes to SendBatch: the frames of one read become columns.

The usual frame (V2 fields, in a JSON or a binary header) is decoded by one typed
decoder; everything else (V1 fields, odd headers) takes the slow way round through
``codec`` and ends in the same columns.
"""

import re
from collections.abc import Callable, Container, Sequence
from struct import Struct as Packing
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import JSON, ONE_WAY_FLAG, Command
from twistedmq.protocol.errors import (
    FieldError,
    MessageIllegalError,
    TwistedMQError,
    UnsupportedCodeError,
)
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers import (
    SendMessageRequestHeader,
    SendMessageRequestHeaderV2,
)
from twistedmq.protocol.properties import TAGS, parse, tags_code
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import INNER_BATCH, NEED_UNWRAP

_NAME_END: Final = "\x01"
_PAIR_END: Final = "\x02"
_VALUE_END: Final = b"\x02"
_NO_WAIT: Final = b"WAIT\x01false"
_NOTHING_SOUGHT: Final[dict[str, str]] = {}
_NO_LIMIT: Final = -1
_CACHED_TAGS: Final = 10_000
_BATCH_ITEM: Final = Packing(">iiiii")  # size, magic, CRC, flag, body length


# What does not fit the record must be refused here, before it can spoil a batch.
_Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class _Fields(Struct):
    """The V2 letters that the broker uses; see SendMessageRequestHeaderV2."""

    b: str
    c: str
    d: _Int32
    e: _Int32
    f: _Int32
    g: _Int64
    h: _Int32
    i: str = ""
    j: _Int32 = 0
    l: _Int32 = _NO_LIMIT  # noqa: E741
    m: bool = False


class _Frame(Struct):
    code: int
    opaque: _Int32
    extFields: _Fields  # noqa: N815
    flag: int = 0


_V2_CODES: Final = (RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE)
_BINARY_HEAD: Final = Packing(">hBhiiii")
# code, language, version, opaque, flag, length of the remark (0 here), of the fields

_decode_json: Final = msgspec.json.Decoder(_Frame, strict=False).decode


class _Shape(Struct):
    """How the fields of a binary header lie: the same for most headers of one length.

    Each field is a mark (lengths and name) and a value.
    """

    names: tuple[str, ...]
    marks: tuple[bytes, ...]
    fields: Packing


_shapes: dict[int, _Shape] = {}
_FIELDS_AT: Final = 4 + _BINARY_HEAD.size
_MARK_BYTES: Final = 7
_CACHED_SHAPES: Final = 1_024


def _decode_binary(frame: bytes, end: int) -> _Frame:
    """Decode a binary header whose field names are all one letter.

    Raises:
        ValueError: it is of another form (or not whole).
    """
    if len(frame) < end or end < _FIELDS_AT:
        raise ValueError("short")
    code, _, _, opaque, flag, remark_length, _ = _BINARY_HEAD.unpack_from(frame, 4)
    if remark_length:
        raise ValueError("other form")
    shape = _shapes.get(end) or _learn_shape(frame, end)
    parts = shape.fields.unpack_from(frame, _FIELDS_AT)
    if parts[::2] != shape.marks:
        shape = _learn_shape(frame, end)
        parts = shape.fields.unpack_from(frame, _FIELDS_AT)
    letters = dict(zip(shape.names, map(bytes.decode, parts[1::2]), strict=True))
    fields = msgspec.convert(letters, _Fields, strict=False)
    return _Frame(code, opaque, fields, flag)


def _learn_shape(frame: bytes, end: int) -> _Shape:
    """Walk through the fields of a header, and remember where they are."""
    at = _FIELDS_AT
    names, marks, sizes = [], [], []
    while at < end:
        value = at + _MARK_BYTES
        if frame[at : at + 2] != b"\0\1":
            raise ValueError("other form")
        names.append(chr(frame[at + 2]))
        marks.append(frame[at:value])
        sizes.append(int.from_bytes(frame[at + 3 : value]))
        at = value + sizes[-1]
    if at != end:
        raise ValueError("torn")
    if len(_shapes) >= _CACHED_SHAPES:
        _shapes.clear()
    fields = Packing("".join(f"{_MARK_BYTES}s{size}s" for size in sizes))
    shape = _shapes[end] = _Shape(tuple(names), tuple(marks), fields)
    return shape


class DecodedSends(Struct):
    """What the frames of one read ask for: columns by request and by message."""

    batch: SendBatch
    property_maps: list[dict[str, str]]
    """By message: its parsed properties, without those the broker adds. Empty for the
    messages of a batch of which none has a property that the broker looks for."""
    opaques: list[int]
    one_way: list[bool]
    counts: list[int]
    """By request: how many messages it brought; 1 but for SEND_BATCH_MESSAGE."""
    unique_ids: list[str]
    """By request: the client's id of the message or batch."""
    default_topics: list[str]
    default_queue_nums: list[int]
    max_reconsume_times: list[int]
    """By request: -1 where the client set none."""
    refused: list[tuple[int, bool, TwistedMQError]]
    """Requests that brought no message: opaque, whether one-way, and why not."""
    is_special: bool = False
    """Whether a message has one of the properties that ask for a closer look."""
    has_bundles: bool = False
    """Whether a batch came that is kept as one message (system flag INNER_BATCH)."""
    answer_fields: dict[int, dict[str, str]] = {}
    """By opaque: ext fields that the answer has beside or instead of the usual ones."""
    when_stored: dict[int, Callable[[], None]] = {}
    """By opaque: to be called once what the request brought is stored."""


class SendDecoder:
    """Turns frames into DecodedSends; holds what the broker adds to each message.

    Args:
        added: properties the broker adds to each single message, encoded.
        new_unique_id: makes an id for a message that came without one.
        special: names of properties that ask for a closer look at a message.
        batch_topics: a batch for one of these, if it has an id, is kept as one message.
    """

    def __init__(
        self,
        added: bytes,
        new_unique_id: Callable[[], str],
        special: frozenset[str] = frozenset(),
        batch_topics: Container[str] = frozenset(),
    ) -> None:
        self._batch_topics = batch_topics
        self._added = added
        self._added_names = frozenset(parse(added))
        self._special = special
        self._noted = self._added_names | special
        names = b"|".join(re.escape(name.encode()) for name in (*special, TAGS))
        self._find_sought = re.compile(
            b"\x02(?:(?:%b)\x01|%b)" % (names, _NO_WAIT)
        ).search
        self._new_unique_id = new_unique_id
        self._tags_codes: dict[str | None, int] = {None: 0, "": 0}

    def decode(self, frames: Sequence[bytes], packed_peer: bytes) -> DecodedSends:
        """Decode *frames* (without their four length bytes) from one connection."""
        sends = _empty()
        for frame in frames:
            self._decode_frame(frame, packed_peer, sends)
        return sends

    def _decode_frame(self, frame: bytes, peer: bytes, sends: DecodedSends) -> None:
        body_start = 4 + int.from_bytes(frame[1:4])
        try:
            if frame[0] == JSON:
                head = _decode_json(frame[4:body_start])
            else:
                head = _decode_binary(frame, body_start)
        except (msgspec.MsgspecError, ValueError):
            pass  # odd but perhaps right: the slow way decides, and says what is wrong
        else:
            if head.code in _V2_CODES:
                self._add(head, frame[body_start:], peer, sends)
                return
        command = decode_command(frame)
        try:
            head = _slow_head(command)
        except TwistedMQError as error:
            sends.refused.append((command.opaque, command.is_one_way, error))
            return
        self._add(head, bytes(command.body), peer, sends)

    def _add(self, head: _Frame, body: bytes, peer: bytes, sends: DecodedSends) -> None:
        if head.code == RequestCode.SEND_BATCH_MESSAGE or head.extFields.m:
            self._add_batch(head, body, peer, sends)
            return
        fields, batch = head.extFields, sends.batch
        text = fields.i
        parts = text.replace(_PAIR_END, _NAME_END).split(_NAME_END)
        properties = dict(zip(parts[::2], parts[1::2], strict=False))
        if 2 * len(properties) + 1 != len(parts) or parts[-1]:
            properties = parse(text)  # a pair too much or too little somewhere
            text = _format(properties)
        try:
            encoded = text.encode()
        except UnicodeEncodeError:
            self._refuse(head, sends, "properties are not valid text")
            return
        if not self._noted.isdisjoint(properties):
            if not self._special.isdisjoint(properties):
                sends.is_special = True
            if not self._added_names.isdisjoint(properties):
                # a message that was consumed and sent on brings the broker's properties
                for name in self._added_names:
                    properties.pop(name, None)
                encoded = _format(properties).encode()
        unique_id = properties.get("UNIQ_KEY")
        if not unique_id:
            unique_id = properties["UNIQ_KEY"] = self._new_unique_id()
            encoded += f"UNIQ_KEY\x01{unique_id}\x02".encode()
        sends.opaques.append(head.opaque)
        sends.one_way.append(head.flag & ONE_WAY_FLAG != 0)
        sends.counts.append(1)
        sends.unique_ids.append(unique_id)
        sends.default_topics.append(fields.c)
        sends.default_queue_nums.append(fields.d)
        sends.max_reconsume_times.append(fields.l)
        sends.property_maps.append(properties)
        batch.topics.append(fields.b)
        batch.queue_ids.append(fields.e)
        batch.flags.append(fields.h)
        batch.sys_flags.append(fields.f)
        batch.born_ms.append(fields.g)
        batch.born_hosts.append(peer)
        batch.reconsume_times.append(fields.j)
        batch.prepared_offsets.append(0)
        batch.properties.append(encoded + self._added)
        batch.tags_codes.append(self._tags_code(properties.get(TAGS)))
        batch.bodies.append(body)

    def _tags_code(self, tag: str | None) -> int:
        code = self._tags_codes.get(tag)
        if code is None:
            if len(self._tags_codes) >= _CACHED_TAGS:
                self._tags_codes = {None: 0, "": 0}
            code = self._tags_codes[tag] = tags_code(tag)
        return code

    def _refuse(self, head: _Frame, sends: DecodedSends, problem: str) -> None:
        error = FieldError("SendMessageRequestHeader", problem)
        sends.refused.append((head.opaque, head.flag & ONE_WAY_FLAG != 0, error))

    def _add_batch(
        self, head: _Frame, body: bytes, peer: bytes, sends: DecodedSends
    ) -> None:
        """Add the messages of one SEND_BATCH_MESSAGE; they share a header."""
        try:
            flags, bodies, encoded = _batch_columns(body)
        except MessageIllegalError as error:
            sends.refused.append((head.opaque, head.flag & ONE_WAY_FLAG != 0, error))
            return
        fields, batch, count = head.extFields, sends.batch, len(flags)
        if fields.b in self._batch_topics and parse(fields.i).get("UNIQ_KEY"):
            self._add_bundle(head, body, count, peer, sends)
            return
        sends.opaques.append(head.opaque)
        sends.one_way.append(head.flag & ONE_WAY_FLAG != 0)
        sends.counts.append(count)
        sends.unique_ids.append(parse(fields.i).get("UNIQ_KEY", ""))
        sends.default_topics.append(fields.c)
        sends.default_queue_nums.append(fields.d)
        sends.max_reconsume_times.append(fields.l)
        batch.topics += [fields.b] * count
        batch.queue_ids += [fields.e] * count
        batch.flags += flags
        batch.sys_flags += [fields.f] * count
        batch.born_ms += [fields.g] * count
        batch.born_hosts += [peer] * count
        batch.reconsume_times += [fields.j] * count
        batch.prepared_offsets += [0] * count
        batch.properties += encoded
        batch.bodies += bodies
        # One look at all of them together: most batches have nothing to be found.
        together = _VALUE_END.join((b"", *encoded))
        if self._find_sought(together):
            self._read_properties(encoded, sends)
        else:
            sends.property_maps += [_NOTHING_SOUGHT] * count
            batch.tags_codes += [0] * count

    def _read_properties(self, encoded: list[bytes], sends: DecodedSends) -> None:
        for raw in encoded:
            properties = parse(raw)
            if not self._special.isdisjoint(properties):
                sends.is_special = True
            sends.property_maps.append(properties)
            sends.batch.tags_codes.append(self._tags_code(properties.get(TAGS)))

    def _add_bundle(
        self, head: _Frame, body: bytes, count: int, peer: bytes, sends: DecodedSends
    ) -> None:
        """Add a batch as one message, whose body the receiver takes apart."""
        properties = parse(head.extFields.i)
        properties["INNER_NUM"] = str(count)
        fields = replace(
            head.extFields,
            f=head.extFields.f | NEED_UNWRAP | INNER_BATCH,
            i=_format(properties),
            m=False,
        )
        single = _Frame(RequestCode.SEND_MESSAGE_V2, head.opaque, fields, head.flag)
        self._add(single, body, peer, sends)
        sends.has_bundles = True


def _empty() -> DecodedSends:
    batch = SendBatch([], [], [], [], [], [], [], [], [], [], [])
    return DecodedSends(batch, [], [], [], [], [], [], [], [], [])


def _format(properties: dict[str, str]) -> str:
    return "".join(f"{name}\x01{value}\x02" for name, value in properties.items())


def _slow_head(command: Command) -> _Frame:
    """Decode a header of any form into what the fast way would have given."""
    v1: SendMessageRequestHeader | SendMessageRequestHeaderV2
    if command.code == RequestCode.SEND_MESSAGE:
        v1 = decode_fields(SendMessageRequestHeader, command.fields)
    elif command.code in (RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE):
        v1 = decode_fields(SendMessageRequestHeaderV2, command.fields)
    else:
        raise UnsupportedCodeError(command.code)
    limit = v1.max_reconsume_times
    letters = {
        "b": v1.topic,
        "c": v1.default_topic,
        "d": v1.default_topic_queue_nums,
        "e": v1.queue_id,
        "f": v1.sys_flag,
        "g": v1.born_timestamp,
        "h": v1.flag,
        "i": v1.properties or "",
        "j": v1.reconsume_times or 0,
        "l": _NO_LIMIT if limit is None else limit,
        "m": bool(v1.batch),
    }
    try:
        fields = msgspec.convert(letters, _Fields)
    except msgspec.ValidationError as error:
        raise FieldError(type(v1).__name__, str(error)) from error
    return _Frame(command.code, command.opaque, fields, command.flag)


def _batch_columns(body: bytes) -> tuple[list[int], list[bytes], list[bytes]]:
    """Cut the body of a SEND_BATCH_MESSAGE into flags, bodies, encoded properties."""
    flags: list[int] = []
    bodies: list[bytes] = []
    properties: list[bytes] = []
    unpack, at, end = _BATCH_ITEM.unpack_from, 0, len(body)
    while at < end:
        if at + _BATCH_ITEM.size > end:
            raise MessageIllegalError(f"batch body ends inside message {len(flags)}")
        size, _, _, flag, length = unpack(body, at)
        body_start = at + _BATCH_ITEM.size
        body_end = body_start + length
        properties_start = body_end + 2
        at += size
        if length < 0 or properties_start > at or at > end:
            raise MessageIllegalError(
                f"message {len(flags)} of the batch: its lengths ({size} in all, body "
                f"{length}) do not fit the {end} bytes of the request"
            )
        length = int.from_bytes(body[body_end:properties_start])
        if properties_start + length != at:
            raise MessageIllegalError(
                f"message {len(flags)} of the batch: properties of {length} bytes do "
                f"not end with the message"
            )
        flags.append(flag)
        bodies.append(body[body_start:body_end])
        properties.append(body[properties_start:at])
    if not flags:
        raise MessageIllegalError("a batch without a message")
    return flags, bodies, properties
