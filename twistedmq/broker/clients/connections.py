"""Who is connected, for people who ask. Source: AdminBrokerProcessor."""

from collections.abc import Callable

from msgspec.structs import asdict

from twistedmq.broker.clients.consumer_group import ConsumerGroup, Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    Connection,
    ConsumerConnection,
    ProducerConnection,
    ProducerInfo,
    ProducerTableInfo,
)
from twistedmq.protocol.bodies.watched import (
    SubscriptionOpinion,
    WatchedConsumerConnection,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers import (
    GetConsumerConnectionListRequestHeader,
    GetProducerConnectionListRequestHeader,
)
from twistedmq.remoting.interfaces import HandlerTable, Request


class ConsumerOfflineError(TwistedMQError):
    """Nobody of a consumer group is connected here."""

    code = ResponseCode.CONSUMER_NOT_ONLINE

    def __init__(self, group: str) -> None:
        """Keep the *group*."""
        super().__init__(f"the consumer group[{group}] not online")
        self.group = group


class ConnectionHandlers:
    """Lists connections of groups.

    Args:
        clients: who is there.
        locks: who holds which queue.
        seconds: the clock that heartbeats are stamped by.
        wall_ms: the clock that people read.
    """

    def __init__(
        self,
        clients: ClientManager,
        locks: QueueLocks,
        seconds: Callable[[], float],
        wall_ms: Callable[[], int],
    ) -> None:
        self._clients = clients
        self._locks = locks
        self._seconds = seconds
        self._wall_ms = wall_ms

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.GET_CONSUMER_CONNECTION_LIST: self.consumers,
            RequestCode.GET_PRODUCER_CONNECTION_LIST: self.producers,
            RequestCode.GET_ALL_PRODUCER_INFO: self.all_producers,
        }

    def consumers(self, request: Request) -> Reply:
        """Give the connections and subscriptions of a consumer group.

        Where its members differ, or hold locks, the body says that as well.
        """
        header: GetConsumerConnectionListRequestHeader = request.header
        group = self._clients.consumer_group(header.consumer_group)
        if group is None:
            raise ConsumerOfflineError(header.consumer_group)
        body = ConsumerConnection(
            connection_set=[_connection(each) for each in group.members.values()],
            subscription_table={t: s.data for t, s in group.subscriptions.items()},
            consume_type=group.consume_type,
            message_model=group.message_model,
            consume_from_where=group.consume_from_where,
        )
        return Reply(body=loose_json.encode(self._watched(body, group)))

    def _watched(
        self, body: ConsumerConnection, group: ConsumerGroup
    ) -> ConsumerConnection:
        locked, opinions = self._locks.holders(group.name), group.opinions()
        if not locked and not opinions:
            return body
        return WatchedConsumerConnection(
            **asdict(body),
            locked_queues=locked,
            subscription_differences=[
                SubscriptionOpinion(
                    topic=each.topic,
                    expression=each.expression,
                    expression_type=each.expression_type,
                    client_ids=list(each.client_ids),
                )
                for each in opinions
            ],
        )

    def producers(self, request: Request) -> Reply:
        """Give the connections of a producer group."""
        header: GetProducerConnectionListRequestHeader = request.header
        members = self._clients.producers(header.producer_group)
        if not members:
            raise TwistedMQError(
                f"the producer group[{header.producer_group}] not exist"
            )
        body = ProducerConnection(connection_set=[_connection(m) for m in members])
        return Reply(body=loose_json.encode(body))

    def all_producers(self, _request: Request) -> Reply:
        """Give all producers by group."""
        now_s, now_ms = self._seconds(), self._wall_ms()

        def info(member: Member) -> ProducerInfo:
            return ProducerInfo(
                client_id=member.client_id,
                remote_ip=f"/{member.connection.peer}",
                language=member.language_name,
                version=member.version,
                last_update_timestamp=now_ms - round((now_s - member.seen_s) * 1000),
            )

        groups = self._clients.producer_groups()
        data = {g: [info(m) for m in each.values()] for g, each in groups.items()}
        return Reply(body=loose_json.encode(ProducerTableInfo(data=data)))


def _connection(member: Member) -> Connection:
    return Connection(
        client_id=member.client_id,
        client_addr=member.connection.peer,
        language=member.language_name,
        version=member.version,
    )
