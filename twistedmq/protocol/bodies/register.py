"""The body of a registration, which may be packed instead of JSON.

Packed it is a zlib stream of parts, each behind its 4-byte length: the data version as
JSON; a count and as many topics as text; the filter servers as JSON; from brokers of
version 5 on, a count and as many static mappings as JSON.
"""

import zlib
from contextlib import suppress
from typing import Final, TypeVar

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.mappings import TopicQueueMappingInfo
from twistedmq.protocol.bodies.topics import (
    RegisterBrokerBody,
    TopicConfig,
    TopicConfigAndMappingSerializeWrapper,
    TopicFilterType,
)
from twistedmq.protocol.bodies.versions import DataVersion
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import FieldError

T = TypeVar("T")

FIRST_VERSION_WITH_MAPPINGS: Final = 413
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
_WHERE: Final = "RegisterBrokerBody"
_TOPIC_WORDS: Final = 5


def decode_register_body(
    raw: Buffer, compressed: bool, version: int
) -> RegisterBrokerBody:
    """Read the body of a registration by a broker of that protocol *version*.

    Raises:
        FieldError: the body cannot be read.
    """
    if not raw:
        return RegisterBrokerBody()
    if not compressed:
        return loose_json.decode(raw, type=RegisterBrokerBody)
    parts = _Parts(_unpack(raw))
    wrapper = TopicConfigAndMappingSerializeWrapper(
        data_version=parts.json(DataVersion)
    )
    for _ in range(parts.number()):
        topic = decode_topic(parts.text())
        wrapper.topic_config_table[topic.topic_name] = topic
    filter_servers = parts.json(list[str])
    if version >= FIRST_VERSION_WITH_MAPPINGS:
        for _ in range(parts.number()):
            mapping = parts.json(TopicQueueMappingInfo)
            wrapper.topic_queue_mapping_info_map[mapping.topic] = mapping
    return RegisterBrokerBody(
        filter_server_list=filter_servers, topic_config_serialize_wrapper=wrapper
    )


def encode_register_body(body: RegisterBrokerBody, compressed: bool) -> bytes:
    """Write the body of a registration, packed if *compressed*."""
    if not compressed:
        return loose_json.encode(body)
    wrapper = body.topic_config_serialize_wrapper
    topics = wrapper.topic_config_table.values()
    mappings = wrapper.topic_queue_mapping_info_map.values()
    out = [_part(loose_json.encode(wrapper.data_version)), len(topics).to_bytes(4)]
    out += [_part(encode_topic(topic).encode()) for topic in topics]
    out += [_part(loose_json.encode(body.filter_server_list))]
    out += [len(mappings).to_bytes(4)]
    out += [_part(loose_json.encode(mapping)) for mapping in mappings]
    return zlib.compress(b"".join(out))


def encode_topic(topic: TopicConfig) -> str:
    """Give the text form of a topic: words with blanks between them."""
    return " ".join(
        (
            topic.topic_name,
            str(topic.read_queue_nums),
            str(topic.write_queue_nums),
            str(topic.perm),
            topic.topic_filter_type,
            loose_json.encode(topic.attributes).decode(),
        )
    )


def decode_topic(text: str) -> TopicConfig:
    """Read the text form of a topic; what cannot be read of its attributes is lost.

    Raises:
        FieldError: there are too few words, or a number is none.
    """
    words = text.split(" ", _TOPIC_WORDS)
    try:
        name, reads, writes, perm, kind = words[:_TOPIC_WORDS]
        topic = TopicConfig(
            topic_name=name,
            read_queue_nums=int(reads),
            write_queue_nums=int(writes),
            perm=int(perm),
            topic_filter_type=TopicFilterType(kind),
        )
    except ValueError:
        raise FieldError(_WHERE, f"{text[:64]!r} is no topic") from None
    if len(words) > _TOPIC_WORDS and words[_TOPIC_WORDS]:
        with suppress(FieldError):
            topic.attributes = loose_json.decode(
                words[_TOPIC_WORDS].encode(), type=dict[str, str]
            )
    return topic


class _Parts:
    """Read one part after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        return int.from_bytes(self._take(4), signed=True)

    def text(self) -> str:
        return self._take(self.number()).decode("utf-8", "replace")

    def json(self, kind: type[T]) -> T:
        return loose_json.decode(self._take(self.number()), type=kind)

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if size < 0 or self._at > len(self._data):
            raise FieldError(_WHERE, f"a part of {size} bytes at byte {start}")
        return self._data[start : self._at]


def _part(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _unpack(raw: Buffer) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(raw, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise FieldError(_WHERE, f"not packed with zlib: {error}") from None
    if unpacker.unconsumed_tail:
        raise FieldError(_WHERE, f"more than {MAX_UNPACKED_BYTES} bytes unpacked")
    return data
