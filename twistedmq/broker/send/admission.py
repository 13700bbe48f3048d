"""Which messages may be stored, and where.

The usual batch is let through by a few questions about whole columns; what has been
found good is remembered by topic until the topic changes. Anything else is
looked at one request at a time. Source: AbstractSendMessageProcessor.msgCheck,
SendMessageProcessor, HookUtils.
"""

from collections.abc import Callable, Container, Sequence
from operator import lt
from random import Random
from typing import Final, cast

from twistedmq.broker.delay.diversion import asked_level
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.message import of_batch, put_into
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.broker.send.limits import check_bundle, check_queue, check_sizes
from twistedmq.broker.send.priority import counts, priority_of
from twistedmq.broker.topics.table import TopicTable
from twistedmq.broker.transactions.halves import says_half
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.live import Live
from twistedmq.config.store import StoreConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import TopicConfig, TopicFilterType
from twistedmq.protocol.errors import (
    GroupNotFoundError,
    InvalidParameterError,
    MessageIllegalError,
    PermissionDeniedError,
    TopicNotFoundError,
    TwistedMQError,
)
from twistedmq.protocol.names import (
    RETRY_PREFIX,
    check_topic,
    dlq_topic,
    is_retry_topic,
    may_send_to,
)
from twistedmq.protocol.record_crc import SEAL_BYTES
from twistedmq.protocol.send_decoding import DecodedSends
from twistedmq.protocol.system_flags import (
    INNER_BATCH,
    MULTI_TAGS,
    NEED_UNWRAP,
    TRANSACTION_MASK,
    is_writable,
)

MAX_PROPERTIES_BYTES: Final = 32_767
_OWN_BYTES: Final = 256
"""More than what a record has beside its body and properties."""

_TIMERS: Final = (props.TIMER_DELIVER_MS, props.TIMER_DELAY_SEC, props.TIMER_DELAY_MS)
_NO_DELAY: Final = "-1"
SPECIAL_PROPERTIES: Final = frozenset(
    {
        props.DELAY,
        *_TIMERS,
        props.TRANSACTION_PREPARED,
        props.POP_CK,
        props.INNER_NUM,
        props.PRIORITY,
    }
)
"""Properties that make the broker do something else than store the message."""

_SPECIAL_FLAGS: Final = TRANSACTION_MASK | INNER_BATCH | NEED_UNWRAP
_PLAIN_FLAGS: Final = frozenset(
    flags for flags in range(0x800) if not flags & _SPECIAL_FLAGS
)


class BrokerStartingError(TwistedMQError):
    """The time from which sends are accepted (a setting) has not come yet."""

    def __init__(self, until_ms: int) -> None:
        """Keep the wall clock time in ms."""
        super().__init__(f"broker unable to service, until {until_ms} ms of Unix time")
        self.until_ms = until_ms


class Admission:
    """Says which sends may be stored, and completes those that may.

    Args:
        topics: asked, and added to where a send may create its topic.
        groups: asked about the groups of retry topics.
        locks: a group that holds locks consumes in order: what it gives up goes to its
            dead letter topic.
        identity: the broker's permission and cluster.
        config: when sends are accepted.
        limits: how large messages may be.
        wall_ms: the wall clock.
        random: chooses a queue where the producer leaves it to us.
        diversions: where messages go that are not for delivery yet.
    """

    def __init__(
        self,
        topics: TopicTable,
        groups: GroupTable,
        locks: QueueLocks,
        identity: Live[BrokerIdentity],
        config: Live[SendConfig],
        limits: Live[StoreConfig],
        wall_ms: Callable[[], int],
        random: Random,
        diversions: Diversions | None = None,
    ) -> None:
        self._diversions = diversions or Diversions()
        self._topics = topics
        self._groups = groups
        self._locks = locks
        self._identity = identity
        self._config = config
        self._limits = limits
        self._properties_limit = MAX_PROPERTIES_BYTES
        if limits.value.seals_records:
            self._properties_limit -= SEAL_BYTES + 1  # and an 02 that may be missing
        self._wall_ms = wall_ms
        self._random = random
        self._good: dict[str, int] = {}
        """By topic: so many queues may be sent to without a closer look. What is good
        for one queue of a topic is good for all of them."""
        topics.on_change(self._topic_changed)
        identity.subscribe(self._settings_changed)
        config.subscribe(self._settings_changed)

    @property
    def batch_topics(self) -> Container[str]:
        """Topics for which a batch is kept as one message."""
        return self._topics.batch_topics

    def is_plain(self, sends: DecodedSends) -> bool:
        """Say whether every message of a non-empty batch may be stored as it is."""
        batch = sends.batch
        largest = max(map(len, batch.bodies))
        if len(sends.counts) != len(batch.topics):
            # The messages of one request must fit in together.
            largest = sum(map(len, batch.bodies)) + sum(map(len, batch.properties))
            largest += _OWN_BYTES * len(batch.topics)
        return (
            not sends.is_special
            and self._are_good(batch.topics, batch.queue_ids)
            and all(batch.bodies)
            and largest <= self._limits.value.max_message_bytes
            and max(map(len, batch.properties)) <= self._properties_limit
            and _PLAIN_FLAGS.issuperset(batch.sys_flags)
        )

    def _are_good(self, topics: Sequence[str], queue_ids: Sequence[int]) -> bool:
        queues = list(map(self._good.get, topics))
        return (
            None not in queues
            and min(queue_ids) >= 0
            and all(map(lt, queue_ids, cast(list[int], queues)))
        )

    def admit(self, sends: DecodedSends) -> dict[int, TwistedMQError]:
        """Look at each request; gives what is wrong with those that may not be stored.

        The columns of the others are completed: queue, topic, properties.
        """
        wrong: dict[int, TwistedMQError] = {}
        first = 0
        for request, count in enumerate(sends.counts):
            messages = range(first, first + count)
            first += count
            try:
                self._admit(sends, request, messages)
            except TwistedMQError as error:
                wrong[request] = error
        return wrong

    def _admit(self, sends: DecodedSends, request: int, messages: range) -> None:
        batch = sends.batch
        topic, queue_id = batch.topics[messages[0]], batch.queue_ids[messages[0]]
        config = self._topic_of(sends, request, topic)
        check_queue(config, queue_id, batch.born_hosts[messages[0]])
        limit = self._limits.value.max_message_bytes
        check_sizes(sends.batch, messages, topic, limit, self._properties_limit)
        for message in messages:
            self._check_kind(sends, message, topic)
        if queue_id < 0:
            queue_id = self._random.randrange(config.write_queue_nums)
        elif not is_retry_topic(topic):
            self._remember(config)
        if is_retry_topic(topic):
            if len(messages) > 1:
                raise MessageIllegalError(
                    f"batch request does not support retry group {topic}"
                )
            topic, queue_id = self._retry_or_give_up(sends, request, messages[0])
        if len(messages) == 1:
            queue_id = self._prioritized(sends, messages[0], config, queue_id)
        for message in messages:
            batch.topics[message] = topic
            batch.queue_ids[message] = queue_id
            if config.topic_filter_type is TopicFilterType.MULTI_TAG:
                batch.sys_flags[message] |= MULTI_TAGS
            self._divert(sends, request, message)

    def _topic_of(self, sends: DecodedSends, request: int, topic: str) -> TopicConfig:
        """Find or create the topic of a request, where sending to it is allowed."""
        accept_from_ms = self._config.value.accept_from_ms
        if accept_from_ms and self._wall_ms() < accept_from_ms:
            raise BrokerStartingError(accept_from_ms)
        config = self._topics.get(topic)
        identity = self._identity.value
        if config and config.order and not is_writable(identity.permission):
            raise PermissionDeniedError(
                f"the broker[{identity.broker_name}] sending message is forbidden"
            )
        try:
            check_topic(topic)
        except MessageIllegalError as error:
            raise InvalidParameterError(str(error)) from error
        if not may_send_to(topic):
            raise PermissionDeniedError(
                f"Sending message to topic[{topic}] is forbidden."
            )
        if config is None:
            config = self._create(sends, request, topic)
        if not is_writable(config.perm):
            raise PermissionDeniedError(
                f"the topic[{topic}] sending message is forbidden"
            )
        return config

    def _create(self, sends: DecodedSends, request: int, topic: str) -> TopicConfig:
        created = self._topics.create_on_send(
            topic, sends.default_topics[request], sends.default_queue_nums[request]
        )
        if created is not None:
            return created
        if is_retry_topic(topic):
            return self._topics.create_if_absent(topic)
        raise TopicNotFoundError(topic, ", apply first please!")

    def _check_kind(self, sends: DecodedSends, message: int, topic: str) -> None:
        """Refuse what cannot be of its kind; take off what is not for who sends it."""
        properties = sends.property_maps[message]
        flags = sends.batch.sys_flags[message]
        if flags & (INNER_BATCH | NEED_UNWRAP) or props.INNER_NUM in properties:
            check_bundle(properties, flags, topic, self._topics.get(topic))
        if is_retry_topic(topic):
            self._drop(sends, message, *_TIMERS)  # that time has come already
        self._drop(sends, message, props.POP_CK)

    def _divert(self, sends: DecodedSends, request: int, message: int) -> None:
        """Put a message that is not for delivery yet where it waits."""
        properties = sends.property_maps[message]
        is_half = says_half(properties)
        if is_half and sends.counts[request] > 1:
            raise MessageIllegalError(
                f"a batch cannot hold messages of transactions "
                f"({props.TRANSACTION_PREPARED}=true)"
            )
        has_mark = sends.batch.sys_flags[message] & TRANSACTION_MASK
        is_delayed = _is_delayed(properties)
        if not is_half and not has_mark and not is_delayed:
            return
        asked = of_batch(sends.batch, message)
        fields = {"queueId": str(asked.queue_id)}
        diverted = self._diversions.divert(asked)
        if diverted is None:
            put_into(sends.batch, message, asked)
            return
        put_into(sends.batch, message, diverted.message)
        if len(sends.batch.properties[message]) > self._properties_limit:
            raise MessageIllegalError(
                f"the message is illegal: where it waits it needs "
                f"{len(sends.batch.properties[message])} bytes of properties; msg "
                f"properties length limit {self._properties_limit}B"
            )
        opaque = sends.opaques[request]
        sends.answer_fields[opaque] = fields | diverted.answer_fields()
        if diverted.when_stored is not None:
            sends.when_stored[opaque] = diverted.when_stored

    def _drop(self, sends: DecodedSends, message: int, *names: str) -> None:
        """Take properties off a message that only their writer may use."""
        held = sends.property_maps[message]
        if held.keys().isdisjoint(names):
            return
        encoded = props.parse(sends.batch.properties[message])
        for name in names:
            held.pop(name, None)
            encoded.pop(name, None)
        sends.batch.properties[message] = props.format(encoded)

    def _retry_or_give_up(
        self, sends: DecodedSends, request: int, message: int
    ) -> tuple[str, int]:
        """Give topic and queue of a message that a consumer itself sends to be retried.

        What is given up goes to the dead letters at once, whatever delay it asks for.
        """
        batch = sends.batch
        topic, queue_id = batch.topics[message], batch.queue_ids[message]
        name = topic.removeprefix(RETRY_PREFIX).partition("+")[0]
        group = self._groups.get(name)
        if group is None:
            raise GroupNotFoundError(name)
        limit = sends.max_reconsume_times[request]
        if limit < 0:
            limit = group.retry_max_times
        if batch.reconsume_times[message] > limit or self._locks.any_held(name):
            sends.property_maps[message][props.DELAY] = _NO_DELAY
            batch.properties[message] = props.put(
                batch.properties[message], props.DELAY.encode(), _NO_DELAY.encode()
            )
            return self._topics.create_if_absent(dlq_topic(name)).topic_name, 0
        return topic, max(0, queue_id)

    def _prioritized(
        self, sends: DecodedSends, message: int, config: TopicConfig, queue_id: int
    ) -> int:
        """Give the queue of a message, which its priority may choose."""
        properties = sends.property_maps[message]
        priority = priority_of(properties)
        if priority is None:
            return queue_id
        if counts(properties):
            return min(priority, max(1, config.write_queue_nums) - 1)
        self._drop(sends, message, props.PRIORITY)
        return queue_id

    def _remember(self, config: TopicConfig) -> None:
        identity = self._identity.value
        ordered_and_barred = config.order and not is_writable(identity.permission)
        single_tag = config.topic_filter_type is TopicFilterType.SINGLE_TAG
        if single_tag and not ordered_and_barred:
            queues = max(config.write_queue_nums, config.read_queue_nums)
            self._good[config.topic_name] = queues

    def _topic_changed(self, topic: str, _: TopicConfig | None) -> None:
        self._good.pop(topic, None)

    def _settings_changed(self, _: object) -> None:
        self._good.clear()


def _is_delayed(properties: dict[str, str]) -> bool:
    """Raises: MessageIllegalError, where the delay level is no number."""
    return asked_level(properties) > 0 or not properties.keys().isdisjoint(_TIMERS)
