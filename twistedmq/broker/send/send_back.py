"""CONSUMER_SEND_MSG_BACK: a message that could not be consumed goes round again.

It becomes a new message for the group's retry topic, which waits for its delay level
first, or one in its dead letter topic when it has been tried often enough.
Source: AbstractSendMessageProcessor.consumerSendMsgBack.
"""

from random import Random
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.inner.message import InnerMessage, of_record
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.send.retry_delay import retry_level
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.protocol import names
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import SubscriptionGroupConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Buffer, Reply
from twistedmq.protocol.errors import (
    GroupNotFoundError,
    PermissionDeniedError,
    TwistedMQError,
)
from twistedmq.protocol.headers import ConsumerSendMsgBackRequestHeader
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.names import SCHEDULE_TOPIC, dlq_topic, retry_topic
from twistedmq.protocol.record import Record, RecordError, decode_record
from twistedmq.protocol.system_flags import (
    TOPIC_UNIT_SUB,
    is_writable,
)
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.delay_levels import DelayLevels
from twistedmq.store.interfaces import IMessageStore

_DEAD: Final = 0

_NOBODY_READS: Final = frozenset(
    {
        SCHEDULE_TOPIC,
        names.TIMER_TOPIC,
        names.HALF_TOPIC,
        names.OP_HALF_TOPIC,
        names.ROCKSDB_HALF_TOPIC,
        names.ROCKSDB_OP_HALF_TOPIC,
    }
)
"""What waits there no consumer can have got, so none can send it back."""


class MessageGoneError(TwistedMQError):
    """No message starts where the consumer says it got one."""

    def __init__(self, physical_offset: int) -> None:
        """Keep the offset."""
        super().__init__(f"look message by offset failed, {physical_offset}")
        self.physical_offset = physical_offset


class SendBackHandlers:
    """Serves CONSUMER_SEND_MSG_BACK.

    Args:
        topics: gets the retry and dead letter topics.
        groups: says how often a group tries.
        store: has the message.
        inner: stores the new one.
        identity: the broker's permission.
        levels: the delays after which it comes back.
        counters: what came back, and what was given up.
        random: chooses a queue of the retry topic.
    """

    def __init__(
        self,
        *,
        topics: TopicTable,
        groups: GroupTable,
        store: IMessageStore,
        inner: InnerWriter,
        identity: Live[BrokerIdentity],
        levels: DelayLevels,
        counters: BrokerCounters,
        random: Random,
    ) -> None:
        self._topics = topics
        self._groups = groups
        self._store = store
        self._inner = inner
        self._identity = identity
        self._levels = levels
        self._counters = counters
        self._random = random

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.CONSUMER_SEND_MSG_BACK: self.send_back}

    def send_back(self, request: Request) -> Reply | Deferred[Reply]:
        """Store the message again, for its group alone."""
        header: ConsumerSendMsgBackRequestHeader = request.header
        group = self._groups.get(header.group)
        if group is None:
            raise GroupNotFoundError(header.group)
        identity = self._identity.value
        if not is_writable(identity.permission):
            raise PermissionDeniedError(
                f"the broker[{identity.broker_name}] sending message is forbidden"
            )
        if group.retry_queue_nums <= 0:
            return Reply()
        found = self._store.record_at(header.offset)
        if isinstance(found, Deferred):
            return found.addCallback(self._put_back, header, group)
        return self._put_back(found, header, group)

    def _put_back(
        self,
        found: Buffer | None,
        header: ConsumerSendMsgBackRequestHeader,
        group: SubscriptionGroupConfig,
    ) -> Reply | Deferred[Reply]:
        try:
            record = decode_record(found or b"")
        except RecordError as error:
            raise MessageGoneError(header.offset) from error
        if record.topic in _NOBODY_READS:
            raise MessageGoneError(header.offset)
        level = self._level(record, header, group)
        topic, queue_id = self._destination(header, group, is_dead=level == _DEAD)
        message = self._inner.divert(again(record, topic, queue_id, level))
        appended = self._inner.write([message])
        if message.topic == SCHEDULE_TOPIC:
            size = appended.end - appended.physical_offsets[0]
            self._counters.queue_put(message.topic, message.queue_id, 1, size)
        origin = message.properties.get(props.RETRY_TOPIC, record.topic)
        self._counters.sent_back(origin, group.group_name, dead=level == _DEAD)
        safe = self._inner.safe(appended)
        return Reply() if safe is None else safe.addCallback(lambda _: Reply())

    def _level(
        self,
        record: Record,
        header: ConsumerSendMsgBackRequestHeader,
        group: SubscriptionGroupConfig,
    ) -> int:
        """Give the level that the message waits for, _DEAD where it is given up."""
        limit = header.max_reconsume_times
        if limit is None:
            limit = group.retry_max_times
        if record.reconsume_times >= limit or header.delay_level < 0:
            return _DEAD
        if header.delay_level:
            return header.delay_level
        return retry_level(
            group.group_retry_policy, record.reconsume_times, self._levels
        )

    def _destination(
        self,
        header: ConsumerSendMsgBackRequestHeader,
        group: SubscriptionGroupConfig,
        *,
        is_dead: bool,
    ) -> tuple[str, int]:
        """Give topic and queue, making the topic if need be."""
        if is_dead:
            topic, queues, sys_flag = dlq_topic(group.group_name), 1, 0
        else:
            topic, queues = retry_topic(group.group_name), group.retry_queue_nums
            sys_flag = TOPIC_UNIT_SUB if header.unit_mode else 0
        config = self._topics.get(topic)
        if config is None:
            config = self._topics.create_if_absent(topic, queues, sys_flag=sys_flag)
        if not is_writable(config.perm):
            raise PermissionDeniedError(
                f"the topic[{topic}] sending message is forbidden"
            )
        return topic, self._random.randrange(queues)


def again(record: Record, topic: str, queue_id: int, level: int) -> InnerMessage:
    """Make a message of *record* that remembers where it came from."""
    message = of_record(record)
    message.topic, message.queue_id = topic, queue_id
    message.reconsume_times += 1
    properties = message.properties
    properties.setdefault(props.RETRY_TOPIC, record.topic)
    if not properties.get(props.ORIGIN_MESSAGE_ID):
        origin = offset_id(record.store_host, record.physical_offset)
        properties[props.ORIGIN_MESSAGE_ID] = origin
    properties[props.WAIT] = "false"
    properties[props.DELAY] = str(level)
    return message
