import pytest
from admin_kit import AdminCluster, told
from client_kit import result_of

from twistedmq.admin.client import Admin
from twistedmq.admin.cold_reads import ColdGroupReads, ColdReads, ColdReadState
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError

BROKER = "192.0.2.10:10911"
STATE = (
    b'{"runtimeTable":{"G":{"coldAcc":5,"createTimeMills":1,"lastColdReadTimeMills":2}}'
    b',"configTable":{"G":4096},"cgColdReadThreshold":3,"globalColdReadThreshold":4,'
    b'"globalAcc":5}'
)


@pytest.fixture
def cluster() -> AdminCluster:
    return AdminCluster()


@pytest.fixture
def cold(cluster: AdminCluster) -> ColdReads:
    return result_of(Admin(settings=cluster.settings()).start()).cold_reads  # type: ignore[no-any-return]


def test_limits_and_reads_are_told(cluster: AdminCluster, cold: ColdReads) -> None:
    cluster.answers[RequestCode.GET_COLD_DATA_FLOW_CTR_INFO] = told(STATE)
    assert result_of(cold.text(BROKER)) == STATE.decode()
    assert result_of(cold.state(BROKER)) == ColdReadState(
        runtime_table={"G": ColdGroupReads(size_bytes=5, created_ms=1, last_ms=2)},
        config_table={"G": 4096},
        group_limit_bytes=3,
        limit_bytes=4,
        size_bytes=5,
    )


def test_a_group_has_a_limit_for_a_while(
    cluster: AdminCluster, cold: ColdReads
) -> None:
    cluster.answers[RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG] = told()
    cluster.answers[RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG] = told()
    result_of(cold.limit(BROKER, "G", 4096))
    result_of(cold.unlimit(BROKER, "G"))
    assert [body for _, _, body in cluster.bodies[-2:]] == [b"G=4096\n", b"G"]


def test_a_limit_is_a_number_of_bytes(cluster: AdminCluster, cold: ColdReads) -> None:
    with pytest.raises(InvalidParameterError, match="'G' is -1 bytes"):
        result_of(cold.limit(BROKER, "G", -1))
    assert not cluster.bodies
