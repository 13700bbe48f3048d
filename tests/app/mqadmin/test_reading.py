import json

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

FULL = "MessageQueue [topic=T, brokerName=broker-a, queueId={}]"


@pytest.fixture
def cluster() -> BrokerCluster:
    return busy_cluster()


def test_all_messages_of_a_topic(cluster: BrokerCluster) -> None:
    lines = mqadmin(cluster, "printMsg -t T").lines
    assert lines[0] == f"minOffset=0, maxOffset=2, {FULL.format(0)}"
    assert lines[1].startswith(
        "MSGID: 7F00000100002A9F0000018BCFE568000000 MessageExt ["
    )
    assert lines[1].endswith("transactionId='null'}] BODY: one")
    assert lines[3] == lines[6] == "-" * 56
    assert len(lines) == 7
    said = mqadmin(cluster, "printMsg -t T -s paid -d false")
    assert "BODY: one" not in said.out
    assert said.lines[1].endswith("BODY: NOT PRINT BODY")
    found = [
        json.loads(each) for each in mqadmin(cluster, "printMsg -t T --json").lines
    ]
    assert [each["body"] for each in found] == ["one", "two", "zwölf"]


def test_tags_that_nothing_has(cluster: BrokerCluster) -> None:
    lines = mqadmin(cluster, "printMsg -t T -s none").lines
    assert (
        lines[1] == f"{FULL.format(0)} no matched msg. status=NO_MATCHED_MSG, offset=2"
    )


def test_messages_of_a_time(cluster: BrokerCluster) -> None:
    lines = mqadmin(cluster, "printMsg -t T -b 1800000000000").lines
    assert lines[0].startswith("minOffset=2, maxOffset=2")
    lines = mqadmin(cluster, "printMsg -t T -e 1000").lines
    assert lines[0].startswith("minOffset=0, maxOffset=0")
    assert mqadmin(cluster, "printMsg -t T -e soon").status == 1


def test_one_queue_and_its_tags(cluster: BrokerCluster) -> None:
    line = "printMsgByQueue -t T -a broker-a -i 0"
    assert mqadmin(cluster, line).out == ""
    lines = mqadmin(cluster, f"{line} -p true -d true -f true").lines
    assert [each.partition("BODY: ")[2] for each in lines[:2]] == ["one", "two"]
    assert lines[2:] == [
        f"Tag: {'new':30} Count: 1",
        f"Tag: {'paid':30} Count: 1",
    ]
    found = json.loads(mqadmin(cluster, f"{line} -f true --json").out)
    assert found == {"tags": {"new": 1, "paid": 1}}
    assert mqadmin(cluster, f"{line} -s none -f true").out == ""
    assert mqadmin(cluster, f"{line} -c klingon").status == 1


def test_the_oldest_messages(cluster: BrokerCluster) -> None:
    lines = mqadmin(cluster, "consumeMessage -t T").lines
    assert lines[0] == "Consume ok"
    end = "print msg finished. status=NO_NEW_MSG, offset"
    assert lines[3] == f"{FULL.format(0)} {end}=2"
    assert lines[6] == f"{FULL.format(1)} {end}=1"
    assert cluster.side.offsets.query("TOOLS_CONSUMER", "T", 0) == -1
    lines = mqadmin(cluster, "consumeMessage -t T -c 1").lines
    assert lines[0] == "The older 1 message of the 0 queue will be provided"
    assert len(lines) == 3


def test_one_queue_from_an_offset_on(cluster: BrokerCluster) -> None:
    line = "consumeMessage -t T -b broker-a -i 0"
    lines = mqadmin(cluster, f"{line} -o 1 -g billing").lines
    assert lines[1].endswith("BODY: two")
    lines = mqadmin(cluster, f"{line} -o 9").lines
    assert lines == [f"{FULL.format(0)} no matched msg, offset=9"]
    lines = mqadmin(cluster, f"{line} -c 1").lines
    assert lines[0] == "The oldler 1 message will be provided"
    assert next(each for each in lines if "BODY" in each).endswith("one")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("-c 0", "MessageNumber is 0"),
        ("-i 1", "-b"),
        ("-b broker-a -o 1", "-i"),
        ("-s 9999999999999", "beginTimestamp is 9999999999999"),
        ("-e 9999999999999", "endTimestamp is 9999999999999"),
        ("-s 5 -e 4", "beginTimestamp 5 is after endTimestamp 4"),
    ],
)
def test_what_does_not_fit_together(
    cluster: BrokerCluster, wrong: str, named: str
) -> None:
    said = mqadmin(cluster, f"consumeMessage -t T {wrong}")
    assert (said.status, named in said.err) == (1, True)
    assert cluster.requests == []
