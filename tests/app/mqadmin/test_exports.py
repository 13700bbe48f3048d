import json
from pathlib import Path
from typing import Any

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import BrokerStatsData, BrokerStatsItem, TopicList
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.bodies.topics import TopicConfigSerializeWrapper
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply

AT = "127.0.0.1:10911"
FIGURES = {
    "putTps": "1.5 1.0 0.5",
    "getTransferredTps": "2.5 2.0 2.0",
    "msgPutTotalTodayMorning": "30",
    "msgPutTotalYesterdayMorning": "10",
    "msgGetTotalTodayMorning": "7",
    "msgGetTotalYesterdayMorning": "7",
    "commitLogDiskRatio": "0.32",
    "consumeQueueDiskRatio": "0.32",
    "putMessageAverageSize": "245.4",
}


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = busy_cluster()
    table = {
        name: config
        for name in ("T", "TBW102", "%RETRY%billing", "broker-a")
        if (config := cluster.side.topics.get(name)) is not None
    }
    minute = BrokerStatsData(stats_minute=BrokerStatsItem(sum=6, tps=0.1))
    answers: dict[int, Any] = {
        RequestCode.GET_ALL_TOPIC_CONFIG: TopicConfigSerializeWrapper(
            topic_config_table=table
        ),
        RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER: TopicList(
            topic_list=["broker-a"]
        ),
        RequestCode.GET_BROKER_RUNTIME_INFO: KVTable(table=FIGURES),
        RequestCode.VIEW_BROKER_STATS_DATA: minute,
    }
    for code in answers:
        cluster.side.handlers[code] = lambda request: Reply(
            body=loose_json.encode(answers[request.command.code])
        )
    config = b"brokerName=broker-a\nbrokerId=0\nuseTLS=false\nsecret=x\n"
    cluster.side.handlers[RequestCode.GET_BROKER_CONFIG] = lambda _: Reply(body=config)
    return cluster


def test_settings_of_brokers(cluster: BrokerCluster, tmp_path: Path) -> None:
    said = mqadmin(cluster, f"exportConfigs -c DefaultCluster -f {tmp_path}/new")
    path = tmp_path / "new" / "configs.json"
    assert said.out == f"export {path} success"
    text = path.read_text()
    assert text.startswith('{\n\t"clusterScale":{\n\t\t"namesrvSize":1,\n')
    assert json.loads(text) == {
        "clusterScale": {"namesrvSize": 1, "slaveBrokerSize": 0, "masterBrokerSize": 1},
        "brokerConfigs": {
            "broker-a": {"brokerName": "broker-a", "brokerId": "0", "useTLS": "false"}
        },
    }


def test_topics_and_groups_of_a_cluster(cluster: BrokerCluster, tmp_path: Path) -> None:
    line = f"exportMetadata -c DefaultCluster -f {tmp_path}"
    assert mqadmin(cluster, line).out == f"export {tmp_path}/metadata.json success\n"
    found = json.loads((tmp_path / "metadata.json").read_text())
    assert found["exportTime"] == 1_700_000_000_000
    assert list(found["topicConfigTable"]) == ["T"]
    assert list(found["subscriptionGroupTable"]) == ["billing"]
    policy = found["subscriptionGroupTable"]["billing"]["groupRetryPolicy"]
    assert policy == {"type": "CUSTOMIZED"}
    mqadmin(cluster, f"{line} -t -s")
    found = json.loads((tmp_path / "topic.json").read_text())
    assert set(found["topicConfigTable"]) == {"T", "%RETRY%billing"}
    mqadmin(cluster, f"{line} -g")
    assert "topicConfigTable" not in (tmp_path / "subscriptionGroup.json").read_text()


def test_the_queues_of_several_brokers_are_added_up(cluster: BrokerCluster) -> None:
    cluster.addresses["broker-b"] = AT
    found = json.loads(mqadmin(cluster, "exportMetadata -c DefaultCluster --json").out)
    assert found["topicConfigTable"]["T"]["readQueueNums"] == 4
    assert found["subscriptionGroupTable"]["billing"]["retryQueueNums"] == 2


def test_topics_or_groups_of_a_broker(cluster: BrokerCluster, tmp_path: Path) -> None:
    line = f"exportMetadata -b {AT} -f {tmp_path}"
    said = mqadmin(cluster, f"{line} -t")
    assert said.out == f"export {tmp_path}/topic.json success"
    assert "dataVersion" in json.loads((tmp_path / "topic.json").read_text())
    mqadmin(cluster, f"{line} -g")
    found = json.loads((tmp_path / "subscriptionGroup.json").read_text())
    assert set(found) == {"dataVersion", "forbiddenTable", "subscriptionGroupTable"}
    assert mqadmin(cluster, line).status == 1
    assert mqadmin(cluster, f"exportMetadata -f {tmp_path}").status == 1


def test_how_much_goes_through(cluster: BrokerCluster, tmp_path: Path) -> None:
    said = mqadmin(cluster, f"exportMetrics -c DefaultCluster -f {tmp_path}")
    assert said.out == f"export {tmp_path}/metrics.json success"
    found = json.loads((tmp_path / "metrics.json").read_text())
    assert found["totalData"]["totalTps"] == {
        "totalNormalInTps": 1.5,
        "totalNormalOutTps": 2.5,
        "totalTransInTps": 0.1,
        "totalScheduleInTps": 0.1,
    }
    assert found["totalData"]["totalOneDayNum"]["normalOneDayInNum"] == 20
    report = found["evaluateReport"]["broker-a"]
    assert (report["runtimeQuota"]["topicSize"], report["runtimeEnv"]) == (1, {})
    assert report["runtimeVersion"]["clientInfo"] == ["PYTHON%V5_4_0"]
    cluster.refuse[RequestCode.GET_CONSUMER_CONNECTION_LIST] = (1, "no")
    told = mqadmin(cluster, "exportMetrics -c DefaultCluster --json").out
    report = json.loads(told)["evaluateReport"]["broker-a"]
    assert report["runtimeVersion"]["clientInfo"] == []
    assert mqadmin(cluster, "exportMetrics -c nowhere").status == 3
