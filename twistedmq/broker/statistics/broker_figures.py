"""Figures of the broker as a whole and of who is connected. Source:
BrokerMetricsManager.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.metrics.samples import Sample, gauge
from twistedmq.protocol.bodies import ConsumeType
from twistedmq.protocol.names import is_system_group
from twistedmq.protocol.versions import version_name

PERMISSION: Final = gauge("rocketmq_broker_permission", "Broker permission")
TOPICS: Final = gauge("rocketmq_topic_number", "Active topic number")
GROUPS: Final = gauge(
    "rocketmq_consumer_group_number", "Active subscription group number"
)
PRODUCERS: Final = gauge(
    "rocketmq_producer_connections",
    "Producer connections",
    "language",
    "version",
    "protocol_type",
)
CONSUMERS: Final = gauge(
    "rocketmq_consumer_connections",
    "Consumer connections",
    "consumer_group",
    "language",
    "version",
    "consume_mode",
    "protocol_type",
    "is_system",
)

_MODES: Final = {
    ConsumeType.CONSUME_ACTIVELY: "pull",
    ConsumeType.CONSUME_PASSIVELY: "push",
    ConsumeType.CONSUME_POP: "pop",
}
_PROTOCOL: Final = "remoting"


class BrokerFigures:
    """Gives figures of tables and clients.

    Args:
        topics: counted.
        groups: counted.
        clients: who is connected.
        identity: the broker's permission.
        config: what is shown.
    """

    def __init__(
        self,
        topics: TopicTable,
        groups: GroupTable,
        clients: ClientManager,
        identity: Live[BrokerIdentity],
        config: Live[MetricsConfig],
    ) -> None:
        self._topics = topics
        self._groups = groups
        self._clients = clients
        self._identity = identity
        self._config = config

    def tables(self) -> Iterator[Sample]:
        """Give how much there is."""
        if self._config.value.stats:
            yield PERMISSION.of(self._identity.value.permission)
            yield TOPICS.of(len(self._topics))
            yield GROUPS.of(len(self._groups))

    def connections(self) -> Iterator[Sample]:
        """Give how many clients of each kind there are."""
        if not self._config.value.connections:
            return
        producers = Counter(
            (member.language_name.lower(), version_name(member.version).lower())
            for members in self._clients.producer_groups().values()
            for member in members.values()
        )
        for (language, version), number in producers.items():
            yield PRODUCERS.of(number, language, version, _PROTOCOL)
        for name, group in self._clients.consumer_groups().items():
            consumers = Counter(
                (member.language_name.lower(), version_name(member.version).lower())
                for member in group.members.values()
            )
            mode, system = _MODES[group.consume_type], truth(is_system_group(name))
            for (language, version), number in consumers.items():
                yield CONSUMERS.of(
                    number, name, language, version, mode, _PROTOCOL, system
                )


def truth(value: object) -> str:
    """Give a label's text for what is so or not."""
    return "true" if value else "false"
