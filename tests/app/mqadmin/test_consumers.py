import json
from pathlib import Path
from typing import Any

import pytest
from admin_kit import Said, mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    ConsumerRunningInfo,
    ConsumeType,
    MessageModel,
    MessageQueue,
    ProcessQueueInfo,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply

AT = "127.0.0.1:10911"


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = busy_cluster()
    queue = MessageQueue("T", "broker-a", 0)
    info = ConsumerRunningInfo(
        properties={"PROP_CONSUME_TYPE": "CONSUME_PASSIVELY"},
        mq_table={queue: ProcessQueueInfo(commit_offset=1)},
        jstack="busy",
    )

    def tell(_: Any) -> Reply:
        return Reply(body=loose_json.encode(info))

    cluster.side.handlers[RequestCode.GET_CONSUMER_RUNNING_INFO] = tell
    return cluster


def test_members_and_what_they_want(cluster: BrokerCluster) -> None:
    for line in ("-g billing", f"-g billing -b {AT}"):
        assert mqadmin(cluster, f"consumerConnection {line}").out == (
            "#ClientId                            #ClientAddr            #Language  "
            "#Version\n"
            "c1                                   192.0.2.1:4711         PYTHON     "
            "V5_4_0\n"
            "\nBelow is subscription:\n"
            "#Topic               #SubExpression\n"
            "%RETRY%billing       *\n"
            "T                    *\n"
            "\nConsumeType: CONSUME_PASSIVELY\n"
            "MessageModel: CLUSTERING\n"
            "ConsumeFromWhere: CONSUME_FROM_LAST_OFFSET\n"
        )
    found = json.loads(mqadmin(cluster, "consumerConnection -g billing --json").out)
    assert found["subscriptions"] == {"%RETRY%billing": "*", "T": "*"}
    assert mqadmin(cluster, "consumerConnection -g nobody").status == 3
    said = mqadmin(cluster, f"consumerConnection -g nobody -b {AT}")
    assert (said.status, "nobody" in said.err) == (3, True)


def test_how_far_a_group_is(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "consumerProgress -g billing")
    head, first, second, _, *sums = said.lines
    assert head == (
        f"{'#Topic':64}  {'#Broker Name':32}  #QID  {'#Broker Offset':20}  "
        f"{'#Consumer Offset':20}  {'#Diff':20} {'#Inflight':20}#LastTime"
    )
    assert first.split()[:7] == ["T", "broker-a", "0", "2", "1", "1", "0"]
    assert second.split() == ["T", "broker-a", "1", "1", "0", "1", "0", "N/A"]
    assert sums == [
        "Consume TPS: 0.00",
        "Consume Diff Total: 2",
        "Consume Inflight Total: 0",
    ]
    found = json.loads(mqadmin(cluster, "consumerProgress -g billing --json").out)
    assert (found["lag"], len(found["queues"])) == (2, 2)


def test_whose_queues_they_are(cluster: BrokerCluster) -> None:
    line = "consumerProgress -g billing -t T -s true"
    head, first, second, *_ = mqadmin(cluster, line).lines
    assert "#Client IP" in head
    assert first.split()[5] == "c1"
    assert second.split()[5] == "N/A"
    found = json.loads(mqadmin(cluster, f"{line} --json").out)
    assert [each["client"] for each in found["queues"]] == ["c1", None]
    cluster.refuse[RequestCode.GET_CONSUMER_RUNNING_INFO] = (1, "no")
    said = mqadmin(cluster, line)
    assert (said.status, said.lines[1].split()[5]) == (3, "N/A")


def test_a_group_without_progress(cluster: BrokerCluster) -> None:
    assert mqadmin(cluster, "consumerProgress -g nobody").status == 3
    cluster.member("fresh", {"T": "*"})
    said = mqadmin(cluster, "consumerProgress -g fresh")
    assert (said.status, said.lines[-2]) == (0, "Consume Diff Total: 0")
    cluster.side.topic("%RETRY%gone")
    assert mqadmin(cluster, "consumerProgress -g gone").status == 3


def rows(said: Said) -> list[list[str]]:
    return [line.split() for line in said.lines[1:]]


def test_all_groups(cluster: BrokerCluster) -> None:
    cluster.member("all", {"T": "*"}, model=MessageModel.BROADCASTING)
    cluster.member("pulls", {"T": "*"}, consume_type=ConsumeType.CONSUME_ACTIVELY)
    for name in ("all", "pulls", "gone"):
        cluster.topics[f"%RETRY%{name}"] = {}
    cluster.side.topic("%RETRY%gone")
    assert rows(mqadmin(cluster, "consumerProgress")) == [
        ["all", "1", "V5_4_0", "PUSH", "BROADCASTING", "0", "0"],
        ["billing", "1", "V5_4_0", "PUSH", "CLUSTERING", "0", "2"],
        ["gone", "0", "OFFLINE", "0", "0"],
        ["pulls", "1", "V5_4_0", "PULL", "0", "0"],
    ]
    found = json.loads(mqadmin(cluster, "consumerProgress --json").out)
    assert [each["lag"] for each in found] == [0, 2, 0, 0]
    cluster.refuse[RequestCode.GET_CONSUME_STATS] = (1, "no")
    said = mqadmin(cluster, "consumerProgress")
    assert (said.status, len(said.lines)) == (3, 5)


def test_all_groups_of_a_broker(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, f"brokerConsumeStats -b {AT}")
    head, row, _, total = said.lines
    assert head.split()[:2] == ["#Topic", "#Group"]
    assert row.split()[:7] == ["T", "billing", "broker-a", "0", "2", "1", "1"]
    assert total == "Diff Total: 2"
    found = json.loads(mqadmin(cluster, f"brokerConsumeStats -b {AT} --json").out)
    assert (found["lag"], found["queues"][0]["lag"]) == (2, 1)
    assert len(mqadmin(cluster, f"brokerConsumeStats -b {AT} -l 5").lines) == 3
    assert len(mqadmin(cluster, f"brokerConsumeStats -b {AT} -o true").lines) == 3


def test_the_inner_state_of_one(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "consumerStatus -g billing -i c1 -s")
    assert said.out.startswith("#Consumer Properties#\nPROP_CONSUME_TYPE")
    assert said.out.endswith("#Consumer jstack#\nbusy")
    line = "consumerStatus -g billing -i c1 --json"
    found = json.loads(mqadmin(cluster, line).out)["c1"]
    assert (found["stacks"], found["queues"][0]["commitOffset"]) == ("busy", 1)


def test_the_inner_state_of_all(
    cluster: BrokerCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = mqadmin(cluster, "consumerStatus -g billing")
    head, row, *rest = said.lines
    assert head.split()[0] == "#Index"
    number, client, version, path = row.split()
    assert (number, client, version) == ("1", "c1", "V5_4_0")
    assert Path(path).read_text().startswith("#Consumer Properties#")
    assert rest[2:] == [
        "Same subscription in the same group of consumer",
        "",
        "Rebalance OK",
    ]
    mqadmin(cluster, "consumerStatus -g billing --json")
    assert len(list(tmp_path.iterdir())) == 1
    cluster.refuse[RequestCode.GET_CONSUMER_RUNNING_INFO] = (1, "no")
    said = mqadmin(cluster, "consumerStatus -g billing")
    assert (said.status, len(said.lines)) == (3, 1)
