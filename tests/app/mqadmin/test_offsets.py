import json

import pytest
from admin_kit import mqadmin
from groups_kit import BrokerCluster
from verbs_kit import busy_cluster

from twistedmq.protocol.codes import RequestCode, ResponseCode

AT = "127.0.0.1:10911"
MOVED = "#brokerName                               #queueId" + " " * 34 + "#offset"


@pytest.fixture
def cluster() -> BrokerCluster:
    return busy_cluster()


def test_a_group_is_put_to_a_time(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "resetOffsetByTime -g billing -t T -s -1")
    first, head, *rows = said.lines
    assert first == (
        "start reset consumer offset by specified, group[billing], topic[T], "
        "force[true], timestamp(string)[-1], timestamp(long)[-1]"
    )
    assert head.rstrip() == MOVED
    assert [row.split() for row in rows] == [
        ["broker-a", "0", "2"],
        ["broker-a", "1", "1"],
    ]
    line = "resetOffsetByTime -g billing -t T -s 2020-01-01#00:00:00:000 --json"
    found = json.loads(mqadmin(cluster, line).out)
    assert [each["offset"] for each in found] == [0, 0]
    said = mqadmin(cluster, "resetOffsetByTime -g billing -t T -s now")
    assert said.status == 0
    assert mqadmin(cluster, "resetOffsetByTime -g billing -t T -s soon").status == 1


def test_a_group_that_is_not_online_is_rewritten(cluster: BrokerCluster) -> None:
    cluster.side.offset_config.replace(server_side_reset=False)
    cluster.side.groups.get("away")
    cluster.side.offsets.commit("away", "T", 0, 1)
    cluster.side.offsets.commit("away", "T", 1, 1)
    said = mqadmin(cluster, "resetOffsetByTime -g away -t T -s 0 -f true")
    first, head, row, _ = said.lines
    assert first.startswith(
        "reset consumer offset by specified consumerGroup[away], topic[T], force[true]"
    )
    assert head.split()[-1] == "#resetOffset"
    assert row == "".join(f"{cell:<20}  " for cell in ("broker-a", 0, 2, 1, 0, 0))[:-2]
    assert cluster.side.offsets.query("away", "T", 0) == 0
    said = mqadmin(cluster, "skipAccumulatedMessage -g away -t T")
    assert said.lines[0].split()[-1] == "#rollbackOffset"
    assert cluster.side.offsets.query("away", "T", 0) == 2


def test_other_refusals_are_told(cluster: BrokerCluster) -> None:
    for verb in ("resetOffsetByTime -s 0", "skipAccumulatedMessage"):
        said = mqadmin(cluster, f"{verb} -g nobody -t T")
        assert (said.status, said.out) == (3, "")
        assert "Group nobody does not exist" in said.err


def test_one_queue_is_put_to_an_offset(cluster: BrokerCluster) -> None:
    line = f"resetOffsetByTime -g billing -t T -s -1 -b {AT} -q 0 -o 2"
    said = mqadmin(cluster, line)
    assert said.out == (
        "start reset consumer offset by specified, group[billing], topic[T], "
        f"queueId[0], broker[{AT}], timestamp(string)[-1], timestamp(long)[-1]\n"
        "reset consumer offset to 2\n"
    )
    assert cluster.side.offsets.query("billing", "T", 0) == 2
    line = f"resetOffsetByTime -g billing -t T -s 0 -b {AT} -q 0"
    assert mqadmin(cluster, line).lines[-1] == "reset consumer offset to 0"


def test_a_group_skips_what_it_has_not_consumed(cluster: BrokerCluster) -> None:
    said = mqadmin(cluster, "skipAccumulatedMessage -g billing -t T")
    assert [line.split()[-1] for line in said.lines] == ["#offset", "2", "1"]


def test_a_group_goes_where_another_is(cluster: BrokerCluster) -> None:
    cluster.side.groups.get("new")
    said = mqadmin(cluster, "cloneGroupOffset -s billing -d new -t T")
    assert said.out == (
        "clone group offset success. srcGroup[billing], destGroup=[new], topic[T]"
    )
    assert cluster.side.offsets.query("new", "T", 0) == 1
    cluster.refuse[RequestCode.UPDATE_CONSUMER_OFFSET] = (26, "none")
    assert mqadmin(cluster, "cloneGroupOffset -s billing -d new -t T").status == 3


@pytest.mark.parametrize("verb", ["resetOffsetByTime -s 0", "skipAccumulatedMessage"])
def test_a_light_queue_is_found_by_its_topic(cluster: BrokerCluster, verb: str) -> None:
    code = RequestCode.INVOKE_BROKER_TO_RESET_OFFSET
    cluster.refuse[code] = (ResponseCode.CONSUMER_NOT_ONLINE, "nobody")
    cluster.side.groups.get("away")
    said = mqadmin(cluster, f"{verb} -g away -t %LMQ%x -c T")
    # the broker is found, and asked about a queue that it does not have
    assert f"{AT} refused" in said.err


@pytest.mark.parametrize(
    "half", ["-q 1", f"-b {AT}", "-o 0", "-q 1 -o 0", f"-b {AT} -o 0"]
)
def test_one_queue_that_is_not_wholly_named_is_wrong_usage(
    cluster: BrokerCluster, half: str
) -> None:
    said = mqadmin(cluster, f"resetOffsetByTime -g billing -t T -s -1 {half}")
    assert (said.status, said.out) == (1, "")
    assert "named by -b/--broker and -q/--queue together" in said.err
    assert cluster.side.offsets.query("billing", "T", 0) == 1
