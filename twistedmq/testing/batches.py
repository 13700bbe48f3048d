"""Batches for tests of the store, made of a few words."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from twistedmq.protocol import properties
from twistedmq.protocol.send_batch import SendBatch

BORN_HOST: Final = b"\x0a\0\0\x01\0\0\x30\x39"


class Told(Struct):
    """A message of a test: what differs between messages of tests."""

    topic: str = "Orders"
    queue_id: int = 0
    body: bytes = b"hello"
    tag: str | None = None
    keys: str = ""
    unique_key: str = ""
    born_host: bytes = BORN_HOST
    sys_flag: int = 0
    more: dict[str, str] = {}
    """Other properties."""


def batch_of(messages: Sequence[Told]) -> SendBatch:
    """Give *messages* as the columns that a store appends."""
    return SendBatch(
        topics=[m.topic for m in messages],
        queue_ids=[m.queue_id for m in messages],
        flags=[0 for m in messages],
        sys_flags=[m.sys_flag for m in messages],
        born_ms=[1_700_000_000_000 for m in messages],
        born_hosts=[m.born_host for m in messages],
        reconsume_times=[0 for m in messages],
        prepared_offsets=[0 for m in messages],
        properties=[_properties(m) for m in messages],
        tags_codes=[properties.tags_code(m.tag) for m in messages],
        bodies=[m.body for m in messages],
    )


def _properties(message: Told) -> bytes:
    named = {
        properties.UNIQ_KEY: message.unique_key,
        properties.KEYS: message.keys,
        properties.TAGS: message.tag or "",
    }
    named |= message.more
    return properties.format({name: value for name, value in named.items() if value})
