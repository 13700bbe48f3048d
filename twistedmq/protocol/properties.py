"""Message properties: their names, their encoding, and the hash of a tag.

Encoded, each property is its name, byte 01, its value, byte 02. Source: MessageConst,
MessageDecoder.
"""

from collections.abc import Mapping
from typing import Final

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.numbers import to_int32

KEYS: Final = "KEYS"
TAGS: Final = "TAGS"
WAIT: Final = "WAIT"
DELAY: Final = "DELAY"
RETRY_TOPIC: Final = "RETRY_TOPIC"
ORIGIN_GROUP: Final = "ORIGIN_GROUP"
REAL_TOPIC: Final = "REAL_TOPIC"
REAL_QUEUE_ID: Final = "REAL_QID"
TRANSACTION_PREPARED: Final = "TRAN_MSG"
PRODUCER_GROUP: Final = "PGROUP"
MIN_OFFSET: Final = "MIN_OFFSET"
MAX_OFFSET: Final = "MAX_OFFSET"
BUYER_ID: Final = "BUYER_ID"
ORIGIN_MESSAGE_ID: Final = "ORIGIN_MESSAGE_ID"
TRANSFER_FLAG: Final = "TRANSFER_FLAG"
CORRECTION_FLAG: Final = "CORRECTION_FLAG"
MQ2_FLAG: Final = "MQ2_FLAG"
RECONSUME_TIME: Final = "RECONSUME_TIME"
MSG_REGION: Final = "MSG_REGION"
TRACE_ON: Final = "TRACE_ON"
UNIQ_KEY: Final = "UNIQ_KEY"
TRANS_OFFSET: Final = "TRANS_OFFSET"
EXTEND_UNIQ_INFO: Final = "EXTEND_UNIQ_INFO"
MAX_RECONSUME_TIMES: Final = "MAX_RECONSUME_TIMES"
CONSUME_START_TIME: Final = "CONSUME_START_TIME"
PRIORITY: Final = "_SYS_MSG_PRIORITY_"
INNER_NUM: Final = "INNER_NUM"
INNER_BASE: Final = "INNER_BASE"
DUP_INFO: Final = "DUP_INFO"
CHECK_IMMUNITY_TIME: Final = "CHECK_IMMUNITY_TIME_IN_SECONDS"
TRANSACTION_PREPARED_QUEUE_OFFSET: Final = "TRAN_PREPARED_QUEUE_OFFSET"
TRANSACTION_ID: Final = "__transactionId__"
TRANSACTION_CHECK_TIMES: Final = "TRANSACTION_CHECK_TIMES"
INSTANCE_ID: Final = "INSTANCE_ID"
CORRELATION_ID: Final = "CORRELATION_ID"
REPLY_TO_CLIENT: Final = "REPLY_TO_CLIENT"
TTL: Final = "TTL"
ARRIVE_TIME: Final = "ARRIVE_TIME"
PUSH_REPLY_TIME: Final = "PUSH_REPLY_TIME"
CLUSTER: Final = "CLUSTER"
MESSAGE_TYPE: Final = "MSG_TYPE"
POP_CK: Final = "POP_CK"
POP_CK_OFFSET: Final = "POP_CK_OFFSET"
FIRST_POP_TIME: Final = "1ST_POP_TIME"
SHARDING_KEY: Final = "__SHARDINGKEY"
FORWARD_QUEUE_ID: Final = "PROPERTY_FORWARD_QUEUE_ID"
REDIRECT: Final = "REDIRECT"
INNER_MULTI_DISPATCH: Final = "INNER_MULTI_DISPATCH"
INNER_MULTI_QUEUE_OFFSET: Final = "INNER_MULTI_QUEUE_OFFSET"
TRACE_CONTEXT: Final = "TRACE_CONTEXT"
TIMER_DELAY_SEC: Final = "TIMER_DELAY_SEC"
TIMER_DELAY_MS: Final = "TIMER_DELAY_MS"
TIMER_DELIVER_MS: Final = "TIMER_DELIVER_MS"
TIMER_ENQUEUE_MS: Final = "TIMER_ENQUEUE_MS"
TIMER_DEQUEUE_MS: Final = "TIMER_DEQUEUE_MS"
TIMER_ROLL_TIMES: Final = "TIMER_ROLL_TIMES"
TIMER_OUT_MS: Final = "TIMER_OUT_MS"
TIMER_DEL_UNIQKEY: Final = "TIMER_DEL_UNIQKEY"
TIMER_DELAY_LEVEL: Final = "TIMER_DELAY_LEVEL"
BORN_HOST: Final = "__BORNHOST"
BORN_TIMESTAMP: Final = "BORN_TIMESTAMP"
CRC32: Final = "__CRC32#"
DLQ_ORIGIN_TOPIC: Final = "DLQ_ORIGIN_TOPIC"
DLQ_ORIGIN_MESSAGE_ID: Final = "DLQ_ORIGIN_MESSAGE_ID"
TRANSIENT_PREFIX: Final = "__RMQ.TRANSIENT."

KEY_SEPARATOR: Final = " "
NAME_END: Final = "\x01"
VALUE_END: Final = "\x02"

SYSTEM_NAMES: Final = frozenset(
    value
    for name, value in dict(globals()).items()
    if name.isupper()
    and isinstance(value, str)
    and name not in {"KEY_SEPARATOR", "NAME_END", "VALUE_END", "TRANSIENT_PREFIX"}
)
"""Names that users may not give to properties of their own."""


def parse(data: Buffer | str) -> dict[str, str]:
    """Give the properties in their order; what has no name is skipped."""
    text = data if isinstance(data, str) else str(data, "utf-8", "replace")
    properties = {}
    for item in text.split(VALUE_END):
        name, separator, value = item.partition(NAME_END)
        if separator:
            properties[name] = value
    return properties


def format(properties: Mapping[str, str]) -> bytes:
    """Encode *properties*; the last one ends with 02 too.

    Raises:
        MessageIllegalError: a name or value contains a separator.
    """
    return format_text(properties).encode("utf-8", "replace")


def format_text(properties: Mapping[str, str]) -> str:
    """Do as ``format``, and give text.

    Raises:
        MessageIllegalError: a name or value contains a separator.
    """
    text = "".join([f"{k}{NAME_END}{v}{VALUE_END}" for k, v in properties.items()])
    if text.count(NAME_END) + text.count(VALUE_END) != 2 * len(properties):
        raise MessageIllegalError("a message property contains byte 01 or 02")
    return text


def get(data: bytes, name: bytes) -> bytes | None:
    """Give the value of one property without looking at the others."""
    wanted = name + b"\x01"
    if data.startswith(wanted):
        start = len(wanted)
    else:
        start = data.find(b"\x02" + wanted) + 1
        if not start:
            return None
        start += len(wanted)
    end = data.find(b"\x02", start)
    return data[start:] if end < 0 else data[start:end]


def put(data: bytes, name: bytes, value: bytes) -> bytes:
    """Set one property without looking at the others; a new one goes to the end."""
    wanted = name + b"\x01"
    if data and not data.endswith(b"\x02"):
        data += b"\x02"
    start = 0 if data.startswith(wanted) else data.find(b"\x02" + wanted) + 1
    if not start and not data.startswith(wanted):
        return data + wanted + value + b"\x02"
    end = data.index(b"\x02", start)
    return data[:start] + wanted + value + data[end:]


# Java's String.hashCode is Horner's rule in 31, and so is int() of base-31 digits. A
# character is 31 * high + low, hence two numbers, made of the same text by two tables.
_DIGITS: Final = b"0123456789abcdefghijklmnopqrstu"
_LOW: Final = bytes(_DIGITS[c % 31] for c in range(256))
_HIGH: Final = bytes(_DIGITS[c // 31] for c in range(256))
_PIECE: Final = 1024
"""int() of long texts takes quadratic time, and Python limits its length."""


def java_hash(text: str) -> int:
    """Give Java's String.hashCode: signed, 32 bits, over UTF-16 units."""
    if not text.isascii():
        return _java_hash_of_units(text)
    data = text.encode()
    if len(data) <= _PIECE:
        return to_int32(ascii_hash(data))
    result = 0
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        power = pow(31, len(piece), 1 << 32)
        result = (result * power + ascii_hash(piece)) & 0xFFFFFFFF
    return to_int32(result)


def ascii_hash(data: bytes) -> int:
    """Give the hash of ASCII *data*, not yet cut to 32 bits."""
    if not data:
        return 0
    return int(data.translate(_LOW), 31) + 31 * int(data.translate(_HIGH), 31)


def _java_hash_of_units(text: str) -> int:
    units = memoryview(text.encode("utf-16-le", "surrogatepass"))
    result = 0
    for low, high in zip(units[::2], units[1::2], strict=True):
        result = (result * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return to_int32(result)


def tags_code(tag: str | None) -> int:
    """Give what a queue entry holds of a tag; 0 without one."""
    return java_hash(tag) if tag else 0
