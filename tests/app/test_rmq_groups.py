import json

import pytest
from groups_kit import BrokerCluster
from read_side import BROKER
from rmq_kit import printed, printed_and_ended

from twistedmq.app.rmq_groups import groups
from twistedmq.protocol.bodies import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection


def told(cluster: BrokerCluster, *arguments: str) -> str:
    return printed(groups, "groups", cluster, *arguments)


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("orders", queues=2)
    side.append(*[Told(topic="orders")] * 5)
    side.heartbeat("audit", {"orders": "*"}, model=MessageModel.BROADCASTING)
    for client, text in (("c1", "new"), ("c2", "new || paid")):
        side.heartbeat("billing", {"orders": text}, FakeConnection(), client)
    side.offsets.commit("billing", "orders", 0, 1)
    side.locks.lock(
        "billing", [MessageQueue("orders", BROKER, n) for n in (1, 0)], "c2"
    )
    side.groups.get("gone")
    return cluster


def test_groups_are_a_table(cluster: BrokerCluster) -> None:
    assert told(cluster).splitlines() == [
        "GROUP    MEMBERS  CONSUMES        TOPICS  LAG  SUBSCRIPTIONS",
        "audit    1        push, each all  1       0    same",
        "billing  2        push in order   1       4    DIFFER",
        "gone     0        -               0       0    -",
    ]
    assert "TOOLS_CONSUMER" in told(cluster, "--all")


def test_one_group_is_shown_wholly(cluster: BrokerCluster) -> None:
    assert told(cluster, "billing").splitlines() == [
        "group billing: 2 members, lag 4",
        "",
        "CLIENT  ADDRESS         LANGUAGE  LOCKS",
        "c1      192.0.2.1:4711  PYTHON    -",
        f"c2      192.0.2.1:4711  PYTHON    orders@{BROKER}:0,1",
        "",
        "TOPIC   FILTERED BY  LAG",
        "orders  new          4",
        "",
        "Members subscribe to different things; messages go past some of them:",
        "TOPIC   WANTED       BY",
        "orders  new          c1",
        "orders  new || paid  c2",
    ]


def test_a_member_that_does_not_subscribe_is_shown(cluster: BrokerCluster) -> None:
    cluster.side.heartbeat("audit", {"other": "*"}, FakeConnection(), "c9")
    assert "(not subscribed)  c9" in told(cluster, "audit")


def test_groups_are_json(cluster: BrokerCluster) -> None:
    [billing] = json.loads(told(cluster, "billing", "--json"))
    assert billing["lag"] == {"orders": 4}
    assert billing["locked"]["c2"][0]["queueId"] == 0
    assert billing["differences"][0] == {
        "clientIds": ["c1"],
        "expression": "new",
        "expressionType": "TAG",
        "topic": "orders",
    }


def test_a_group_that_there_is_not_is_told(
    cluster: BrokerCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, out = printed_and_ended(groups, "groups", cluster, "gone", "biling")
    assert (ended, out) == (1, "group gone: 0 members, lag 0\n")
    assert capsys.readouterr().err == "rmq: there is no group 'biling'\n"
