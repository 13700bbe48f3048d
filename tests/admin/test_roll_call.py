from admin_kit import AdminCluster, told
from client_kit import held, result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.protocol.bodies.clients import Connection, ConsumerConnection
from twistedmq.protocol.bodies.groups import (
    SubscriptionGroupConfig,
    SubscriptionGroupWrapper,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.remoting.errors import ConnectError


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


def test_who_is_known_to_brokers_that_answer() -> None:
    cluster = AdminCluster(brokers=2)
    config = SubscriptionGroupConfig(group_name="G")
    cluster.answers |= {
        RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG: told(
            SubscriptionGroupWrapper(subscription_group_table={"G": config})
        ),
        RequestCode.GET_CONSUMER_CONNECTION_LIST: told(
            ConsumerConnection(
                connection_set=[Connection(client_id="c1", client_addr="x:1")]
            )
        ),
        RequestCode.GET_ALL_PRODUCER_INFO: told(b'{"data":{}}'),
        RequestCode.GET_CONSUME_STATS: told(b'{"offsetTable":{}}'),
    }
    cluster.down.add(cluster.addresses["broker-0"])
    admin = result_of(Admin(settings=cluster.settings()).start())
    silent: Silent = {}
    [client] = result_of(admin.roll_call.everybody(silent=silent))
    assert (client.client_id, client.brokers) == ("c1", {"broker-1"})
    assert list(silent) == ["broker-0"]
    silent.clear()
    state = result_of(admin.groups.state("G", silent=silent))
    assert [member.brokers for member in state.members] == [("broker-1",)]
    assert list(silent) == ["broker-0"]
    for asked in (admin.roll_call.everybody(), admin.groups.state("G")):
        [failure] = held(asked)
        assert failure.check(ConnectError)
