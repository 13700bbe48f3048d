"""A cluster whose brokers have something to do."""

from typing import Any

from admin_kit import AdminCluster, told

from twistedmq.protocol.bodies.groups import (
    ConsumeStats,
    ConsumeStatsList,
    OffsetWrapper,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.bodies.topics import (
    TopicConfig,
    TopicConfigSerializeWrapper,
    TopicOffset,
    TopicStatsTable,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command

FIGURES = {
    "brokerActive": "true",
    "brokerVersionDesc": "V5_4_0",
    "commitLogDiskRatio": "0.4",
    "commitLogMinOffset": "1024",
    "commitLogMaxOffset": "4096",
    "putTps": "1.5 2.5 3.5",
    "getTransferredTps": "0.5 0.5 0.5",
}


class BusyCluster(AdminCluster):
    """Topic orders is consumed by billing and audit, topic quiet by nobody.

    Attributes:
        put: messages stored so far on each broker, by topic.
        consumed: messages consumed so far of orders on each broker, by group.
        retried: how many each broker has in billing's retry topic, none consumed.
        figures: what brokers say besides, by address; of all under "".
    """

    def __init__(self, brokers: int = 1) -> None:
        super().__init__(brokers)
        self.put = {"orders": 100, "quiet": 7, "broker-0": 9, "rmq_sys_X": 5}
        self.consumed = {"billing": 60, "audit": 100, "TOOLS_CONSUMER": 3}
        self.retried = 4
        self.figures: dict[str, dict[str, str]] = {"": dict(FIGURES)}
        self.answers |= {
            RequestCode.GET_BROKER_RUNTIME_INFO: self._runtime,
            RequestCode.GET_BROKER_CONSUME_STATS: self._progress,
            RequestCode.GET_ALL_TOPIC_CONFIG: self._topics,
            RequestCode.GET_TOPIC_STATS_INFO: self._ends,
        }

    def _runtime(self, address: str, header: Any, body: bytes) -> Command:
        totals = {
            "msgPutTotalTodayNow": f"{sum(self.put.values())}",
            "msgGetTotalTodayNow": f"{sum(self.consumed.values())}",
            "putMessageSizeTotal": f"{1024 * sum(self.put.values())}",
        }
        own = self.figures.get(address, {})
        return told(KVTable(table=totals | self.figures[""] | own))

    def _progress(self, address: str, header: Any, body: bytes) -> Command:
        name = self._name(address)
        stats = {
            group: [
                ConsumeStats(
                    offset_table={
                        MessageQueue("orders", name, 0): OffsetWrapper(
                            broker_offset=self.put["orders"], consumer_offset=consumed
                        )
                    }
                )
            ]
            for group, consumed in self.consumed.items()
        }
        retry = MessageQueue("%RETRY%billing", name, 0)
        again = OffsetWrapper(broker_offset=self.retried, consumer_offset=0)
        stats["billing"].append(ConsumeStats(offset_table={retry: again}))
        found = [{group: each} for group, each in stats.items()]
        return told(ConsumeStatsList(consume_stats_list=found))

    def _topics(self, address: str, header: Any, body: bytes) -> Command:
        table = {topic: TopicConfig(topic_name=topic) for topic in self.put}
        return told(TopicConfigSerializeWrapper(topic_config_table=table))

    def _ends(self, address: str, header: Any, body: bytes) -> Command:
        queue = MessageQueue(header.topic, self._name(address), 0)
        end = TopicOffset(max_offset=self.put[header.topic])
        return told(TopicStatsTable(offset_table={queue: end}))
