"""The route table: clusters, brokers, topics and queues. Knows no clock, no socket."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from twistedmq.config.live import Live
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.registrations import (
    MASTER_ID,
    BrokerKey,
    MinIdChange,
    NotRegisteredYetError,
    Registered,
    Registration,
    TooManyError,
)
from twistedmq.protocol.bodies import (
    BrokerData,
    DataVersion,
    QueueData,
    TopicConfig,
    TopicQueueMappingInfo,
)
from twistedmq.protocol.system_flags import PERM_READ, PERM_WRITE

T = TypeVar("T")


class _Told(Struct):
    """What a registered process said of itself last."""

    data_version: DataVersion
    ha_address: str
    filter_servers: list[str]


class RouteTable:
    """Which brokers there are and which queues of which topics they hold.

    ``revision`` rises with every change of what a route request would be answered.
    """

    def __init__(self, config: Live[NamesrvConfig]) -> None:
        self.revision = 0
        self.queues: dict[str, dict[str, QueueData]] = {}
        """Topic, broker name."""
        self.brokers: dict[str, BrokerData] = {}
        """Broker name."""
        self.clusters: dict[str, dict[str, None]] = {}
        """Cluster, broker names in the order of their first registration."""
        self.mappings: dict[str, dict[str, TopicQueueMappingInfo]] = {}
        """Topic, broker name."""
        self._told: dict[BrokerKey, _Told] = {}
        self._config = config

    def register(self, new: Registration) -> Registered:
        """Take over what a broker tells.

        Raises: NotRegisteredYetError, TooManyError; then nothing has changed.
        """
        broker = self.brokers.get(new.broker_name)
        addresses = broker.broker_addrs if broker else {}
        if self._has_newer(new, addresses):
            self._told.pop(new.key, None)
            return Registered(accepted=False)
        self._check(new, addresses)
        is_first = new.broker_id not in addresses
        change = self._enter(new)
        told = self._told.get(new.key)
        is_changed = told is None or told.data_version != new.data_version
        if self._speaks_for_its_name(new):
            self._take_topics(new, all_of_them=is_first or is_changed)
        self._told[new.key] = _Told(
            new.data_version, new.ha_address, new.filter_servers
        )
        answer = Registered(min_id_change=change)
        if new.broker_id != MASTER_ID:
            self._tell_master(new, answer)
        return answer

    def _has_newer(self, new: Registration, addresses: dict[int, str]) -> bool:
        """Whether another process of that name and id has a newer state."""
        known = addresses.get(new.broker_id)
        if known is None or known == new.address:
            return False
        told = self._told.get(BrokerKey(new.cluster, known))
        if told is None:
            return False
        return told.data_version.state_version > new.data_version.state_version

    def _check(self, new: Registration, addresses: dict[int, str]) -> None:
        config = self._config.value
        if new.broker_id not in addresses:
            if len(new.topics) == 1:
                raise NotRegisteredYetError(new.address)
            if len(self._told) >= config.max_brokers:
                raise TooManyError("brokers", config.max_brokers, "maxBrokers")
        room = config.max_topics - len(self.queues)
        if len(new.topics) > room and len(new.topics.keys() - self.queues) > room:
            raise TooManyError("topics", config.max_topics, "maxTopics")

    def _enter(self, new: Registration) -> MinIdChange | None:
        """Note name, address and cluster; gives the change of the smallest id."""
        self.clusters.setdefault(new.cluster, {})[new.broker_name] = None
        before = self.brokers.get(new.broker_name)
        addresses = dict(before.broker_addrs) if before else {}
        smallest = min(addresses, default=0)
        # A process that changes its role has one address and must not have two ids.
        for other, address in list(addresses.items()):
            if address == new.address and other != new.broker_id:
                del addresses[other]
        addresses[new.broker_id] = new.address
        after = BrokerData(
            broker_addrs=dict(sorted(addresses.items())),
            broker_name=new.broker_name,
            cluster=before.cluster if before else new.cluster,
            enable_acting_master=bool(new.acting_master),
            zone_name=new.zone,
        )
        if after != before:
            self.brokers[new.broker_name] = after
            self.revision += 1
        if new.broker_id >= smallest:
            return None
        return MinIdChange(after.broker_addrs, ha_address=new.ha_address)

    def _speaks_for_its_name(self, new: Registration) -> bool:
        if new.broker_id == MASTER_ID:
            return True
        return new.acting_master is not None and new.broker_id == min(
            self.brokers[new.broker_name].broker_addrs
        )

    def _take_topics(self, new: Registration, *, all_of_them: bool) -> None:
        name = new.broker_name
        if self._config.value.forget_unlisted_topics and not new.mappings:
            listed = {config.topic_name for config in new.topics.values()}
            self._remove(name, [t for t in self.topics_of(name) if t not in listed])
        mask = ~0
        if new.broker_id != MASTER_ID and new.acting_master:
            mask = ~PERM_WRITE  # who stands in for a master is read from only
        for config in new.topics.values():
            if all_of_them or name not in self.queues.get(config.topic_name, ()):
                self._put(config.topic_name, _queues(name, config, mask))
        if all_of_them:
            for topic, mapping in new.mappings.items():
                self.mappings.setdefault(topic, {})[mapping.bname] = mapping
                self.revision += 1

    def _tell_master(self, new: Registration, answer: Registered) -> None:
        master = self.brokers[new.broker_name].broker_addrs.get(MASTER_ID)
        if master is None:
            return
        told = self._told.get(BrokerKey(new.cluster, master))
        if told is not None:
            answer.master_address = master
            answer.ha_address = told.ha_address

    def _put(self, topic: str, queues: QueueData) -> None:
        brokers = self.queues.setdefault(topic, {})
        if brokers.get(queues.broker_name) != queues:
            brokers[queues.broker_name] = queues
            self.revision += 1

    def unregister(self, key: BrokerKey, broker_name: str) -> MinIdChange | None:
        """Forget a broker; gives the change of the smallest id of its name."""
        self._told.pop(key, None)
        broker = self.brokers.get(broker_name)
        if broker is None:
            return None
        before = broker.broker_addrs
        left = {one: addr for one, addr in before.items() if addr != key.address}
        if left == before:
            return None
        self.revision += 1
        if not left:
            self._forget_name(broker_name)
            return None
        self.brokers[broker_name] = replace(broker, broker_addrs=left)
        if broker.enable_acting_master and MASTER_ID not in left:
            self._set_permission(broker_name, lambda perm: perm & ~PERM_WRITE)
        if min(before) in left:
            return None
        return MinIdChange(left, offline_address=key.address)

    def _forget_name(self, broker_name: str) -> None:
        del self.brokers[broker_name]
        for cluster, names in list(self.clusters.items()):
            names.pop(broker_name, None)
            if not names:
                del self.clusters[cluster]
        self._remove(broker_name, self.topics_of(broker_name))

    def _remove(self, broker_name: str, topics: Iterable[str]) -> None:
        """Take one broker's queues off some topics."""
        for topic in topics:
            self.revision += 1
            _take_off(self.queues, topic, broker_name)
            _take_off(self.mappings, topic, broker_name)

    def topics_of(self, broker_name: str) -> list[str]:
        """Give the topics that have queues on one broker."""
        return [t for t, brokers in self.queues.items() if broker_name in brokers]

    def register_topic(self, topic: str, queues: list[QueueData]) -> bool:
        """Add queues of one topic; False if a broker of them is unknown."""
        if any(one.broker_name not in self.brokers for one in queues):
            return False
        limit = self._config.value.max_topics
        if topic not in self.queues and len(self.queues) >= limit:
            raise TooManyError("topics", limit, "maxTopics")
        for one in queues:
            self._put(topic, one)
        return True

    def delete_topic(self, topic: str, cluster: str | None = None) -> None:
        """Forget a topic, wholly or on the brokers of one cluster."""
        names = self.clusters.get(cluster, {}) if cluster else None
        for name in list(self.queues.get(topic, ())):
            if names is None or name in names:
                self._remove(name, [topic])

    def wipe_write_permission(self, broker_name: str) -> int:
        """Take the write bit off all queues of a broker; gives their topics' number."""
        return self._set_permission(broker_name, lambda perm: perm & ~PERM_WRITE)

    def add_write_permission(self, broker_name: str) -> int:
        """Let all queues of a broker be read and written again."""
        return self._set_permission(broker_name, lambda _: PERM_READ | PERM_WRITE)

    def _set_permission(self, broker_name: str, change: Callable[[int], int]) -> int:
        topics = self.topics_of(broker_name)
        for topic in topics:
            queues = self.queues[topic][broker_name]
            self._put(topic, replace(queues, perm=change(queues.perm)))
        return len(topics)

    def data_version(self, key: BrokerKey) -> DataVersion | None:
        """Give the version of the topics that a broker has told last."""
        told = self._told.get(key)
        return told.data_version if told else None

    def filter_servers(self, broker: BrokerData) -> dict[str, list[str]]:
        """Give the filter servers by broker address (old versions have some)."""
        found = {}
        for address in broker.broker_addrs.values():
            told = self._told.get(BrokerKey(broker.cluster, address))
            if told and told.filter_servers:
                found[address] = told.filter_servers
        return found

    def name_of(self, key: BrokerKey) -> str | None:
        """Find the name of the broker with that address."""
        for name in self.clusters.get(key.cluster, ()):
            if key.address in self.brokers[name].broker_addrs.values():
                return name
        return None


def _queues(broker_name: str, config: TopicConfig, mask: int) -> QueueData:
    return QueueData(
        broker_name=broker_name,
        perm=config.perm & mask,
        read_queue_nums=config.read_queue_nums,
        topic_sys_flag=config.topic_sys_flag,
        write_queue_nums=config.write_queue_nums,
    )


def _take_off(table: dict[str, dict[str, T]], topic: str, broker_name: str) -> None:
    brokers = table.get(topic)
    if brokers is not None:
        brokers.pop(broker_name, None)
        if not brokers:
            del table[topic]
