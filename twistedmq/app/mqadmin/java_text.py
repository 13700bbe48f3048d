"""Values as the genuine tool writes them: times, hash tables, messages, queues."""

import codecs
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from twistedmq.admin.messages import StoredMessage
from twistedmq.app.mqadmin.output import java
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.properties import java_hash, parse

PROPERTIES_CAPACITY: Final = 128
"""Of the table that a client makes for the properties of a message."""
PREPARED: Final = "TRAN_MSG"

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)#(\d\d:\d\d:\d\d):(\d{1,3})", re.ASCII)


def digits(time_ms: int) -> str:
    """Write a time as ``20260131235959123``, local."""
    return f"{_local(time_ms):%Y%m%d%H%M%S}{time_ms % 1000:03}"


def time_ms(text: str) -> int:
    """Read ms since the epoch, or ``2026-01-31#23:59:59:123``, local.

    Raises:
        InvalidParameterError: it is neither.
    """
    text = text.strip()
    if re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        return int(text)
    found = _TIME.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        day = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        raise InvalidParameterError(
            f"{text!r} is no time: ms since 1970, or yyyy-MM-dd#HH:mm:ss:SSS"
        ) from None
    return int(day.timestamp()) * 1000 + int(found[3])


def known_charset(name: str | None) -> str | None:
    """Give *name* if it is that of a character set.

    Raises:
        InvalidParameterError: it is none.
    """
    if name is not None:
        try:
            codecs.lookup(name)
        except LookupError:
            raise InvalidParameterError(f"{name!r} is no character set") from None
    return name


def decoded(body: bytes, charset: str) -> str:
    """Give *body* as text; what is none becomes U+FFFD."""
    return body.decode(charset, "replace")


def hash_order(values: Mapping[str, Any], capacity: int = 16) -> dict[str, Any]:
    """Give *values* in the order in which a hash table of Java goes through them."""
    while len(values) > capacity * 3 // 4:
        capacity *= 2

    def bucket(key: str) -> int:
        code = java_hash(key) & 0xFFFFFFFF
        return (code ^ code >> 16) & (capacity - 1)

    return dict(sorted(values.items(), key=lambda item: bucket(item[0])))


def queue_text(queue: MessageQueue) -> str:
    """Write a queue."""
    return (
        f"MessageQueue [topic={queue.topic}, brokerName={queue.broker_name}, "
        f"queueId={queue.queue_id}]"
    )


def properties_of(stored: StoredMessage, more: Mapping[str, str] = {}) -> str:
    """Write the properties of a message, and those that a client adds."""
    found = {**parse(stored.record.properties), **more}
    return java(hash_order(found, PROPERTIES_CAPACITY))


def message_text(stored: StoredMessage, more: Mapping[str, str] = {}) -> str:
    """Write a whole message, its body as numbers."""
    record, message = stored.record, stored.message
    properties = parse(record.properties)
    is_half = properties.get(PREPARED, "").lower() == "true"
    transaction = properties.get("UNIQ_KEY") if is_half else None
    # bytes of Java have a sign
    body = [byte - 256 if byte > 127 else byte for byte in message.body]
    return (
        f"MessageExt [brokerName={message.queue.broker_name or None}, "
        f"queueId={record.queue_id}, storeSize={record.size}, "
        f"queueOffset={record.queue_offset}, sysFlag={record.sys_flag}, "
        f"bornTimestamp={record.born_ms}, bornHost=/{_host(record.born_host)}, "
        f"storeTimestamp={record.store_ms}, storeHost=/{_host(record.store_host)}, "
        f"msgId={offset_id(record.store_host, record.physical_offset)}, "
        f"commitLogOffset={record.physical_offset}, bodyCRC={record.body_crc}, "
        f"reconsumeTimes={record.reconsume_times}, "
        f"preparedTransactionOffset={record.prepared_offset}, "
        f"toString()=Message{{topic='{record.topic}', flag={record.flag}, "
        f"properties={properties_of(stored, more)}, body={java(body)}, "
        f"transactionId='{java(transaction)}'}}]"
    )


def message_value(stored: StoredMessage) -> dict[str, Any]:
    """Give a message for programs; a body that is no UTF-8 as Base64."""
    record, message = stored.record, stored.message
    value: dict[str, Any] = {
        "message_id": message.message_id,
        "offset_message_id": message.offset_message_id,
        "topic": record.topic,
        "broker": message.queue.broker_name,
        "queue_id": record.queue_id,
        "queue_offset": record.queue_offset,
        "physical_offset": record.physical_offset,
        "tag": message.tag,
        "keys": list(message.keys),
        "properties": parse(record.properties),
        "reconsume_times": record.reconsume_times,
        "born_at_ms": record.born_ms,
        "stored_at_ms": record.store_ms,
        "born_host": message.born_host,
        "store_host": message.store_host,
        "sys_flag": record.sys_flag,
        "stored_bytes": record.size,
    }
    try:
        return value | {"body": message.body.decode()}
    except UnicodeDecodeError:
        return value | {"body_base64": message.body}


def _host(packed: bytes) -> str:
    return format_address(*unpack(packed))


def _local(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms // 1000)
