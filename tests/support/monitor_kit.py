"""A cluster with one group to be watched."""

from typing import Any

from admin_kit import AdminCluster, told
from client_kit import WALL_MS

from twistedmq.protocol.bodies.clients import Connection, ConsumerConnection
from twistedmq.protocol.bodies.groups import ConsumeStats, OffsetWrapper
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import ConsumerRunningInfo, ProcessQueueInfo
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.names import OFFSET_MOVED_TOPIC

FIRST, SECOND = (MessageQueue("orders", "broker-0", n) for n in range(2))


class WatchedCluster(AdminCluster):
    """Group billing has member c1, three messages left in queue 0 and one in queue 1.

    Attributes:
        infos: what members say, by client id.
    """

    def __init__(self) -> None:
        super().__init__()
        self.create("orders", queues=2)
        self.create("%RETRY%billing", queues=1)
        self.create(OFFSET_MOVED_TOPIC, queues=1)
        self.put("orders", *"abcde")
        self.put("orders", *"xy", queue_id=1)
        self.infos = {"c1": info()}
        self.answers |= {
            RequestCode.GET_CONSUME_STATS: self._stats,
            RequestCode.GET_CONSUMER_CONNECTION_LIST: self._online,
            RequestCode.GET_CONSUMER_RUNNING_INFO: self._running,
        }

    def _stats(self, address: str, header: Any, body: bytes) -> Command:
        if header.consumer_group != "billing":
            return told(ConsumeStats())
        old_ms = WALL_MS - 5000
        left = OffsetWrapper(broker_offset=5, consumer_offset=2, last_timestamp=old_ms)
        table = {
            FIRST: left,
            SECOND: OffsetWrapper(broker_offset=2, consumer_offset=1),
            MessageQueue("%RETRY%billing", "broker-0", 0): OffsetWrapper(),
        }
        return told(ConsumeStats(offset_table=table))

    def _online(self, address: str, header: Any, body: bytes) -> Command:
        if header.consumer_group != "billing" or not self.infos:
            return Command(code=ResponseCode.CONSUMER_NOT_ONLINE, remark="nobody")
        members = [Connection(client_id=each) for each in self.infos]
        return told(ConsumerConnection(connection_set=members))

    def _running(self, address: str, header: Any, body: bytes) -> Command:
        return told(self.infos[header.client_id])


def info(**more: Any) -> ConsumerRunningInfo:
    """Give what a healthy member says, or another."""
    properties = {"PROP_CONSUME_TYPE": "CONSUME_PASSIVELY"}
    return ConsumerRunningInfo(properties=properties, **more)


def hanging() -> ConsumerRunningInfo:
    """Give what a member says that has consumed nothing for two minutes."""
    stuck = ProcessQueueInfo(
        cached_msg_count=7, last_consume_timestamp=WALL_MS - 120_000
    )
    return info(mq_table={FIRST: stuck})
