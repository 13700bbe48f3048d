import json
from pathlib import Path

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import FIRST, UNIQUE, busy_cluster

from twistedmq.app.mqadmin import showing
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    CMResult,
    ConsumeMessageDirectlyResult,
    ConsumerRunningInfo,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.testing.batches import Told


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BrokerCluster:
    monkeypatch.setattr(showing, "FOLDER", tmp_path)
    return busy_cluster()


def test_several_messages_by_id(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, f"queryMsgById -t T -i {UNIQUE},{FIRST}")
    assert said.out.count("OffsetID:") == 2
    said = mqadmin(cluster, "queryMsgById -t T -i nonsense")
    assert (said.status, said.err) == (
        3,
        "mqadmin: topic 'T' has no message nonsense\n",
    )


def test_messages_by_key(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "queryMsgByKey -t T -k k1")
    assert said.out == (
        f"{'#Message ID':50} #QID {'#Offset':>40} {'#IndexKey':200}\n"
        f"{UNIQUE:50} {0:>4} {0:>40} "
        f"{'1699999200000@T@K@k1@' + UNIQUE + '@0':200}\n"
    )
    [found] = json.loads(mqadmin(cluster, "queryMsgByKey -t T -k k1 --json").out)
    assert found["message_id"] == UNIQUE
    for more in ("-k k9", "-k k1 -e 5", "-k k1 -c other"):
        assert mqadmin(cluster, f"queryMsgByKey -t T {more}").status == 3


def test_messages_by_tag(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "queryMsgByKey -t T -k paid -p T")
    assert "@T@T@paid@" in said.lines[1]
    assert mqadmin(cluster, "queryMsgByKey -t T -k paid").status == 3


def test_a_message_by_its_place(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "queryMsgByOffset -t T -b broker-a -i 0 -o 1")
    assert said.lines[2:4] == [
        "Tags:                [paid]",
        "Keys:                [null]",
    ]
    assert "Properties:          {MIN_OFFSET=0, TAGS=paid, MAX_OFFSET=2}" in said.out
    said = mqadmin(cluster, "queryMsgByOffset -t T -b broker-a -i 0 -o 99")
    assert (said.status, said.out) == (0, "")


def test_resent_messages_by_their_id(cluster: BrokerCluster) -> None:
    cluster.side.append(Told(topic="T", body=b"again", unique_key=UNIQUE))
    line = f"queryMsgByUniqueKey -t T -i {UNIQUE}"
    said = mqadmin(cluster, line)
    assert said.out.startswith("Topic: ")
    assert said.out.endswith("exceptionDesc=null]")
    both = mqadmin(cluster, f"{line} -a --json").lines
    assert [json.loads(each)["body"] for each in both] == ["one", "again"]
    mqadmin(cluster, f"{line} -a")
    assert (showing.FOLDER / f"{UNIQUE}_1").read_bytes() == b"again"


def test_a_message_is_consumed_once_more(cluster: BrokerCluster) -> None:
    pushed = {"PROP_CONSUME_TYPE": "CONSUME_PASSIVELY"}
    info = ConsumerRunningInfo(properties=pushed)
    result = ConsumeMessageDirectlyResult(
        consume_result=CMResult.CR_SUCCESS, spent_time_mills=7
    )
    answers = {
        RequestCode.GET_CONSUMER_RUNNING_INFO: info,
        RequestCode.CONSUME_MESSAGE_DIRECTLY: result,
    }
    for code in answers:
        cluster.side.handlers[code] = lambda request: Reply(
            body=loose_json.encode(answers[request.command.code])
        )
    for verb in ("queryMsgById", "queryMsgByUniqueKey"):
        said = mqadmin(cluster, f"{verb} -t T -i {UNIQUE} -g billing -d c1")
        assert said.out == (
            "ConsumeMessageDirectlyResult [order=false, autoCommit=true, "
            "consumeResult=CR_SUCCESS, remark=null, spentTimeMills=7]"
        )
    info.properties.clear()
    said = mqadmin(cluster, f"queryMsgById -t T -i {UNIQUE} -g billing -d c1")
    assert said.out == "this c1 client is not push consumer ,not support direct push \n"


def test_a_message_is_sent_once_more(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, f"queryMsgById -t T -i {FIRST} -s true")
    assert said.out.startswith(
        f"prepare resend msg. originalMsgId={FIRST}"
        f"SendResult [sendStatus=SEND_OK, msgId={UNIQUE}, offsetMsgId=7F"
    )
    said = mqadmin(cluster, f"queryMsgByUniqueKey -t T -i {UNIQUE} -a --json")
    assert len(said.lines) == 2
    assert mqadmin(cluster, f"queryMsgById -t T -i {FIRST} -s false").out == ""
