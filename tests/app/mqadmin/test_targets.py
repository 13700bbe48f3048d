from argparse import Namespace

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import result_of
from twisted.internet.defer import Deferred

from twistedmq.admin.client import Admin
from twistedmq.admin.cluster import BrokerPlace
from twistedmq.app.mqadmin.targets import _headline, brokers_asked, masters_asked
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.bodies.topics import TopicConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError

DOWN, OTHER = TWO = ["192.0.2.10:10911", "192.0.2.11:10911"]


def asked(broker: str | None, cluster: str | None) -> tuple[list[str], list[str]]:
    options = Namespace(broker_addr=broker, cluster_name=cluster)
    admin = result_of(Admin(settings=AdminCluster(brokers=2).settings()).start())
    masters = result_of(Deferred.fromCoroutine(masters_asked(admin, options)))
    brokers = result_of(Deferred.fromCoroutine(brokers_asked(admin, options)))
    return masters, list(brokers.values())


def test_a_broker_goes_before_a_cluster() -> None:
    assert asked("x:1", "nowhere") == (["x:1"], ["============x:1============"])
    masters, headlines = asked(None, "DefaultCluster")
    assert masters == TWO
    assert headlines == [f"============Master: {each}============" for each in TWO]


def test_one_of_both_is_needed() -> None:
    with pytest.raises(InvalidParameterError, match="one of -b"):
        asked(None, None)


def test_a_slave_is_told_with_its_master() -> None:
    slave = BrokerPlace("c", "a", 1, "x:2")
    line = "============My Master: x:1=====Slave: x:2============"
    assert _headline(slave, "x:1") == line
    assert _headline(slave, None) == line.replace("x:1", "NO_MASTER")


OF_CLUSTER = {
    "brokerStatus": RequestCode.GET_BROKER_RUNTIME_INFO,
    "getBrokerConfig": RequestCode.GET_BROKER_CONFIG,
    "updateBrokerConfig -k a -v b": RequestCode.UPDATE_BROKER_CONFIG,
    "setCommitLogReadAheadMode -m 0": RequestCode.SET_COMMITLOG_READ_MODE,
    "switchTimerEngine -e F": RequestCode.SWITCH_TIMER_ENGINE,
    "exportPopRecord": RequestCode.POP_ROLLBACK,
    "haStatus": RequestCode.GET_BROKER_HA_STATUS,
    "cleanExpiredCQ": RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE,
    "getColdDataFlowCtrInfo": RequestCode.GET_COLD_DATA_FLOW_CTR_INFO,
    "updateColdDataFlowCtrGroupConfig -g G -v 1": (
        RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG
    ),
    "removeColdDataFlowCtrGroupConfig -g G": (
        RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG
    ),
    "updateTopic -t new": RequestCode.UPDATE_AND_CREATE_TOPIC,
    "updateTopicPerm -t T -p 4": RequestCode.UPDATE_AND_CREATE_TOPIC,
    "updateSubGroup -g G": RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
    "deleteSubGroup -g G": RequestCode.DELETE_SUBSCRIPTIONGROUP,
    "setConsumeMode -t T -g G -m POP": RequestCode.SET_MESSAGE_REQUEST_MODE,
    "checkRocksdbCqWriteProgress -n 192.0.2.1:9876": (
        RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS
    ),
    "rocksDBConfigToJson": RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON,
}
"""Verbs that take -c, and what they ask each broker for."""


@pytest.mark.parametrize("line", OF_CLUSTER)
def test_the_other_brokers_of_a_cluster_are_worked_on(line: str) -> None:
    cluster, code = AdminCluster(brokers=2), OF_CLUSTER[line]
    cluster.create("T", queues=1)
    cluster.answers |= {
        RequestCode.GET_BROKER_CONFIG: told(b"brokerName=a\n"),
        RequestCode.GET_TOPIC_CONFIG: told(TopicConfig(topic_name="T")),
        RequestCode.GET_BROKER_RUNTIME_INFO: told(KVTable(table={})),
        code: told(b"{}"),
    }
    if code == RequestCode.GET_BROKER_CONFIG:
        cluster.answers[code] = told(b"brokerName=a\n")
    cluster.down.add(DOWN)
    said = mqadmin(cluster, f"{line} -c DefaultCluster")
    assert said.status == 2
    assert said.err.startswith(f"mqadmin: cannot connect to {DOWN}")
    assert said.err.count("\n") == 1
    assert OTHER in [address for address, _ in cluster.asked(code)]
    assert not said.out.endswith("success")


def test_a_single_broker_s_error_is_raised() -> None:
    cluster = AdminCluster()
    cluster.down.add(DOWN)
    said = mqadmin(cluster, f"cleanExpiredCQ -b {DOWN} --json")
    assert (said.status, said.out) == (2, "")
