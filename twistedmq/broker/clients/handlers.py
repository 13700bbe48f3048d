"""Heartbeats and what comes of them.

Source: ClientManageProcessor, ConsumerManageProcessor.
"""

from collections.abc import Callable
from typing import Final

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import PullConfig
from twistedmq.config.live import Live
from twistedmq.filter.expressions import Expressions, is_tag_type
from twistedmq.filter.interfaces import PropertyFilterOffError
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    CheckClientRequestBody,
    ConsumerData,
    ConsumeType,
    GetConsumerListByGroupResponseBody,
    HeartbeatData,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import (
    GetConsumerListByGroupRequestHeader,
    UnregisterClientRequestHeader,
)
from twistedmq.protocol.names import retry_topic
from twistedmq.protocol.system_flags import PERM_READ, PERM_WRITE, TOPIC_UNIT_SUB
from twistedmq.remoting.interfaces import HandlerTable, Request

SUPPORTS_V2: Final = "IS_SUPPORT_HEART_BEAT_V2"
SUBSCRIPTION_CHANGED: Final = "IS_SUB_CHANGE"


class NoConsumersError(TwistedMQError):
    """Nobody of this group is connected here."""

    def __init__(self, group: str) -> None:
        """Keep the *group*."""
        super().__init__(f"no consumer for this group, {group}")
        self.group = group


class ClientHandlers:
    """Serves heartbeats, good-byes, and the question who else is in a group.

    Args:
        clients: is told who is there.
        topics: gets the retry topic of each group that consumes.
        groups: creates groups that consume for the first time.
        expressions: the languages of subscriptions.
        config: which kinds of consumers are served.
        seconds: the clock that heartbeats are stamped by.
    """

    def __init__(
        self,
        *,
        clients: ClientManager,
        topics: TopicTable,
        groups: GroupTable,
        expressions: Expressions,
        config: Live[PullConfig],
        seconds: Callable[[], float],
    ) -> None:
        self._clients = clients
        self._topics = topics
        self._groups = groups
        self._expressions = expressions
        self._config = config
        self._seconds = seconds

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.HEART_BEAT: self.heartbeat,
            RequestCode.UNREGISTER_CLIENT: self.unregister,
            RequestCode.GET_CONSUMER_LIST_BY_GROUP: self.list_consumers,
            RequestCode.CHECK_CLIENT_CONFIG: self.check_config,
        }

    def heartbeat(self, request: Request) -> Reply:
        """Note who is alive; create what their groups need.

        Of version 2 if it carries a fingerprint: then the sender leaves its topics out
        as long as we do not ask for them by saying that they changed.
        """
        beat = loose_json.decode(request.command.body, type=HeartbeatData)
        changed = not beat.heartbeat_fingerprint
        for data in beat.consumer_data_set:
            changed |= self._consumer(beat, data, self._member(request, beat.client_id))
        for producer in beat.producer_data_set:
            member = self._member(request, beat.client_id)
            self._clients.register_producer(producer.group_name, member)
        return Reply(
            header={
                SUPPORTS_V2: "true",
                SUBSCRIPTION_CHANGED: "true" if changed else "false",
            }
        )

    def _member(self, request: Request, client_id: str) -> Member:
        command = request.command
        return Member(
            client_id,
            request.connection,
            command.language,
            command.version,
            self._seconds(),
        )

    def _consumer(
        self, beat: HeartbeatData, data: ConsumerData, member: Member
    ) -> bool:
        """Note one group of a heartbeat; whether its sender should send all again."""
        calls_itself = data.consume_type == ConsumeType.CONSUME_ACTIVELY
        if calls_itself and self._config.value.reject_pull_consumers:
            return False
        group = self._groups.get(data.group_name)
        if group is None:
            return False
        self._topics.create_if_absent(
            retry_topic(data.group_name),
            group.retry_queue_nums,
            PERM_READ | PERM_WRITE,
            TOPIC_UNIT_SUB if data.unit_mode else 0,
            ordered=self._has_ordered_topic(data),
        )
        known = self._clients.consumer_group(data.group_name)
        before = None if known is None else known.fingerprint
        self._clients.register_consumer(
            data,
            member,
            notify=group.notify_consumer_ids_changed_enable,
            without_topics=beat.without_sub and beat.heartbeat_fingerprint != 0,
        )
        known = self._clients.consumer_group(data.group_name)
        assert known is not None
        known.fingerprint = beat.heartbeat_fingerprint
        if before is None:
            # Upstream says "not changed" here and never learns the topics of a client
            # that stayed while the broker was started again.
            return beat.without_sub
        return before != beat.heartbeat_fingerprint

    def _has_ordered_topic(self, data: ConsumerData) -> bool:
        configs = (self._topics.get(each.topic) for each in data.subscription_data_set)
        return any(config is not None and config.order for config in configs)

    def unregister(self, request: Request) -> Reply:
        """Take a client out of the groups it names."""
        header: UnregisterClientRequestHeader = request.header
        if header.producer_group is not None:
            self._clients.unregister_producer(header.producer_group, request.connection)
        if header.consumer_group is not None:
            self._clients.unregister_consumer(header.consumer_group, request.connection)
        return Reply()

    def list_consumers(self, request: Request) -> Reply:
        """Give the client ids of a group, for the rebalance of its members."""
        header: GetConsumerListByGroupRequestHeader = request.header
        ids = self._clients.consumer_ids(header.consumer_group)
        if not ids:
            raise NoConsumersError(header.consumer_group)
        return Reply(
            body=loose_json.encode(
                GetConsumerListByGroupResponseBody(consumer_id_list=ids)
            )
        )

    def check_config(self, request: Request) -> Reply:
        """Say whether a subscription would be served here."""
        body = loose_json.decode(request.command.body, type=CheckClientRequestBody)
        data = body.subscription_data
        if is_tag_type(data.expression_type):
            return Reply()
        if not self._config.value.property_filter:
            raise PropertyFilterOffError(data.expression_type)
        self._expressions.compile(data.expression_type, data.sub_string)
        return Reply()
