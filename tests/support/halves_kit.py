"""A broker with halves of transactions: one is ended, one waits."""

from groups_kit import BrokerCluster

from twistedmq.protocol import properties
from twistedmq.protocol.half_marks import ENDED_TAG
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC
from twistedmq.testing.batches import Told


def cluster_with_halves() -> BrokerCluster:
    """Give the cluster; the half that waits was asked about three times."""
    cluster = BrokerCluster()
    for topic in (HALF_TOPIC, OP_HALF_TOPIC):
        cluster.side.topic(topic, queues=1)
    for number in (0, 1):
        more = {
            properties.REAL_TOPIC: "orders",
            properties.PRODUCER_GROUP: "shop",
            properties.TRANSACTION_CHECK_TIMES: "3",
        }
        cluster.side.append(
            Told(
                topic=HALF_TOPIC,
                keys=f"k{number}",
                unique_key=f"U{number}",
                more=more,
            )
        )
    cluster.side.append(Told(topic=OP_HALF_TOPIC, body=b"0,", tag=ENDED_TAG))
    return cluster
