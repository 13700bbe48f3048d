"""What a route request is answered, out of the route table."""

from msgspec.structs import replace

from twistedmq.namesrv.registrations import MASTER_ID
from twistedmq.namesrv.routes import RouteTable
from twistedmq.protocol.bodies import BrokerData, QueueData, TopicRouteData
from twistedmq.protocol.names import SYNC_MEMBER_GROUP_PREFIX
from twistedmq.protocol.system_flags import PERM_WRITE


def pick_route(
    table: RouteTable, topic: str, *, acting_master: bool
) -> TopicRouteData | None:
    """Give the queues of *topic* and their brokers, None if there are none.

    With *acting_master*, a slave that stands in for a master has the master's id.
    """
    queues = table.queues.get(topic)
    if not queues:
        return None
    brokers = [table.brokers[name] for name in queues if name in table.brokers]
    if not brokers:
        return None
    filter_servers: dict[str, list[str]] = {}
    for broker in brokers:
        filter_servers |= table.filter_servers(broker)
    if acting_master and not topic.startswith(SYNC_MEMBER_GROUP_PREFIX):
        brokers = [_with_stand_in(one, queues[one.broker_name]) for one in brokers]
    return TopicRouteData(
        broker_datas=brokers,
        filter_server_table=filter_servers,
        queue_datas=list(queues.values()),
        topic_queue_mapping_by_broker=table.mappings.get(topic),
    )


def _with_stand_in(broker: BrokerData, queues: QueueData) -> BrokerData:
    """Give the smallest slave the master's id where the master is gone."""
    addresses = broker.broker_addrs
    if (
        not addresses
        or MASTER_ID in addresses
        or not broker.enable_acting_master
        or queues.perm & PERM_WRITE
    ):
        return broker
    smallest = min(addresses)
    others = {one: addr for one, addr in addresses.items() if one != smallest}
    return replace(broker, broker_addrs={MASTER_ID: addresses[smallest], **others})


def in_zone(route: TopicRouteData, zone: str) -> TopicRouteData:
    """Give only the brokers of one zone, and those whose master is gone."""
    kept = [
        broker
        for broker in route.broker_datas
        if MASTER_ID not in broker.broker_addrs
        or (broker.zone_name or "").lower() == zone.lower()
    ]
    names = {broker.broker_name for broker in kept}
    all_names = {broker.broker_name for broker in route.broker_datas}
    removed = {
        address
        for broker in route.broker_datas
        if broker.broker_name not in names
        for address in broker.broker_addrs.values()
    }
    return replace(
        route,
        broker_datas=kept,
        queue_datas=[
            queues
            for queues in route.queue_datas
            if queues.broker_name in names or queues.broker_name not in all_names
        ],
        filter_server_table={
            address: servers
            for address, servers in route.filter_server_table.items()
            if address not in removed
        },
    )
