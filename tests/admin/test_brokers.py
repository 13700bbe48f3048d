from admin_kit import AdminCluster, told
from client_kit import result_of

from twistedmq.admin.client import Admin
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.codes import RequestCode

BROKER = "192.0.2.10:10911"


def test_a_broker_tells_its_figures() -> None:
    cluster = AdminCluster()
    figures = {"putTps": "1.0 0.5 0.1"}
    cluster.answers[RequestCode.GET_BROKER_RUNTIME_INFO] = told(KVTable(table=figures))
    admin = result_of(Admin(settings=cluster.settings()).start())
    assert result_of(admin.brokers.runtime(BROKER)) == figures
