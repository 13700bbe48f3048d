"""A message as it goes to a broker: pure, and the same for every attempt."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import Struct
from twisted.python.failure import Failure

from twistedmq.client.arguments import check_range
from twistedmq.client.message import Message
from twistedmq.protocol import names, properties
from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.compression import DEFAULT_LEVEL, ZLIB, find_compressor
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.headers.send import SendMessageRequestHeaderV2
from twistedmq.protocol.system_flags import (
    TRANSACTION_PREPARED,
    with_compression,
    with_transaction,
)

MIB = 1024 * 1024
TOPICS_KEPT = 1024
MAX_PROPERTIES_BYTES = 2**15 - 1
"""A record has 16 bits for their length; no broker takes more."""


class PackingRules(Struct, frozen=True):
    """Limits and habits of a producer.

    Raises:
        ArgumentError: a number is out of its range.
    """

    max_message_bytes: int = 4 * MIB
    """Bodies over this are refused before anything is sent."""
    compress_over_bytes: int = 4096
    """Bodies of this size and more are compressed."""
    compression: int | str = ZLIB
    """A name ("zlib", "lz4", "zstd"; a plugin may bring more) or a type number."""
    compression_level: int = DEFAULT_LEVEL
    """1 (fast) to 9 (small); lz4 has only one."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_range("max_message_bytes", self.max_message_bytes, 1)
        check_range("compress_over_bytes", self.compress_over_bytes, 0)
        check_range("compression_level", self.compression_level, 1, 9)


class Parcel(Struct, frozen=True):
    """What is sent, whichever queue and attempt: one message or a whole batch."""

    message: Message
    """The message, the first one of a batch; for selections."""
    unique_ids: tuple[str, ...]
    body: bytes
    properties: str
    sys_flag: int = 0
    is_batch: bool = False
    is_reply: bool = False
    reconsume_times: int = 0
    max_reconsume_times: int | None = None
    """Both only for a message that a consumer gives back."""

    @property
    def code(self) -> int:
        """The request code that carries it."""
        if self.is_reply:
            return RequestCode.SEND_REPLY_MESSAGE_V2
        batch, single = RequestCode.SEND_BATCH_MESSAGE, RequestCode.SEND_MESSAGE_V2
        return batch if self.is_batch else single

    def header(
        self, group: str, queue: MessageQueue, born_ms: int, default_queues: int
    ) -> SendMessageRequestHeaderV2:
        """Give the header of one attempt to send to *queue*."""
        return SendMessageRequestHeaderV2(
            producer_group=group,
            topic=self.message.topic,
            default_topic=names.AUTO_CREATE_TOPIC,
            default_topic_queue_nums=default_queues,
            queue_id=queue.queue_id,
            sys_flag=self.sys_flag,
            born_timestamp=born_ms,
            flag=0 if self.is_batch else self.message.flag,
            properties=self.properties,
            reconsume_times=self.reconsume_times,
            max_reconsume_times=self.max_reconsume_times,
            unit_mode=False,
            batch=self.is_batch,
            broker_name=queue.broker_name,
        )


class PackingWatch(Protocol):
    """What a packer needs of ``watching.Watch``."""

    def packing(self, message: Message, unique_id: str) -> Mapping[str, str]:
        """A message is about to be sent; gives properties to store with it."""

    def dropped(self, unique_ids: Iterable[str], failure: Failure) -> None:
        """Messages that were packed are not sent after all."""


class Packer:
    """Checks messages and makes parcels of them.

    Args:
        rules: limits and habits.
        next_id: gives a new unique message id.
        watch: sees what is packed.

    Raises:
        CompressionError: the rules name a compression that is not there.
    """

    def __init__(
        self,
        rules: PackingRules,
        next_id: Callable[[], str],
        watch: PackingWatch | None = None,
    ) -> None:
        self._rules = rules
        self._watch = watch
        self._next_id = next_id
        self._compressor = find_compressor(rules.compression)

    def pack(
        self,
        message: Message,
        more: Mapping[str, str] | None = None,
        *,
        is_reply: bool = False,
        is_half: bool = False,
    ) -> Parcel:
        """Pack one message; *more* are system properties.

        Raises:
            MessageIllegalError: its topic or size is not allowed.
        """
        self.check(message)
        if is_half:
            _check_half(message)
        unique_id = self._next_id()
        stored = message.stored_properties()
        stored[properties.UNIQ_KEY] = unique_id
        if more:
            stored.update(more)
        body, sys_flag = self._compressed(message.body)
        if is_half:
            sys_flag = with_transaction(sys_flag, TRANSACTION_PREPARED)
        if self._watch is None:
            text = _text(stored)
        else:
            stored = {**self._watch.packing(message, unique_id), **stored}
            text = self._checked_text(stored, (unique_id,))
        return Parcel(message, (unique_id,), body, text, sys_flag, is_reply=is_reply)

    def pack_retry(
        self, message: Message, more: dict[str, str], times: int, max_times: int
    ) -> Parcel:
        """Pack a message that a consumer gives back for the *times*-th time.

        *more* are system properties, the unique id among them.
        """
        stored = message.stored_properties() | more
        body, sys_flag = self._compressed(message.body)
        return Parcel(
            message,
            (stored[properties.UNIQ_KEY],),
            body,
            _text(stored),
            sys_flag,
            reconsume_times=times,
            max_reconsume_times=max_times,
        )

    def pack_batch(
        self, messages: Sequence[Message], *, any_keys: bool = False
    ) -> Parcel:
        """Pack messages that go to one queue in one request.

        Their sharding keys may differ only with *any_keys*: no key chooses the queue.

        Raises:
            MessageIllegalError: there is none, their topics differ, one is delayed, or
                they are too large together.
        """
        self._check_batch(messages)
        if not any_keys:
            _check_keys(messages)
        return self.pack_alike(messages)

    def pack_alike(self, messages: Sequence[Message]) -> Parcel:
        """Pack messages that are known to be good for one batch.

        Raises:
            MessageIllegalError: they are too large together, or the properties of one.
        """
        ids = tuple(self._next_id() for _ in messages)
        items = [
            BatchItem(
                flag=message.flag,
                body=message.body,
                properties=properties.format(self._in_batch(message, unique_id)),
            )
            for message, unique_id in zip(messages, ids, strict=True)
        ]
        body = encode_batch(items)
        try:
            for item in items:
                _check_properties(len(item.properties))
            self._check_size(len(body), "batch")
        except MessageIllegalError:
            self._drop(ids)
            raise
        wait = "true" if messages[0].wait_stored else "false"
        own = {properties.UNIQ_KEY: self._next_id(), properties.WAIT: wait}
        return Parcel(messages[0], ids, body, _text(own), is_batch=True)

    def _in_batch(self, message: Message, unique_id: str) -> dict[str, str]:
        stored = message.stored_properties()
        stored[properties.UNIQ_KEY] = unique_id
        if self._watch is None:
            return stored
        return {**self._watch.packing(message, unique_id), **stored}

    def _checked_text(self, stored: dict[str, str], unique_ids: tuple[str]) -> str:
        try:
            return _text(stored)
        except MessageIllegalError:
            self._drop(unique_ids)
            raise

    def _drop(self, unique_ids: Iterable[str]) -> None:
        if self._watch is not None:
            self._watch.dropped(unique_ids, Failure())

    def _compressed(self, body: bytes) -> tuple[bytes, int]:
        """Give the body as it is sent, and its system flag."""
        rules = self._rules
        if len(body) < rules.compress_over_bytes:
            return body, 0
        smaller = self._compressor.compress(body, rules.compression_level)
        if len(smaller) >= len(body):
            return body, 0
        return smaller, with_compression(0, self._compressor.type_number)

    def check(self, message: Message) -> None:
        """Refuse what no broker would take.

        Raises:
            MessageIllegalError: its topic or its size is not allowed.
        """
        _check_topic(message.topic)
        if not message.body:
            raise MessageIllegalError(
                "the body of a message must not be empty",
                field="body",
                value=0,
                limit=1,
            )
        self._check_size(len(message.body), "body")

    def _check_size(self, size: int, field: str) -> None:
        limit = self._rules.max_message_bytes
        if size > limit:
            raise MessageIllegalError(
                f"the {field} has {size} bytes, max_message_bytes is {limit}",
                field=field,
                value=size,
                limit=limit,
            )

    def _check_batch(self, messages: Sequence[Message]) -> None:
        if not messages:
            raise _not_a_batch("messages", 0, "at least one message")
        first = messages[0]
        for message in messages:
            self.check(message)
            if message.topic != first.topic:
                raise _not_a_batch("topic", message.topic, f"one topic, {first.topic}")
            if message.wait_stored != first.wait_stored:
                raise _not_a_batch("wait_stored", message.wait_stored, "one of both")
            if message.is_delayed:
                raise _not_a_batch("delay", True, "no delayed message")
            if names.is_retry_topic(message.topic):
                raise _not_a_batch("topic", message.topic, "no retried message")
            if message.priority is not None:
                raise _not_a_batch("priority", message.priority, "no priority")


@lru_cache(TOPICS_KEPT)
def _check_topic(topic: str) -> None:
    """Refuse a topic that nobody may send to; one that was good is known."""
    names.check_topic(topic)
    if not names.may_send_to(topic):
        raise MessageIllegalError(
            f"nobody may send to topic {topic!r}",
            field="topic",
            value=topic,
            limit="no topic of the system's own",
        )


def _check_half(message: Message) -> None:
    if message.is_delayed:
        # brokers up to 5.4.0 lose it, as their own clients know
        raise MessageIllegalError(
            "a message of a transaction cannot be delayed",
            field="delay",
            value=True,
            limit="no delayed message",
        )


def _check_keys(messages: Sequence[Message]) -> None:
    first = messages[0].sharding_key
    for message in messages:
        if message.sharding_key != first:
            raise _not_a_batch("sharding_key", message.sharding_key, f"one, {first!r}")


def _not_a_batch(field: str, value: object, limit: str) -> MessageIllegalError:
    return MessageIllegalError(
        f"{field} is {value!r}: a batch has {limit}",
        field=field,
        value=value,
        limit=limit,
    )


def _text(stored: dict[str, str]) -> str:
    text = properties.format_text(stored)
    size = len(text)
    if not text.isascii():
        encoded = text.encode("utf-8", "replace")
        text, size = encoded.decode("utf-8"), len(encoded)
    _check_properties(size)
    return text


def _check_properties(size: int) -> None:
    if size > MAX_PROPERTIES_BYTES:
        raise MessageIllegalError(
            f"all properties have {size} bytes, not at most {MAX_PROPERTIES_BYTES}",
            field="properties",
            value=size,
            limit=MAX_PROPERTIES_BYTES,
        )
