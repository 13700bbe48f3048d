import pytest
from admin_kit import AdminCluster, told
from client_kit import result_of

from twistedmq.admin.client import Admin
from twistedmq.admin.rocksdb import CHECK_ERROR, QueueCheck, RocksDB
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError

BROKER = "192.0.2.10:10911"
CHECK = RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS


@pytest.fixture
def cluster() -> AdminCluster:
    return AdminCluster()


@pytest.fixture
def rocksdb(cluster: AdminCluster) -> RocksDB:
    return result_of(Admin(settings=cluster.settings()).start()).rocksdb  # type: ignore[no-any-return]


@pytest.mark.parametrize(("status", "failed"), [(2, False), (CHECK_ERROR, True)])
def test_queues_are_compared(
    cluster: AdminCluster, rocksdb: RocksDB, status: int, failed: bool
) -> None:
    cluster.answers[CHECK] = told(QueueCheck(check_status=status))
    found = result_of(rocksdb.check_queues(BROKER, topic="T", since_ms=7))
    assert found.failed is failed
    [(_, header)] = cluster.asked(CHECK)
    assert (header.topic, header.check_store_time) == ("T", 7)


def test_tables_are_exported(cluster: AdminCluster, rocksdb: RocksDB) -> None:
    code = RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON
    cluster.answers[code] = told()
    result_of(rocksdb.export_tables(BROKER))
    [(_, header)] = cluster.asked(code)
    assert header.config_type == "topics;subscriptionGroups;consumerOffsets"
    with pytest.raises(InvalidParameterError, match="no table 'users', only topics"):
        result_of(rocksdb.export_tables(BROKER, ["users"]))
