"""Namespaces: groups and topics that are one's own on brokers that others share.

Brokers know nothing of them: what a client of the namespace N calls T is N%T to them,
and its retry topic %RETRY%G is %RETRY%N%G. Inside of the client all names are bare; on
the way to servers they are given their namespace, on the way back they lose it. Source:
NamespaceUtil.
"""

import re
from functools import cache, lru_cache
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import fields, replace

from twistedmq.client.errors import ArgumentError
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.send import SendMessageRequestHeaderV2
from twistedmq.protocol.record import (
    Record,
    RecordError,
    decode_records,
    encode_record,
)

S = TypeVar("S", bound=Struct)

TOPICS_KEPT: Final = 4096
"""Topics whose whole name is kept."""

TOPIC_FIELDS: Final = frozenset({"topic", "origin_topic"})
GROUP_FIELDS: Final = frozenset({"group", "consumer_group", "producer_group"})
"""What fields with names are called in the headers that clients send and are sent."""

TOPIC_PROPERTIES: Final = (
    properties.RETRY_TOPIC,
    properties.REAL_TOPIC,
    properties.DLQ_ORIGIN_TOPIC,
)
GROUP_PROPERTIES: Final = (properties.PRODUCER_GROUP,)

SHARED_GROUPS: Final = frozenset(
    {names.CLIENT_INNER_PRODUCER_GROUP, names.TOOLS_CONSUMER_GROUP}
)
"""Groups that every client has, and nobody's progress depends on."""

_KINDS: Final = (names.RETRY_PREFIX, names.DLQ_PREFIX)
_POP_SEPARATORS: Final = ("+", "_")
"""Between group and topic in the retry topic of a group that pops."""
_is_allowed: Final = re.compile(r"[|a-zA-Z0-9_-]+").fullmatch


class Namespace:
    """Gives names their namespace, and takes it from them.

    Args:
        name: letters, digits, ``_``, ``-`` and ``|``.

    Raises:
        ArgumentError: it has other characters.
    """

    def __init__(self, name: str) -> None:
        if not _is_allowed(name):
            raise ArgumentError("namespace", name, "letters, digits, _, - and |")
        self.name = name
        self._prefix = f"{name}{names.NAMESPACE_SEPARATOR}"
        self._prefix_bytes = self._prefix.encode()
        self.topic = lru_cache(TOPICS_KEPT)(self._topic)

    def _topic(self, topic: str) -> str:
        """Give the name of *topic* at the brokers; those of the system are everybody's.

        Raises: MessageIllegalError, where that is too long.
        """
        if not topic or names.is_system_topic(topic):
            return topic
        whole = self._put_on(topic)
        names.check_topic(whole)
        return whole

    def group(self, group: str) -> str:
        """Give the name of *group* at the brokers."""
        if not group or names.is_system_group(group) or group in SHARED_GROUPS:
            return group
        return self._put_on(group)

    def topic_of(self, topic: str, group: str | None) -> str:
        """Give the name at the brokers of what *group* reads, or has popped from."""
        if group and topic.startswith(names.RETRY_PREFIX + group):
            kept = topic[len(names.RETRY_PREFIX) + len(group) :]
            if kept.startswith(_POP_SEPARATORS):
                whole = names.retry_topic(self.group(group))
                return f"{whole}{kept[0]}{self.topic(kept[1:])}"
        return self.topic(topic)

    def bare(self, name: str) -> str:
        """Give the name of a topic or group without the namespace, if it has it."""
        kind, rest = _taken_apart(name)
        if not rest.startswith(self._prefix):
            return name
        rest = rest.removeprefix(self._prefix)
        if kind == names.RETRY_PREFIX:
            for separator in _POP_SEPARATORS:
                rest = rest.replace(f"{separator}{self._prefix}", separator, 1)
        return kind + rest

    def queue(self, queue: MessageQueue) -> MessageQueue:
        """Give a queue as brokers call it."""
        return MessageQueue(self.topic(queue.topic), queue.broker_name, queue.queue_id)

    def bare_queue(self, queue: MessageQueue) -> MessageQueue:
        """Give a queue as the user calls it."""
        return MessageQueue(self.bare(queue.topic), queue.broker_name, queue.queue_id)

    def header(self, header: Header) -> Header:
        """Give a header for a server. Raises: MessageIllegalError."""
        changes: dict[str, str | None] = {}
        topics, groups = _named_fields(type(header))
        group: str | None = None
        for field in groups:
            group = getattr(header, field)
            if group:
                changes[field] = self.group(group)
        for field in topics:
            topic = getattr(header, field)
            if topic:
                changes[field] = self.topic_of(topic, group)
        if isinstance(header, SendMessageRequestHeaderV2):
            is_ours = changes["topic"] != header.topic
            text = header.properties or ""
            changes["properties"] = self._sent(text) if is_ours else text
        return replace(header, **changes) if changes else header

    def bare_header(self, header: S) -> S:
        """Give the header of what a server asks."""
        topics, groups = _named_fields(type(header))
        given = {field: getattr(header, field) for field in (*topics, *groups)}
        changes = {field: self.bare(name) for field, name in given.items() if name}
        return replace(header, **changes) if changes else header

    def bare_records(self, records: Buffer) -> Buffer:
        """Give stored messages as the user calls their topics."""
        try:
            found = decode_records(records)
        except RecordError:
            return records  # whoever reads them says what is wrong
        return b"".join([encode_record(self._bare_record(each)) for each in found])

    def _put_on(self, name: str) -> str:
        kind, rest = _taken_apart(name)
        return f"{kind}{self._prefix}{rest}"

    def _sent(self, text: str) -> str:
        """Give the properties of a message that is sent."""
        stored = properties.parse(text)
        for name in TOPIC_PROPERTIES:
            if name in stored:
                stored[name] = self.topic(stored[name])
        for name in GROUP_PROPERTIES:
            if name in stored:
                stored[name] = self.group(stored[name])
        stored[properties.INSTANCE_ID] = self.name
        return properties.format_text(stored)

    def _bare_record(self, record: Record) -> Record:
        record.topic = self.bare(record.topic)
        if self._prefix_bytes in record.properties:
            stored = properties.parse(record.properties)
            for name in (*TOPIC_PROPERTIES, *GROUP_PROPERTIES):
                if name in stored:
                    stored[name] = self.bare(stored[name])
            record.properties = properties.format(stored)
        return record


def _taken_apart(name: str) -> tuple[str, str]:
    """Give what the name of a retry or dead letter topic begins with, and the rest."""
    for kind in _KINDS:
        if name.startswith(kind):
            return kind, name.removeprefix(kind)
    return "", name


@cache
def _named_fields(header: type[Struct]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the fields of a header that hold a topic, and those that hold a group."""
    found = [field.name for field in fields(header)]
    return (
        tuple(name for name in found if name in TOPIC_FIELDS),
        tuple(name for name in found if name in GROUP_FIELDS),
    )
