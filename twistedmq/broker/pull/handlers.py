"""PULL_MESSAGE and LITE_PULL_MESSAGE.

The way of a pull: ``pull`` checks who asks, ``_read`` asks the store, ``_answer`` makes
the reply or holds the pull; a held pull comes back to ``_read`` and is answered then.
Nothing here looks into records. Source: PullMessageProcessor and its result handler.
"""

from functools import partial
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.pull.errors import (
    FAQ,
    FORBIDDEN_BY_BROKER,
    FORBIDDEN_BY_GROUP,
    FORBIDDEN_BY_TOPIC,
    PullForbiddenError,
    ReadingGroupNotFoundError,
)
from twistedmq.broker.pull.held import HeldPull, HeldPulls
from twistedmq.broker.pull.outcomes import (
    OFFSET_RESET,
    REMARKS,
    pull_fields,
    response_code,
)
from twistedmq.broker.pull.progress import Progress
from twistedmq.broker.pull.subscriptions import Subscriptions
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity, PullConfig
from twistedmq.config.live import Live
from twistedmq.filter.interfaces import Filter
from twistedmq.protocol.bodies import SubscriptionGroupConfig, TopicConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import (
    InvalidParameterError,
    TopicNotFoundError,
)
from twistedmq.protocol.headers import PullMessageRequestHeader
from twistedmq.protocol.system_flags import (
    PULL_SUSPEND,
    is_readable,
)
from twistedmq.remoting.interfaces import HandlerTable, IConnection, Request
from twistedmq.store.interfaces import IMessageStore, QueueRead, ReadStatus

NO_LIMIT: Final = 2**31 - 1
"""Bytes asked for by who does not say; the store has limits of its own."""


class Pull:
    """One pull on its way: what was asked, and what was found out about it."""

    __slots__ = ("connection", "filter", "group", "header", "member", "topic")

    def __init__(
        self,
        header: PullMessageRequestHeader,
        connection: IConnection,
        topic: TopicConfig,
        group: SubscriptionGroupConfig,
        wanted: Filter,
        member: str | None,
    ) -> None:
        """Keep all of it, so that a held pull need not be checked again.

        *member* is the client of a group that broadcasts, None for other groups.
        """
        self.header = header
        self.connection = connection
        self.topic = topic
        self.group = group
        self.filter = wanted
        self.member = member


class PullHandlers:
    """Serves pulls.

    Args:
        store: where messages are read.
        topics: which queues exist and may be read.
        groups: which groups may read.
        progress: where pulls begin, and what they tell of their groups.
        subscriptions: gives the filter of a pull.
        held: keeps pulls that found nothing.
        counters: counts what was given, once a pull.
        identity: this broker's permission.
        config: long polling, and which kinds of pulls are served.
    """

    def __init__(
        self,
        *,
        store: IMessageStore,
        topics: TopicTable,
        groups: GroupTable,
        progress: Progress,
        subscriptions: Subscriptions,
        held: HeldPulls,
        counters: BrokerCounters,
        identity: Live[BrokerIdentity],
        config: Live[PullConfig],
    ) -> None:
        self._store = store
        self._topics = topics
        self._groups = groups
        self._progress = progress
        self._subscriptions = subscriptions
        self._held = held
        self._counters = counters
        self._throughput = counters.throughput
        self._identity = identity
        self._config = config

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.PULL_MESSAGE: self.pull,
            RequestCode.LITE_PULL_MESSAGE: self.lite_pull,
        }

    def lite_pull(self, request: Request) -> Reply | Deferred[Reply]:
        """Serve a pull of a consumer that assigns its queues itself."""
        if not self._config.value.lite_pull:
            return _forbidden(
                PullForbiddenError(
                    FORBIDDEN_BY_BROKER,
                    f"the broker[{self._identity.value.broker_name}] for lite pull "
                    "consumer is forbidden",
                )
            )
        return self.pull(request)

    def pull(self, request: Request) -> Reply | Deferred[Reply]:
        """Give messages of one queue, now or when there are some."""
        try:
            pull = self._checked(request.header, request.connection)
        except PullForbiddenError as error:
            return _forbidden(error)
        return self._read(pull, may_hold=True)

    def _checked(
        self, header: PullMessageRequestHeader, connection: IConnection
    ) -> Pull:
        """Find what the pull is about, or raise why it is refused."""
        if not is_readable(self._identity.value.permission):
            raise PullForbiddenError(
                FORBIDDEN_BY_BROKER,
                f"the broker[{self._identity.value.broker_name}] pulling message is "
                "forbidden",
            )
        name = header.consumer_group
        group = self._groups.get(name)
        if group is None:
            raise ReadingGroupNotFoundError(name)
        if not group.consume_enable:
            raise PullForbiddenError(
                FORBIDDEN_BY_GROUP, f"subscription group no permission, {name}"
            )
        topic = self._checked_topic(header, connection)
        wanted = self._subscriptions.filter_of(header, group, connection)
        member = self._progress.member_of(header, connection)
        return Pull(header, connection, topic, group, wanted, member)

    def _checked_topic(
        self, header: PullMessageRequestHeader, connection: IConnection
    ) -> TopicConfig:
        topic = self._topics.get(header.topic)
        if topic is None:
            raise TopicNotFoundError(header.topic, f", apply first please! {FAQ}")
        if not is_readable(topic.perm):
            raise PullForbiddenError(
                FORBIDDEN_BY_TOPIC,
                f"the topic[{header.topic}] pulling message is forbidden",
            )
        if not 0 <= header.queue_id < topic.read_queue_nums:
            raise InvalidParameterError(
                f"queueId[{header.queue_id}] is illegal, topic:[{header.topic}] "
                f"topicConfig.readQueueNums:[{topic.read_queue_nums}] "
                f"consumer:[/{connection.peer}]"
            )
        return topic

    def _read(self, pull: Pull, *, may_hold: bool) -> Reply | Deferred[Reply]:
        header = pull.header
        start = self._progress.start(pull.member, header)
        if start is not None:
            return self._moved(pull, start)
        read = self._store.read_queue(
            header.topic,
            header.queue_id,
            header.queue_offset,
            header.max_msg_nums,
            header.max_msg_bytes or NO_LIMIT,
            pull.filter.tags,
            pull.filter.matches,
        )
        if isinstance(read, QueueRead):
            return self._answer(pull, may_hold, read)
        began_s = self._throughput.seconds()
        return read.addCallback(partial(self._answer_late, pull, may_hold, began_s))

    def _answer_late(
        self, pull: Pull, may_hold: bool, began_s: float, read: QueueRead
    ) -> Reply | Deferred[Reply]:
        """Answer when the disk has been read."""
        if read.count:
            header = pull.header
            self._counters.read_from_disk(
                header.topic,
                header.consumer_group,
                header.queue_id,
                read.count,
                read.size,
            )
        took_ms = int((self._throughput.seconds() - began_s) * 1000)
        return self._answer(pull, may_hold, read, took_ms)

    def _answer(
        self, pull: Pull, may_hold: bool, read: QueueRead, took_ms: int = 0
    ) -> Reply | Deferred[Reply]:
        header = pull.header
        self._throughput.read(read.count, took_ms)
        code = response_code(read.status, header.queue_offset)
        moved = code == ResponseCode.PULL_OFFSET_MOVED
        self._progress.note(
            pull.member, header, read.next_offset, moved=moved, may_commit=may_hold
        )
        if code == ResponseCode.SUCCESS:
            self._counters.pulled(
                header.topic,
                header.consumer_group,
                read.count,
                read.size,
                header.queue_id,
                took_ms,
            )
        elif (
            may_hold
            and code == ResponseCode.PULL_NOT_FOUND
            and header.sys_flag & PULL_SUSPEND
            and (held := self._hold(pull)) is not None
        ):
            return held
        return self._reply(pull, code, read, REMARKS[read.status])

    def _hold(self, pull: Pull) -> Deferred[Reply] | None:
        """Keep the pull until something arrives; None if too many are kept."""
        header, config = pull.header, self._config.value
        timeout_ms = (
            header.suspend_timeout_millis
            if config.long_polling
            else config.short_polling_ms
        )
        answered: Deferred[Reply] = Deferred()
        held = HeldPull(
            (header.topic, header.queue_id),
            header.queue_offset,
            pull.filter.tags,
            pull.connection,
            lambda: self._resume(pull, answered),
            pull.filter.matches,
        )
        return answered if self._held.hold(held, timeout_ms / 1000) else None

    def _resume(self, pull: Pull, answered: Deferred[Reply]) -> None:
        """Answer a held pull with what there is now."""
        try:
            reply = self._read(pull, may_hold=False)
        except Exception:
            answered.errback()
            return
        if isinstance(reply, Deferred):
            reply.chainDeferred(answered)
        else:
            answered.callback(reply)

    def _moved(self, pull: Pull, offset: int) -> Reply:
        """Have the client go on elsewhere: an operator, or what is known, says so."""
        header = pull.header
        least, end = self._store.queue_bounds(header.topic, header.queue_id)
        self._progress.note(pull.member, header, offset, moved=True, may_commit=False)
        read = QueueRead(ReadStatus.OFFSET_TOO_SMALL, offset, least, end)
        return self._reply(pull, ResponseCode.PULL_OFFSET_MOVED, read, OFFSET_RESET)

    def _reply(self, pull: Pull, code: int, read: QueueRead, remark: str) -> Reply:
        group = pull.group
        fields = pull_fields(
            read,
            pull.topic.topic_sys_flag,
            group.group_sys_flag,
            group.broker_id if self._config.value.slave_read else 0,
        )
        return Reply(code, fields, read.records or b"", remark)


def _forbidden(error: PullForbiddenError) -> Reply:
    """Answer with the field that says whose rule it is."""
    fields = {"forbiddenType": str(error.forbidden_type)}
    return Reply(error.code, fields, remark=str(error))
