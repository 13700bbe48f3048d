"""A cluster of one broker whose answers about groups are those of our handlers."""

from typing import Any

from client_kit import FakeCluster
from read_side import BROKER, ReadSide, refusal
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from twistedmq.broker.groups.handlers import GroupHandlers
from twistedmq.broker.locks.handlers import LockHandlers
from twistedmq.config.broker import TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol import properties
from twistedmq.protocol.addresses import pack, parse_address
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.routes import QueueData
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.message_id import offset_id
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection, make_request

ADDRESS = "127.0.0.1:10911"
"""What stored messages have as the address of their broker."""


class BrokerCluster(FakeCluster):
    """``side`` is the broker: what it is told is what clients see."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.side = ReadSide()
        groups = GroupHandlers(self.side.groups, Live(TopicDefaults()), lambda: None)
        self.side.handlers.update(groups.table())
        self.addresses = {BROKER: ADDRESS}

    def request(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[Command]:
        if code == RequestCode.GET_ROUTEINFO_BY_TOPIC:
            self._learn(header.topic)
        served = code in self.side.handlers and code not in self.refuse
        if address not in self.addresses.values() or not served:
            return super().request(address, code, header, body)
        self.requests.append((address, code, header))
        request = make_request(code, header, body)
        reply = maybeDeferred(self.side.handlers[code], request)
        reply.addErrback(lambda failure: refusal(failure.value))
        return reply.addCallback(_as_command)

    def _send(self, address: str, header: Any, body: bytes) -> Command:
        told = Told(
            topic=header.topic,
            queue_id=header.queue_id,
            body=body,
            sys_flag=header.sys_flag,
            more=properties.parse(header.properties or ""),
        )
        [offset] = self.side.append(told)
        end = self.side.store.queue_bounds(header.topic, header.queue_id)[1]
        fields = {
            "msgId": offset_id(pack(*parse_address(ADDRESS)), offset),
            "queueId": str(header.queue_id),
            "queueOffset": str(end - 1),
        }
        return Command(code=0, fields=fields)

    _SERVED = {**FakeCluster._SERVED, RequestCode.SEND_MESSAGE_V2: _send}  # noqa: RUF012

    def _learn(self, topic: str) -> None:
        """Have the name server know what the broker has of *topic*."""
        config = self.side.topics.get(topic)
        if config is not None:
            self.topics[topic] = {
                BROKER: QueueData(
                    broker_name=BROKER,
                    perm=config.perm,
                    read_queue_nums=config.read_queue_nums,
                    write_queue_nums=config.write_queue_nums,
                )
            }

    def member(
        self, group: str, topics: dict[str, str], client_id: str = "c1", **more: Any
    ) -> FakeConnection:
        """Have a consumer join; what it is asked is in its ``requests``."""
        connection = FakeConnection()
        topics = {**topics, f"%RETRY%{group}": "*"}
        self.side.heartbeat(group, topics, connection, client_id, **more)
        return connection


def _as_command(reply: Reply) -> Command:
    body = reply.body
    return Command(
        code=reply.code,
        fields=encode_fields(reply.header),
        body=b"".join(body) if isinstance(body, list) else bytes(body),
        remark=reply.remark,
    )


def cluster_with_orders() -> BrokerCluster:
    """Topic orders: three messages in queue 0, and a second later two more there and
    one in queue 1.
    """
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("orders", queues=2)
    side.append(*[Told(topic="orders")] * 3)
    side.now_ms += 1000
    side.append(*[Told(topic="orders")] * 2, Told(topic="orders", queue_id=1))
    return cluster


def cluster_with_locks() -> BrokerCluster:
    """Of topic orders, group billing: queue 0 is held by "gone", who is; queue 1 by
    "c1".
    """
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("orders", queues=2)
    side.handlers.update(LockHandlers(side.locks).table())
    side.heartbeat("billing", {"orders": "*"})
    for queue_id, client in enumerate(("gone", "c1")):
        queue = MessageQueue("orders", BROKER, queue_id)
        side.locks.lock("billing", [queue], client)
    return cluster
