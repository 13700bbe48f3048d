from client_kit import result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin


def test_everybody_is_there_once() -> None:
    cluster = BrokerCluster()
    cluster.side.topic("T")
    cluster.member("billing", {"T": "*"}, "c1", producers=("shop",))
    cluster.member("audit", {"T": "*"}, "c2", producers=("shop", "other"))
    admin = result_of(Admin(settings=cluster.settings()).start())
    first, second = result_of(admin.roll_call.everybody())
    assert (first.client_id, first.address) == ("c1", "192.0.2.1:4711")
    assert first.consumes == {"billing": "CONSUME_PASSIVELY"}
    assert (first.produces, first.brokers) == ({"shop"}, {BROKER})
    assert (second.client_id, second.produces) == ("c2", {"shop", "other"})
    assert second.version == "V5_4_0"
