from dataclasses import replace

from write_side import WriteSide

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.statistics.broker_figures import BrokerFigures
from twistedmq.config.live import Live
from twistedmq.config.metrics import MetricsConfig
from twistedmq.filter.expressions import Expressions
from twistedmq.protocol.bodies import ConsumerData, ConsumeType
from twistedmq.testing.connections import FakeConnection


def figures(clients: ClientManager, config: Live[MetricsConfig]) -> BrokerFigures:
    side = WriteSide()
    return BrokerFigures(side.topics, side.groups, clients, side.identity, config)


def found(clients: ClientManager, config: Live[MetricsConfig] | None = None):
    shown = figures(clients, config or Live(MetricsConfig()))
    return {
        (sample.metric.name, *sample.labels): sample.value
        for source in (shown.tables, shown.connections)
        for sample in source()
    }


def test_tables_are_counted() -> None:
    values = found(ClientManager(Expressions()))
    assert values[("rocketmq_broker_permission",)] == 6
    assert values[("rocketmq_topic_number",)] > 0
    assert values[("rocketmq_consumer_group_number",)] > 0


def test_clients_are_counted_by_what_they_are() -> None:
    clients = ClientManager(Expressions())
    for number in range(3):
        member = Member(f"c{number}", FakeConnection(), 0, 493, 0.0)
        clients.register_producer("P", member)
        clients.register_consumer(
            ConsumerData(group_name="G", consume_type=ConsumeType.CONSUME_POP),
            member,
            notify=False,
            without_topics=True,
        )
    clients.register_producer("Q", Member("p", FakeConnection(), 1, 10**9, 0.0))
    values = found(clients)
    name = "rocketmq_producer_connections"
    assert values[name, "java", "v5_4_0", "remoting"] == 3
    assert values[name, "cpp", "higher_version", "remoting"] == 1
    name = "rocketmq_consumer_connections"
    assert values[name, "G", "java", "v5_4_0", "pop", "remoting", "false"] == 3


def test_what_is_off_is_not_shown() -> None:
    config = Live(replace(MetricsConfig(), stats=False, connections=False))
    clients = ClientManager(Expressions())
    clients.register_producer("P", Member("p", FakeConnection(), 1, 10**9, 0.0))
    assert not found(clients, config)
