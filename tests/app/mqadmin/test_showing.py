import json
import os
from pathlib import Path

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import FIRST, UNIQUE, busy_cluster

from twistedmq.app.mqadmin import showing
from twistedmq.protocol.codes import RequestCode
from twistedmq.testing.batches import Told

LINE = f"queryMsgById -t T -i {UNIQUE}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(showing, "FOLDER", tmp_path / "bodies")
    return tmp_path / "bodies"


@pytest.fixture
def cluster() -> BrokerCluster:
    return busy_cluster()


def test_a_message_is_shown(cluster: BrokerCluster, folder: Path) -> None:
    said = mqadmin(cluster, LINE)
    lines = said.lines
    assert lines[:8] == [
        f"OffsetID:            {FIRST}",
        "Topic:               T",
        "Tags:                [new]",
        "Keys:                [k1 k2]",
        "Queue ID:            0",
        "Queue Offset:        0",
        "CommitLog Offset:    0",
        "Reconsume Times:     0",
    ]
    assert [line.split(":")[0] for line in lines[8:15]] == [
        "Born Timestamp",
        "Store Timestamp",
        "Born Host",
        "Store Host",
        "System Flag",
        "Properties",
        "Message Body Path",
    ]
    assert said.out.endswith(
        f"{folder}/{UNIQUE}\n\n\n"
        "MessageTrack [consumerGroup=billing, trackType=CONSUMED, exceptionDesc=null]\n"
    )
    assert (folder / UNIQUE).read_bytes() == b"one"


def test_programs_get_no_file(cluster: BrokerCluster, folder: Path) -> None:
    found = json.loads(mqadmin(cluster, f"{LINE} --json").out)
    assert (found["body"], found["queue_offset"]) == ("one", 0)
    assert found["groups"] == [{"group": "billing", "is": "CONSUMED", "why": None}]
    assert not folder.exists()


def test_nobody_consumes_it(cluster: BrokerCluster, folder: Path) -> None:
    cluster.side.topic("alone")
    cluster.side.append(Told(topic="alone", unique_key="A1"))
    said = mqadmin(cluster, "queryMsgById -t alone -i A1")
    assert said.out.endswith("A1\n\n\nWARN: No Consumer")


def test_why_not_more_is_known(cluster: BrokerCluster, folder: Path) -> None:
    cluster.refuse[RequestCode.GET_CONSUMER_CONNECTION_LIST] = (206, "not online")
    said = mqadmin(cluster, LINE)
    assert "trackType=NOT_ONLINE, exceptionDesc=CODE:206 DESC:not online]" in said.out
    cluster.refuse[RequestCode.GET_CONSUMER_CONNECTION_LIST] = (1, "no")
    said = mqadmin(cluster, LINE)
    assert "trackType=UNKNOWN, exceptionDesc=CODE:1 DESC:no]" in said.out
    cluster.refuse[RequestCode.QUERY_TOPIC_CONSUME_BY_WHO] = (1, "no")
    said = mqadmin(cluster, LINE)
    assert (said.status, said.out.endswith(f"{UNIQUE}\n")) == (3, True)


def test_an_id_does_not_lead_out_of_the_folder(
    cluster: BrokerCluster, folder: Path
) -> None:
    cluster.side.append(Told(topic="T", body=b"evil", unique_key="../evil"))
    mqadmin(cluster, "queryMsgByUniqueKey -t T -i ../evil")
    assert (folder / "_evil").read_bytes() == b"evil"
    assert not (folder.parent / "evil").exists()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="the system has none")
def test_what_others_put_there_is_not_followed(
    cluster: BrokerCluster, folder: Path
) -> None:
    folder.mkdir()
    victim = folder.parent / "victim"
    victim.write_text("mine")
    (folder / UNIQUE).symlink_to(victim)
    said = mqadmin(cluster, LINE)
    assert (said.status, victim.read_text()) == (4, "mine")


def test_the_body_is_shown_if_asked_for(cluster: BrokerCluster, folder: Path) -> None:
    line = "queryMsgByOffset -t T -b broker-a -i 1 -o 0"
    said = mqadmin(cluster, f"{line} -f UTF-8")
    assert "Message Body:        zwölf\n" in said.out
    assert "Message Body: " not in mqadmin(cluster, line).out
    assert mqadmin(cluster, f"{line} -f klingon").status == 1
