import json

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.names import TRACE_TOPIC

HEAD = f"{'#Broker Name':32}  #QID  {'#Send Result':20}    "


@pytest.fixture
def cluster() -> BrokerCluster:
    return busy_cluster()


def test_a_message_is_sent(cluster: BrokerCluster) -> None:
    line = "sendMessage -t T -p hello -k 'k8 k9' -c sent -b broker-a -i 1"
    head, row = mqadmin(cluster, line).lines
    assert head == f"{HEAD}#MsgId"
    assert row.startswith(f"{'broker-a':32}  1     {'SEND_OK':20}    ")
    [found] = json.loads(mqadmin(cluster, "queryMsgByKey -t T -k k9 --json").out)
    assert (found["body"], found["tag"], found["queue_id"]) == ("hello", "sent", 1)
    assert found["message_id"] == row.split()[-1]
    told = json.loads(mqadmin(cluster, "sendMessage -t T -p x --json").out)
    assert (told["status"], told["topic"]) == ("SEND_OK", "T")


def test_a_message_that_cannot_be_sent(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "sendMessage -t T -p x -i 1")
    assert (said.status, "-b" in said.err) == (1, True)
    assert mqadmin(cluster, "sendMessage -t 'bad topic' -p x").status == 1
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = (16, "no")
    said = mqadmin(cluster, "sendMessage -t T -p x -b broker-a -i 0")
    assert (said.status, said.out) == (3, "")


def test_how_long_a_broker_takes(cluster: BrokerCluster) -> None:
    cluster.side.topic("broker-a", queues=1)
    said = mqadmin(cluster, "sendMsgStatus -b broker-a -s 12 -c 2")
    assert len(said.lines) == 2
    assert said.lines[0].startswith("rt=0ms, SendResult=SendResult [sendStatus=SEND_OK")
    assert said.lines[0].endswith(
        "messageQueue=MessageQueue [topic=broker-a, brokerName=broker-a, queueId=0], "
        "queueOffset=1, recallHandle=null]"
    )
    line = "queryMsgByOffset -t broker-a -b broker-a -i 0 -o 1 --json"
    assert json.loads(mqadmin(cluster, line).out)["body"] == "hello jodie" * 2
    found = mqadmin(cluster, "sendMsgStatus -b broker-a -c 1 --json").out
    assert json.loads(found)["took_ms"] == 0


def test_how_long_the_queues_of_a_topic_take(cluster: BrokerCluster) -> None:
    head, *rows, average = mqadmin(cluster, "checkMsgSendRT -t T -a 3 -s 10").lines
    assert head == f"{HEAD}#RT"
    assert [row.split() for row in rows] == [
        ["broker-a", "0", "true", "0"],
        ["broker-a", "1", "true", "0"],
        ["broker-a", "0", "true", "0"],
    ]
    assert average == "Avg RT: 0.00"
    assert mqadmin(cluster, "checkMsgSendRT -t T -a 1").lines[-1] == "Avg RT: NaN"
    assert mqadmin(cluster, "checkMsgSendRT -t T -a 0").status == 1
    cluster.refuse[RequestCode.SEND_MESSAGE_V2] = (16, "no")
    said = mqadmin(cluster, "checkMsgSendRT -t T -a 2 --json")
    found = json.loads(said.out)
    assert (said.status, [each["sent"] for each in found["messages"]]) == (
        3,
        [False, False],
    )


def test_a_message_is_traced_if_asked_for(cluster: BrokerCluster) -> None:
    cluster.side.topic(TRACE_TOPIC, queues=1)
    for traced, status in (("false", 3), ("true", 0)):
        line = f"sendMessage -t T -p x -m {traced} --json"
        told = json.loads(mqadmin(cluster, line).out)
        said = mqadmin(cluster, f"queryMsgTraceById -i {told['message_id']}")
        assert said.status == status
    assert said.lines[1].startswith("Pub ")
