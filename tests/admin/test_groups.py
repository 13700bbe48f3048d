import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.groups import Groups
from twistedmq.client.errors import NoNameServerError, RefusedError
from twistedmq.protocol.bodies import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def cluster() -> BrokerCluster:
    return BrokerCluster()


@pytest.fixture
def groups(cluster: BrokerCluster) -> Groups:
    return result_of(Admin(settings=cluster.settings()).start()).groups


def test_those_of_the_system_are_left_out(
    cluster: BrokerCluster, groups: Groups
) -> None:
    cluster.side.heartbeat("billing")
    assert result_of(groups.names()) == ["billing"]
    assert "TOOLS_CONSUMER" in result_of(groups.names(system=True))


def test_a_group_with_nobody_there(groups: Groups) -> None:
    state = result_of(groups.state("nobody"))
    assert (state.name, state.members, state.lag) == ("nobody", (), {})


def test_members_subscriptions_and_lag(cluster: BrokerCluster, groups: Groups) -> None:
    side = cluster.side
    side.topic("orders", queues=2)
    side.append(*[Told(topic="orders")] * 5, *[Told(topic="orders", queue_id=1)] * 2)
    side.heartbeat("billing", {"orders": "new", "%RETRY%billing": "*"})
    side.offsets.commit("billing", "orders", 0, 3)
    side.offsets.commit("billing", "orders", 1, 2)
    state = result_of(groups.state("billing"))
    [member] = state.members
    assert (member.client_id, member.brokers) == ("c1", (BROKER,))
    assert state.subscriptions == {"orders": "new"}
    assert state.lag == {"orders": 2}
    assert state.whole_lag == 2
    assert (state.model, state.consumes) == ("CLUSTERING", "CONSUME_PASSIVELY")
    assert state.differences == ()
    assert state.locked == {}


def test_differences_and_locks(cluster: BrokerCluster, groups: Groups) -> None:
    side, queue = cluster.side, MessageQueue("orders", BROKER, 0)
    for client, text in (("c1", "new"), ("c2", "new || paid"), ("c3", "new")):
        side.heartbeat("billing", {"orders": text}, FakeConnection(), client)
    side.locks.lock("billing", [queue], "c2")
    state = result_of(groups.state("billing"))
    assert [(o.topic, o.expression, o.client_ids) for o in state.differences] == [
        ("orders", "new", ["c1", "c3"]),
        ("orders", "new || paid", ["c2"]),
    ]
    assert state.locked == {"c2": [queue]}


def test_a_group_that_broadcasts(cluster: BrokerCluster, groups: Groups) -> None:
    cluster.side.heartbeat("billing", model=MessageModel.BROADCASTING)
    assert result_of(groups.state("billing")).model == "BROADCASTING"


def test_other_refusals_are_told(cluster: BrokerCluster, groups: Groups) -> None:
    cluster.refuse[RequestCode.GET_CONSUMER_CONNECTION_LIST] = (1, "no")
    with pytest.raises(RefusedError, match="no"):
        result_of(groups.state("billing"))
    cluster.refuse = {RequestCode.GET_BROKER_CLUSTER_INFO: (1, "never")}
    with pytest.raises(RefusedError, match="never"):
        result_of(groups.names())


def test_without_a_master_there_is_nobody_to_ask(
    cluster: BrokerCluster, groups: Groups
) -> None:
    cluster.addresses = {}
    with pytest.raises(NoNameServerError):
        result_of(groups.names())
