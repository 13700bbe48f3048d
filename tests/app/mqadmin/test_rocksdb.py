import json

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import WALL_MS

from twistedmq.admin.rocksdb import CHECK_ERROR, QueueCheck
from twistedmq.app.mqadmin.rocksdb import MONTH_MS
from twistedmq.protocol.codes import RequestCode, ResponseCode

BROKER = "192.0.2.10:10911"
CHECK = RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS
EXPORT = RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.answers |= {CHECK: told(QueueCheck(check_status=2)), EXPORT: told()}
    return cluster


def test_queues_are_compared(cluster: AdminCluster) -> None:
    line = "checkRocksdbCqWriteProgress -c DefaultCluster -n 192.0.2.1:9876"
    assert mqadmin(cluster, line).lines == [
        "broker-0 check doing, please wait and get the result from log... "
    ]
    [(_, header)] = cluster.asked(CHECK)
    assert header.check_store_time == WALL_MS - MONTH_MS
    failed = QueueCheck(check_status=CHECK_ERROR, check_result="no RocksDB")
    cluster.answers[CHECK] = told(failed)
    assert mqadmin(cluster, f"{line} -cf 5 -t T").out == (
        "broker-0 check error, please check log... errInfo: no RocksDB"
    )
    assert json.loads(mqadmin(cluster, f"{line} --json").out) == [
        {"broker": "broker-0", "checking": False}
    ]


def test_tables_are_exported(cluster: AdminCluster) -> None:
    assert mqadmin(cluster, f"rocksDBConfigToJson -b {BROKER} -t topics").out == (
        "Use [rpc mode] call broker to export to json file \nbroker export done."
    )
    said = mqadmin(
        cluster, "rocksDBConfigToJson -c DefaultCluster -n 192.0.2.1:9876"
    ).lines
    assert (
        said[0] == "Use [rpc mode] call all brokers in cluster to export to json file "
    )
    said = mqadmin(cluster, f"rocksDBConfigToJson -b {BROKER} -t topics --json").out
    assert json.loads(said) == {"tables": ["topics"], "brokers": [BROKER]}


def test_what_cannot_be_exported_is_told(cluster: AdminCluster) -> None:
    local = mqadmin(cluster, "rocksDBConfigToJson -p /var/lib/mq -t topics")
    assert (local.status, local.out) == (1, "")
    assert "files of RocksDB cannot be read here" in local.err
    cluster.refuse[EXPORT] = ResponseCode.SYSTEM_ERROR, "no"
    assert mqadmin(cluster, f"rocksDBConfigToJson -b {BROKER}").status == 3
