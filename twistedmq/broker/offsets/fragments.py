"""consumerOffset.json in pieces: only what changed is encoded again.

The genuine format: ``{"dataVersion":{…},"offsetTable":{"topic@group":{0:12,1:7}}}``,
with bare numbers as keys.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from twistedmq.broker.offsets.table import Key
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumerOffsetSerializeWrapper, DataVersion

SEPARATOR: Final = "@"

_quote: Final = msgspec.json.Encoder().encode
_bare_number: Final = re.compile(rb"([{,]\s*)(\d+)\s*:")
_decode_strict: Final = msgspec.json.Decoder(ConsumerOffsetSerializeWrapper).decode


def encode_entry(key: Key, queues: dict[int, int]) -> bytes:
    """Give the member of ``offsetTable`` for one topic and group.

    The reactor thread may change *queues* meanwhile.
    """
    topic, group = key
    pairs = ",".join([f"{q}:{offset}" for q, offset in queues.copy().items()])
    return b"%b:{%b}" % (_quote(f"{topic}{SEPARATOR}{group}"), pairs.encode())


class OffsetFragments:
    """The encoded entries of the table, in step with it but for changes.

    Used by one thread at a time, beside the table itself.
    """

    def __init__(self) -> None:
        self._entries: dict[Key, bytes] = {}

    def update(self, changes: Mapping[Key, dict[int, int] | None]) -> None:
        """Encode what changed; None drops an entry."""
        for key, queues in changes.items():
            if queues is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = encode_entry(key, queues)

    def join(self, version: DataVersion) -> bytes:
        """Give the whole file."""
        table = b",".join(self._entries.values())
        head = b'{"dataVersion":%b,"offsetTable":{' % loose_json.encode(version)
        return head + table + b"}}"


def _decode(data: bytes) -> ConsumerOffsetSerializeWrapper:
    """Decode, fast where quoting the bare numbers makes the text strict JSON.

    A number quoted inside a string ends that string in the middle, so the result cannot
    be mistaken for what it is not: it is no JSON, and is read the slow way.
    """
    try:
        return _decode_strict(_bare_number.sub(rb'\1"\2":', data))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return loose_json.decode(data, type=ConsumerOffsetSerializeWrapper)


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
    return table, body.data_version
