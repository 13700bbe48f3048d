"""From the bytes of a pull answer to the messages that a consumer sees: pure."""

from collections.abc import Iterator

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import names, properties
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.compression import decompress_body
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.record import Record, decode_records


def read_messages(
    records: Buffer, broker_name: str, subscription: Subscription
) -> Iterator[ReceivedMessage]:
    """Give the messages that the subscription wants, in queue order.

    The broker compares hashes of tags only; here the tags themselves are compared.
    """
    tags = subscription.tags
    for record in decode_records(records):
        message = read_message(record, broker_name)
        if not tags or message.tag in tags:
            yield message


def read_message(record: Record, broker_name: str) -> ReceivedMessage:
    """Give one record as a consumer sees it: unpacked, its first topic restored."""
    stored = properties.parse(record.properties)
    mine = {k: v for k, v in stored.items() if k not in properties.SYSTEM_NAMES}
    system = {k: v for k, v in stored.items() if k in properties.SYSTEM_NAMES}
    topic = record.topic
    if names.is_retry_topic(topic):
        topic = system.get(properties.RETRY_TOPIC, topic)
    where = offset_id(record.store_host, record.physical_offset)
    return ReceivedMessage(
        topic=topic,
        body=decompress_body(record.sys_flag, record.body),
        tag=system.get(properties.TAGS),
        keys=tuple(system.get(properties.KEYS, "").split()),
        properties=mine,
        system_properties=system,
        message_id=system.get(properties.UNIQ_KEY, where),
        offset_message_id=where,
        queue=MessageQueue(record.topic, broker_name, record.queue_id),
        queue_offset=record.queue_offset,
        physical_offset=record.physical_offset,
        reconsume_times=record.reconsume_times,
        born_at_ms=record.born_ms,
        stored_at_ms=record.store_ms,
        born_host=format_address(*unpack(record.born_host)),
        store_host=format_address(*unpack(record.store_host)),
        flag=record.flag,
        sys_flag=record.sys_flag,
        stored_bytes=record.size,
    )
