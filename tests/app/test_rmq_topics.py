import json

import pytest
from client_kit import FakeCluster
from rmq_kit import printed, printed_and_ended
from twisted.internet.task import Clock

from twistedmq.app.rmq_topics import topics


def listed(cluster: FakeCluster, *arguments: str) -> str:
    return printed(topics, "topics", cluster, *arguments)


@pytest.fixture
def cluster() -> FakeCluster:
    cluster = FakeCluster(Clock(), brokers=2)
    cluster.create("orders", queues=4)
    cluster.create("payments", queues=1, perm=4, brokers=["broker-1"])
    cluster.put("orders", "a", "b")
    return cluster


def test_topics_are_a_table(cluster: FakeCluster) -> None:
    assert listed(cluster).splitlines() == [
        "TOPIC     QUEUES R/W  MESSAGES  BROKERS",
        "orders    8/8         2         broker-0,broker-1",
        "payments  1/0         0         broker-1",
    ]


def test_topics_are_json(cluster: FakeCluster) -> None:
    [orders, payments] = json.loads(listed(cluster, "--json"))
    assert orders["messages"] == 2
    assert payments == {
        "topic": "payments",
        "read_queues": 1,
        "write_queues": 0,
        "messages": 0,
        "brokers": ["broker-1"],
    }


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_broker_that_is_away_leaves_the_rest(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str], json: tuple[str, ...]
) -> None:
    cluster.down.add(cluster.addresses["broker-0"])
    ended, out = printed_and_ended(topics, "topics", cluster, *json)
    assert ended == 1
    if json:
        assert '"messages": null' in out
    else:
        assert "orders    8/8         ?         broker-0,broker-1\n" in out
        assert "payments  1/0         0         broker-1\n" in out
    assert "broker-0" in capsys.readouterr().err


def test_those_of_the_system_are_shown_on_demand(cluster: FakeCluster) -> None:
    assert "TBW102" not in listed(cluster)
    assert "TBW102" in listed(cluster, "--all")


def test_a_topic_that_is_gone_by_now_is_shown_as_empty(cluster: FakeCluster) -> None:
    cluster.topics["gone"] = {}
    assert "gone      0/0         0" in listed(cluster)
