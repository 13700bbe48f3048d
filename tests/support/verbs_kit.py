"""A broker with a topic, a group and some messages, for verbs about them."""

from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.testing.batches import Told

UNIQUE = "7F00000100002A9F0000018BCFE568000000"
FIRST = "7F00000100002A9F0000000000000000"
"""The offset id of the first message."""
STORED_MS = 1_700_000_000_000


def busy_cluster() -> BrokerCluster:
    """Topic T: "one" (tag new, keys k1 k2) and "two" in queue 0, "zwölf" in queue 1.

    The group billing has consumed "one".
    """
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("T", queues=2)
    side.append(
        Told(topic="T", body=b"one", tag="new", keys="k1 k2", unique_key=UNIQUE),
        Told(topic="T", body=b"two", tag="paid"),
        Told(topic="T", body="zwölf".encode(), queue_id=1),
    )
    cluster.connection = cluster.member("billing", {"T": "*"}, producers=("shop",))
    side.offsets.commit("billing", "T", 0, 1)
    cluster.topics["%RETRY%billing"] = {}
    return cluster


__all__ = ["BROKER", "FIRST", "STORED_MS", "UNIQUE", "busy_cluster"]
