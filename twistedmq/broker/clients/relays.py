"""Requests that only a client can answer: the broker asks it and hands the answer on.

Source: AdminBrokerProcessor.callConsumer, Broker2Client.
"""

from typing import Final

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.settling import settle
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import GetConsumerStatusBody, MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Command, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import (
    ConsumeMessageDirectlyResultRequestHeader,
    GetConsumerRunningInfoRequestHeader,
    GetConsumerStatusRequestHeader,
)
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.remoting.errors import RequestTimeoutError
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore

ASK_TIMEOUT_S: Final = 10.0
STATUS_TIMEOUT_S: Final = 5.0


class RelayHandlers:
    """Asks consumers on behalf of admin tools.

    Args:
        clients: who is there.
        topics: flags of topics, which go along.
        groups: flags of groups, which go along.
        store: the message that a consumer should consume.
        identity: this broker's name, which goes along.
    """

    def __init__(
        self,
        *,
        clients: ClientManager,
        topics: TopicTable,
        groups: GroupTable,
        store: IMessageStore,
        identity: Live[BrokerIdentity],
    ) -> None:
        self._clients = clients
        self._topics = topics
        self._groups = groups
        self._store = store
        self._identity = identity

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.GET_CONSUMER_RUNNING_INFO: self.running_info,
            RequestCode.CONSUME_MESSAGE_DIRECTLY: self.consume_directly,
            RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS: self.consumer_status,
        }

    def running_info(self, request: Request) -> Deferred[Reply]:
        """Ask one consumer for its inner state."""
        header: GetConsumerRunningInfoRequestHeader = request.header
        member = self._member(header.consumer_group, header.client_id)
        return self._ask(
            member,
            header.consumer_group,
            RequestCode.GET_CONSUMER_RUNNING_INFO,
            header,
            request.command.body,
        )

    def consume_directly(self, request: Request) -> Deferred[Reply]:
        """Have one consumer consume one message now."""
        header: ConsumeMessageDirectlyResultRequestHeader = request.header
        group = header.consumer_group
        member = self._member(group, header.client_id or "")
        header.broker_name = self._identity.value.broker_name
        topic = self._topics.get(header.topic or "")
        if topic is not None:
            header.topic_sys_flag = topic.topic_sys_flag
        config = self._groups.peek(group)
        if config is not None:
            header.group_sys_flag = config.group_sys_flag
        _, physical_offset = parse_offset_id(header.msg_id or "")
        return Deferred.fromCoroutine(self._consume(member, header, physical_offset))

    async def _consume(
        self,
        member: Member,
        header: ConsumeMessageDirectlyResultRequestHeader,
        physical_offset: int,
    ) -> Reply:
        record = await settle(self._store.record_at(physical_offset))
        if record is None:
            raise TwistedMQError(
                f"can not find message by the offset, {physical_offset}"
            )
        code = RequestCode.CONSUME_MESSAGE_DIRECTLY
        return await self._ask(member, header.consumer_group, code, header, record)

    def consumer_status(self, request: Request) -> Deferred[Reply]:
        """Ask the consumers of a group, or one of them, how far they are."""
        header: GetConsumerStatusRequestHeader = request.header
        group = self._clients.consumer_group(header.group)
        if group is None:
            raise TwistedMQError(
                f"No Any Consumer online in the consumer group: [{header.group}]"
            )
        wanted = (header.client_addr or "").strip()
        members = [
            member
            for member in group.members.values()
            if not wanted or member.client_id == wanted
        ]
        question = GetConsumerStatusRequestHeader(
            topic=header.topic, group=header.group
        )
        answers = [
            member.connection.request(
                RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT,
                question,
                b"",
                STATUS_TIMEOUT_S,
            ).addCallback(_offsets_of)
            for member in members
        ]

        def collect(
            results: list[tuple[bool, dict[MessageQueue, int]]],
        ) -> Reply:
            table = {
                member.client_id: offsets
                for member, (succeeded, offsets) in zip(members, results, strict=True)
                if succeeded
            }
            body = GetConsumerStatusBody(consumer_table=table)
            return Reply(body=loose_json.encode(body))

        return DeferredList(answers, consumeErrors=True).addCallback(collect)

    def _member(self, group: str, client_id: str) -> Member:
        member = self._clients.find_consumer(group, client_id)
        if member is None:
            raise TwistedMQError(f"The Consumer <{group}> <{client_id}> not online")
        return member

    def _ask(
        self, member: Member, group: str, code: int, header: Header, body: Buffer
    ) -> Deferred[Reply]:
        answer = member.connection.request(code, header, bytes(body), ASK_TIMEOUT_S)
        return answer.addCallbacks(_hand_on, _explain, errbackArgs=(member, group))


def _hand_on(answer: Command) -> Reply:
    return Reply(answer.code, answer.fields or None, answer.body, answer.remark)


def _explain(failure: Failure, member: Member, group: str) -> Reply:
    """Say why a client did not answer."""
    failure.trap(TwistedMQError)
    who = f"consumer <{group}> <{member.client_id}>"
    if failure.check(RequestTimeoutError):
        return Reply(
            ResponseCode.CONSUME_MSG_TIMEOUT,
            remark=f"{who} Timeout: {failure.getErrorMessage()}",
        )
    return Reply(
        ResponseCode.SYSTEM_ERROR,
        remark=f"invoke {who} Exception: {failure.getErrorMessage()}",
    )


def _offsets_of(answer: Command) -> dict[MessageQueue, int]:
    if not answer.body:
        return {}
    body = loose_json.decode(answer.body, type=GetConsumerStatusBody)
    return body.message_queue_table
