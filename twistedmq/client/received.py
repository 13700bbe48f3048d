"""From the bytes of a pull answer to the messages that a consumer sees: pure."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from msgspec.structs import replace
from twisted.logger import Logger

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import names, properties
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.batch_body import decode_batch
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.compression import decompress_body
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.record import Record, decode_records
from twistedmq.protocol.system_flags import INNER_BATCH, NEED_UNWRAP

_BUNDLE: Final = INNER_BATCH | NEED_UNWRAP

HOSTS_KNOWN: Final = 4096
"""Addresses of senders and brokers whose text is kept: most messages share a few."""

_log = Logger()


def read_messages(
    records: Buffer, broker_name: str, subscription: Subscription, start: int = 0
) -> Iterator[ReceivedMessage]:
    """Give the messages that the subscription wants, in queue order.

    The broker compares hashes of tags only; here the tags themselves are compared. What
    holds a batch comes whole; the messages of it that are before *start* are left out.
    """
    tags = subscription.tags
    for record in decode_records(records):
        message = read_message(record, broker_name)
        if record.sys_flag & _BUNDLE == _BUNDLE:
            for each in unpack_batch(message):
                if each.queue_offset >= start and (not tags or each.tag in tags):
                    yield each
        elif not tags or message.tag in tags:
            yield message


def unpack_batch(bundle: ReceivedMessage) -> Iterator[ReceivedMessage]:
    """Give the messages of one that holds a batch: batch topics keep them so.

    One that cannot be taken apart is given as it is: it must not stop the queue.
    """
    try:
        items = decode_batch(bundle.body)
        parsed = [properties.parse(item.properties) for item in items]
    except FieldError as error:
        _log.warn(
            "{bundle} is no batch: {error}", bundle=repr(bundle), error=str(error)
        )
        yield bundle
        return
    for number, (item, stored) in enumerate(zip(items, parsed, strict=True)):
        yield replace(
            bundle,
            body=item.body,
            flag=item.flag,
            queue_offset=bundle.queue_offset + number,
            stored_bytes=bundle.stored_bytes // len(items),
            **named_fields(stored, bundle.offset_message_id),
        )


def named_fields(stored: dict[str, str], where: str) -> dict[str, Any]:
    """Give the fields of a message that come of its properties."""
    mine: dict[str, str] = {}
    system: dict[str, str] = {}
    for name, value in stored.items():
        if name in properties.SYSTEM_NAMES:
            system[name] = value
        else:
            mine[name] = value
    return {
        "tag": system.get(properties.TAGS),
        "keys": tuple(system.get(properties.KEYS, "").split()),
        "properties": mine,
        "system_properties": system,
        "message_id": system.get(properties.UNIQ_KEY, where),
        "offset_message_id": where,
    }


@lru_cache(HOSTS_KNOWN)
def _host_text(packed: bytes) -> str:
    return format_address(*unpack(packed))


def read_message(record: Record, broker_name: str) -> ReceivedMessage:
    """Give one record as a consumer sees it: unpacked, its first topic restored."""
    stored = properties.parse(record.properties)
    topic = record.topic
    if names.is_retry_topic(topic):
        topic = stored.get(properties.RETRY_TOPIC, topic)
    where = offset_id(record.store_host, record.physical_offset)
    return ReceivedMessage(
        topic=topic,
        body=decompress_body(record.sys_flag, record.body),
        queue=MessageQueue(record.topic, broker_name, record.queue_id),
        queue_offset=record.queue_offset,
        physical_offset=record.physical_offset,
        reconsume_times=record.reconsume_times,
        born_at_ms=record.born_ms,
        stored_at_ms=record.store_ms,
        born_host=_host_text(record.born_host),
        store_host=_host_text(record.store_host),
        flag=record.flag,
        sys_flag=record.sys_flag,
        stored_bytes=record.size,
        **named_fields(stored, where),
    )
