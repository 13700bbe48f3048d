import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.task import Clock

from twistedmq.admin.client import Admin
from twistedmq.admin.cluster import BrokerPlace, Cluster, places
from twistedmq.admin.errors import NotThereError
from twistedmq.client.errors import NoNameServerError, RefusedError
from twistedmq.protocol.bodies.routes import BrokerData, ClusterInfo
from twistedmq.protocol.codes import RequestCode, ResponseCode

INFO = ClusterInfo(
    broker_addr_table={
        "b": BrokerData(broker_name="b", broker_addrs={1: "x:2", 0: "x:1"}),
        "a": BrokerData(broker_name="a", broker_addrs={0: "x:3"}),
    },
    cluster_addr_table={"c2": ["b", "gone"], "c1": ["a"]},
)


@pytest.fixture
def two(clock: Clock) -> FakeCluster:
    return FakeCluster(clock, brokers=2)


def cluster_of(fake: FakeCluster) -> Cluster:
    return result_of(Admin(settings=fake.settings()).start()).cluster  # type: ignore[no-any-return]


def test_brokers_are_listed_with_their_slaves() -> None:
    assert places(INFO) == [
        BrokerPlace("c1", "a", 0, "x:3"),
        BrokerPlace("c2", "b", 0, "x:1"),
        BrokerPlace("c2", "b", 1, "x:2"),
    ]
    assert [place.address for place in places(INFO, "c2")] == ["x:1", "x:2"]
    with pytest.raises(NotThereError, match="no cluster 'c3', only c1, c2") as told:
        places(INFO, "c3")
    assert (told.value.name, told.value.known) == ("c3", ["c1", "c2"])


def test_masters_are_known_by_name_and_address(two: FakeCluster) -> None:
    cluster = cluster_of(two)
    assert result_of(cluster.masters("DefaultCluster")) == two.addresses
    assert result_of(cluster.name_of("192.0.2.11:10911")) == "broker-1"
    with pytest.raises(NotThereError, match="no broker at 'x:1', only"):
        result_of(cluster.name_of("x:1"))


def test_without_a_master_there_is_nothing_to_do(two: FakeCluster) -> None:
    two.addresses.clear()
    cluster = cluster_of(two)
    with pytest.raises(NoNameServerError, match="no master"):
        result_of(cluster.masters())
    assert result_of(cluster.brokers()) == []


def test_refusals_are_errors(two: FakeCluster) -> None:
    two.refuse[RequestCode.GET_BROKER_CLUSTER_INFO] = ResponseCode.SYSTEM_BUSY, "no"
    with pytest.raises(RefusedError):
        result_of(cluster_of(two).info())
