"""Attributes of topics and groups, and how a request changes them.

An admin tool sends changes, not a state: ``+key=value`` sets, ``-key`` takes away.
Source: AttributeParser, AttributeUtil, TopicAttributes, SubscriptionGroupAttributes.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from msgspec import Struct

from twistedmq.protocol.errors import TwistedMQError

MESSAGE_TYPE: Final = "message.type"
QUEUE_TYPE: Final = "queue.type"
BATCH_QUEUES: Final = "BatchCQ"
CLEANUP_POLICY: Final = "cleanup.policy"
RESERVE_TIME: Final = "reserve.time"
"""Hours that messages of a topic are kept, if that is less than for all others."""
PRIORITY_FACTOR: Final = "priority.factor"
"""Per cent of a group's pops that heed priorities."""
MAX_MESSAGES: Final = "max.messages.per.second"
"""Messages that may be sent to a topic; 0 is no limit, whatever the settings say."""
MAX_BYTES: Final = "max.bytes.per.second"
MAX_READ_MESSAGES: Final = "max.read.messages.per.second"
"""The same of what is pulled and popped, by all groups together."""
MAX_READ_BYTES: Final = "max.read.bytes.per.second"
MESSAGE_TYPES: Final = frozenset(
    {"UNSPECIFIED", "NORMAL", "FIFO", "DELAY", "TRANSACTION", "PRIORITY", "MIXED"}
)


class AttributesError(TwistedMQError):
    """A change of attributes that cannot be read or is not allowed."""


class Attribute(Struct, frozen=True):
    """What is known of one attribute: may it change, which values may it have."""

    changeable: bool
    allowed: Callable[[str], bool]
    wanted: str
    """The allowed values, for people."""


def _one_of(changeable: bool, values: Collection[str]) -> Attribute:
    wanted = f"one of {', '.join(sorted(values))}"
    return Attribute(changeable, frozenset(values).__contains__, wanted)


def _is_reserve_time(value: str) -> bool:
    try:
        return -1 <= int(value) < 2**63
    except ValueError:
        return False


def _is_percentage(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value[:9]) <= 100


def _is_rate(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value[:19]) < 2**63


TOPIC_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    QUEUE_TYPE: _one_of(False, (BATCH_QUEUES, "SimpleCQ")),
    CLEANUP_POLICY: _one_of(False, ("DELETE", "COMPACTION")),
    MESSAGE_TYPE: _one_of(True, MESSAGE_TYPES),
    RESERVE_TIME: Attribute(True, _is_reserve_time, "-1 or a number of hours"),
    MAX_MESSAGES: Attribute(True, _is_rate, "a whole number, not negative"),
    MAX_BYTES: Attribute(True, _is_rate, "a whole number, not negative"),
    MAX_READ_MESSAGES: Attribute(True, _is_rate, "a whole number, not negative"),
    MAX_READ_BYTES: Attribute(True, _is_rate, "a whole number, not negative"),
}

GROUP_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    PRIORITY_FACTOR: Attribute(True, _is_percentage, "0 to 100"),
}


def is_batch_topic(attributes: Mapping[str, str] | None) -> bool:
    """Whether a topic with these attributes has batch queues."""
    return (attributes or {}).get(QUEUE_TYPE) == BATCH_QUEUES


def parse_changes(text: str | None) -> dict[str, str]:
    """Read ``+key1=value1,-key2``; the signs stay part of the keys."""
    changes: dict[str, str] = {}
    for part in text.split(",") if text else ():
        key, equals, value = part.partition("=")
        if equals and "+" not in key:
            raise AttributesError(f"add/alter attribute format is wrong: {key}")
        if not equals and "-" not in key:
            raise AttributesError(f"delete attribute format is wrong: {key}")
        if key in changes:
            raise AttributesError(f"key duplication: {key}")
        changes[key] = value
    return changes


def apply_changes(
    current: Mapping[str, str] | None,
    changes: Mapping[str, str],
    known: Mapping[str, Attribute],
) -> dict[str, str]:
    """Give the attributes after *changes*; *current* is None for what is created now.

    Raises:
        AttributesError: nothing may be changed then.
    """
    result = dict(current or {})
    seen: set[str] = set()
    for signed_key, value in changes.items():
        sign, key = signed_key[:1], signed_key[1:]
        if not key or "+" in key or "-" in key:
            raise AttributesError("kv string format wrong.")
        if key in seen:
            raise AttributesError(f"alter duplication key. key: {key}")
        seen.add(key)
        _check_sign(sign, key, current)
        new_value = value if sign == "+" else None
        _check_value(known, key, new_value, creating=current is None)
        if sign == "+":
            result[key] = value
        else:
            del result[key]
    return result


def _check_sign(sign: str, key: str, current: Mapping[str, str] | None) -> None:
    if current is None and sign != "+":
        raise AttributesError(
            f"only add attribute is supported while creating topic. key: {key}"
        )
    if sign not in ("+", "-"):
        raise AttributesError(f"wrong format key: {key}")
    if sign == "-" and key not in (current or {}):
        raise AttributesError(f"attempt to delete a nonexistent key: {key}")


def _check_value(
    known: Mapping[str, Attribute], key: str, value: str | None, *, creating: bool
) -> None:
    attribute = known.get(key)
    if attribute is None:
        raise AttributesError(f"unsupported key: {key}")
    if not creating and not attribute.changeable:
        raise AttributesError(
            f"attempt to update an unchangeable attribute. key: {key}"
        )
    if value is not None and not attribute.allowed(value):
        raise AttributesError(
            f"attribute {key} may not have the value {value!r}, only {attribute.wanted}"
        )
