import json

import pytest
from groups_kit import BrokerCluster, cluster_with_locks
from read_side import BROKER
from rmq_kit import printed

from twistedmq.app.rmq_queue import queue
from twistedmq.broker.locks.handlers import LockHandlers
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import InvalidParameterError

FIRST, SECOND = (MessageQueue("orders", BROKER, n) for n in (0, 1))


@pytest.fixture
def cluster() -> BrokerCluster:
    """One of two clients that hold a queue each is gone."""
    return cluster_with_locks()


def unlock(cluster: BrokerCluster, *words: str) -> str:
    return printed(queue, "queue", cluster, "unlock", "billing", "orders", *words)


def holders(cluster: BrokerCluster) -> dict[str, list[MessageQueue]]:
    return cluster.side.locks.holders("billing")


def test_what_is_held_by_who_is_gone_is_given_up(cluster: BrokerCluster) -> None:
    assert unlock(cluster).splitlines() == [
        "TOPIC   BROKER    QUEUE  HELD BY  CONNECTED",
        "orders  broker-a  0      gone     no",
        "orders  broker-a  1      c1       yes",
        "1 unlocked",
        "clients that are connected keep theirs; --force takes them away",
    ]
    assert holders(cluster) == {"c1": [SECOND]}


def test_nothing_is_changed_by_a_dry_run(cluster: BrokerCluster) -> None:
    text = unlock(cluster, "--dry-run", "--queue", "0")
    assert text.endswith("gone     no\n1 would be unlocked (--dry-run)\n")
    [row] = json.loads(unlock(cluster, "--dry-run", "--queue", "0", "--json"))
    assert row["unlocked"] is False
    assert holders(cluster) == {"gone": [FIRST], "c1": [SECOND]}


def test_one_that_is_connected_is_forced(cluster: BrokerCluster) -> None:
    assert unlock(cluster, "--client", "c1").splitlines()[2] == "0 unlocked"
    assert "c1" in holders(cluster)
    assert unlock(cluster, "--client", "c1", "--force").endswith("\n1 unlocked\n")
    assert holders(cluster) == {"gone": [FIRST]}


def test_one_that_holds_nothing(cluster: BrokerCluster) -> None:
    with pytest.raises(InvalidParameterError, match="'c9' holds none of them"):
        unlock(cluster, "--client", "c9")


def test_for_programs(cluster: BrokerCluster) -> None:
    gone, here = json.loads(unlock(cluster, "--json"))
    assert gone == {
        "topic": "orders",
        "broker": BROKER,
        "queue_id": 0,
        "client_id": "gone",
        "told_by_broker": True,
        "connected": False,
        "unlocked": True,
    }
    assert (here["client_id"], here["unlocked"]) == ("c1", False)


def test_where_no_broker_tells_the_client_is_named() -> None:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("orders", queues=2)
    side.handlers.update(LockHandlers(side.locks).table())
    side.locks.lock("billing", [FIRST, SECOND], "gone")
    with pytest.raises(InvalidParameterError, match="--client"):
        unlock(cluster)
    text = unlock(cluster, "--client", "gone", "--queue", "1")
    assert text.splitlines()[1:] == [
        "orders  broker-a  1      gone     no",
        "1 unlocked, if gone held them: no broker tells",
    ]
    assert holders(cluster) == {"gone": [FIRST]}
    with pytest.raises(InvalidParameterError, match="--client"):
        unlock(cluster, "--client", "gone", "--broker", "b9")


def test_a_topic_that_there_is_not_is_told(cluster: BrokerCluster) -> None:
    with pytest.raises(RouteNotFoundError, match="nosuch"):
        printed(queue, "queue", cluster, "unlock", "billing", "nosuch")
