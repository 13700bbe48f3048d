"""consumerOffset.json in pieces: only what changed is encoded again.

The genuine format: ``{"dataVersion":{…},"offsetTable":{"topic@group":{0:12,1:7}}}``,
with bare numbers as keys. ``lmqConsumerOffset.json``, which takes its place where there
are light queues, has a member ``"lmqOffsetTable":{"topic@group":12}`` as well, for
groups that are named as light queues.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import field

from twistedmq.broker.offsets.table import Key
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumerOffsetSerializeWrapper, DataVersion
from twistedmq.protocol.names import is_lmq

SEPARATOR: Final = "@"

_quote: Final = msgspec.json.Encoder().encode
_bare_number: Final = re.compile(rb"([{,]\s*)(\d+)\s*:")


class _Kept(ConsumerOffsetSerializeWrapper, kw_only=True, rename="camel"):
    lmq_offset_table: dict[str, int] = field(default_factory=dict)


_decode_strict: Final = msgspec.json.Decoder(_Kept).decode


def encode_entry(key: Key, queues: dict[int, int]) -> bytes:
    """Give the member of ``offsetTable`` for one topic and group.

    The reactor thread may change *queues* meanwhile.
    """
    topic, group = key
    pairs = ",".join([f"{q}:{offset}" for q, offset in queues.copy().items()])
    return b"%b:{%b}" % (_quote(f"{topic}{SEPARATOR}{group}"), pairs.encode())


def encode_light_entry(key: Key, queues: dict[int, int]) -> bytes:
    """Give the member of ``lmqOffsetTable``: such a topic has one queue."""
    topic, group = key
    offset = max(queues.copy().values(), default=0)
    return b"%b:%d" % (_quote(f"{topic}{SEPARATOR}{group}"), offset)


class OffsetFragments:
    """The encoded entries of the table, in step with it but for changes.

    Used by one thread at a time, beside the table itself.
    """

    def __init__(self, has_light_queues: bool = False) -> None:
        """*has_light_queues* says which of the two files it is."""
        self._entries: dict[Key, bytes] = {}
        self._light: dict[Key, bytes] | None = {} if has_light_queues else None

    def update(self, changes: Mapping[Key, dict[int, int] | None]) -> None:
        """Encode what changed; None drops an entry."""
        for key, queues in changes.items():
            entries, encode = self._entries, encode_entry
            if self._light is not None and is_lmq(key[1]):
                entries, encode = self._light, encode_light_entry
            if queues is None:
                entries.pop(key, None)
            else:
                entries[key] = encode(key, queues)

    def join(
        self,
        version: DataVersion,
        topics_of_groups: Mapping[str, Sequence[str]] | None = None,
    ) -> bytes:
        """Give the whole file; with the topics of each group, the answer to a slave."""
        table = b",".join(self._entries.values())
        head = b'{"dataVersion":%b,' % loose_json.encode(version)
        if topics_of_groups is not None:
            head += b'"groupTopicMap":%b,' % loose_json.encode(topics_of_groups)
        if self._light is not None:
            head += b'"lmqOffsetTable":{%b},' % b",".join(self._light.values())
        return head + b'"offsetTable":{%b}}' % table


def _decode(data: bytes) -> _Kept:
    """Decode, fast where quoting the bare numbers makes the text strict JSON.

    A number quoted inside a string ends that string in the middle, so the result cannot
    be mistaken for what it is not: it is no JSON, and is read the slow way.
    """
    try:
        return _decode_strict(_bare_number.sub(rb'\1"\2":', data))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return loose_json.decode(data, type=_Kept)


def decode_offsets(data: bytes) -> tuple[dict[Key, dict[int, int]], DataVersion]:
    """Read what this or the genuine broker has written.

    Raises:
        FieldError: it is something else.
    """
    body = _decode(data)
    table: dict[Key, dict[int, int]] = {}
    for name, queues in body.offset_table.items():
        topic, separator, group = name.partition(SEPARATOR)
        if separator:
            table[(topic, group)] = queues
    for name, offset in body.lmq_offset_table.items():
        topic, separator, group = name.partition(SEPARATOR)
        if separator:
            table[(topic, group)] = {0: offset}
    return table, body.data_version
