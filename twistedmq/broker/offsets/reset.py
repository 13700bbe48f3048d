"""An operator moves a group: INVOKE_BROKER_TO_RESET_OFFSET.

Where offsets are reset on the broker (the default), the next pull of each queue is told
where to go on. Else the clients are told, as brokers before 5.0 did it.
Source: AdminBrokerProcessor.resetOffset, Broker2Client.resetOffset.
"""

from twisted.internet.defer import Deferred

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.offsets.table import NOT_FOUND, OffsetTable
from twistedmq.broker.pull.held import HeldPulls
from twistedmq.broker.settling import settle
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity, OffsetConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    MessageQueue,
    MessageQueueForC,
    ResetOffsetBody,
    ResetOffsetBodyForC,
    TopicConfig,
)
from twistedmq.protocol.codes import LanguageCode, RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import ResetOffsetRequestHeader
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore


class ResetHandlers:
    """Serves resets.

    Args:
        store: finds offsets by time.
        offsets: where resets are kept.
        topics: which queues there are.
        groups: which groups there are.
        clients: who is told where resets are not kept here.
        held: pulls that wait are answered at once.
        identity: this broker's name.
        config: whether resets are kept here.
    """

    def __init__(
        self,
        *,
        store: IMessageStore,
        offsets: OffsetTable,
        topics: TopicTable,
        groups: GroupTable,
        clients: ClientManager,
        held: HeldPulls,
        identity: Live[BrokerIdentity],
        config: Live[OffsetConfig],
    ) -> None:
        self._store = store
        self._offsets = offsets
        self._topics = topics
        self._groups = groups
        self._clients = clients
        self._held = held
        self._identity = identity
        self._config = config

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.INVOKE_BROKER_TO_RESET_OFFSET: self.reset}

    def reset(self, request: Request) -> Deferred[Reply]:
        """Move a group to an offset or a time, in one queue or in all of a topic."""
        header: ResetOffsetRequestHeader = request.header
        if self._config.value.server_side_reset:
            return Deferred.fromCoroutine(self._reset_here(header))
        for_c = request.command.language == LanguageCode.CPP
        return Deferred.fromCoroutine(self._reset_in_clients(header, for_c))

    async def _reset_here(self, header: ResetOffsetRequestHeader) -> Reply:
        topic, group = header.topic, header.group
        config = self._topics.get(topic)
        if config is None:
            return _refused(
                ResponseCode.TOPIC_NOT_EXIST, f"Topic {topic} does not exist"
            )
        if group not in self._groups:
            return _refused(
                ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
                f"Group {group} does not exist",
            )
        targets = await self._targets(header, config)
        for queue_id, offset in targets.items():
            self._offsets.reset(group, topic, queue_id, offset)
            self._held.wake(topic, queue_id)
        table = {self._queue(topic, q): offset for q, offset in targets.items()}
        return Reply(body=loose_json.encode(ResetOffsetBody(offset_table=table)))

    async def _targets(
        self, header: ResetOffsetRequestHeader, config: TopicConfig
    ) -> dict[int, int]:
        """Give the wanted offset of each queue that is to be reset."""
        if header.queue_id < 0:
            queues = range(config.read_queue_nums)
            return {q: await self._at_time(header, q) for q in queues}
        offset = header.offset
        if offset is None or offset == NOT_FOUND:
            return {header.queue_id: await self._at_time(header, header.queue_id)}
        least, end = self._store.queue_bounds(header.topic, header.queue_id)
        if not least <= offset <= end + 1:
            raise TwistedMQError(
                f"Target offset {offset} not in consume queue range [{least}-{end}]"
            )
        return {header.queue_id: offset}

    async def _at_time(self, header: ResetOffsetRequestHeader, queue_id: int) -> int:
        """Give the offset for the wanted time; a negative time means the end."""
        if header.timestamp < 0:
            return self._store.queue_bounds(header.topic, queue_id)[1]
        found = self._store.offset_by_time(
            header.topic, queue_id, header.timestamp, False
        )
        return max(0, await settle(found))

    async def _reset_in_clients(
        self, header: ResetOffsetRequestHeader, for_c: bool
    ) -> Reply:
        topic, group = header.topic, header.group
        config = self._topics.get(topic)
        if config is None:
            return _refused(
                ResponseCode.TOPIC_NOT_EXIST,
                f"[reset-offset] reset offset failed, no topic in this broker. "
                f"topic={topic}",
            )
        table: dict[MessageQueue, int] = {}
        for queue_id in range(config.write_queue_nums):
            current = self._offsets.query(group, topic, queue_id)
            if current == NOT_FOUND:
                raise TwistedMQError(f"THe consumer group <{group}> not exist")
            wanted = await self._at_time(header, queue_id)
            if not header.is_force:
                wanted = min(wanted, current)
            table[self._queue(topic, queue_id)] = wanted
        known = self._clients.consumer_group(group)
        if known is None:
            return _refused(
                ResponseCode.CONSUMER_NOT_ONLINE,
                f"Consumer not online, so can not reset offset, Group: {group} "
                f"Topic: {topic} Timestamp: {header.timestamp}",
            )
        told = ResetOffsetRequestHeader(
            topic=topic, group=group, timestamp=header.timestamp
        )
        body = loose_json.encode(ResetOffsetBody(offset_table=table))
        sent = _body_for_c(table) if for_c else body
        for connection in list(known.members):
            code = RequestCode.RESET_CONSUMER_CLIENT_OFFSET
            connection.send_one_way(code, told, sent)
        return Reply(body=body)

    def _queue(self, topic: str, queue_id: int) -> MessageQueue:
        return MessageQueue(topic, self._identity.value.broker_name, queue_id)


def _body_for_c(table: dict[MessageQueue, int]) -> bytes:
    """Write offsets as clients in C++ read them."""
    queues = [
        MessageQueueForC(
            topic=queue.topic,
            broker_name=queue.broker_name,
            queue_id=queue.queue_id,
            offset=offset,
        )
        for queue, offset in table.items()
    ]
    return loose_json.encode(ResetOffsetBodyForC(offset_table=queues))


def _refused(code: int, remark: str) -> Reply:
    return Reply(code, remark=remark)
