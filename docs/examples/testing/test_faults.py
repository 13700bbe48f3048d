"""Tests of a shop that has to live with brokers that come and go."""

import pytest

from twistedmq import Message
from twistedmq.testing import Cluster


def test_an_order_survives_a_lost_answer() -> None:
    """The shop sends again, so the order is there twice: consumers must know."""
    with Cluster(topics=["orders"]) as cluster:
        shop = cluster.run(cluster.producer("shop", retries=0).start())
        with cluster.faults.drop_responses("send", times=1) as fault:
            with pytest.raises(Exception, match="took over 3 s"):
                cluster.run(shop.send(Message("orders", b"book")))
            cluster.run(shop.send(Message("orders", b"book")))
        assert fault.hits == 1
        orders = cluster.run(cluster.stored("orders"))
        assert [order.body for order in orders] == [b"book", b"book"]


def test_the_other_broker_takes_over() -> None:
    """A send is tried on another broker where one is gone."""
    with Cluster(brokers=2, topics=["orders"]) as cluster:
        shop = cluster.run(cluster.producer("shop").start())
        cluster.brokers["broker-a"].kill()
        for _ in range(4):
            receipt = cluster.run(shop.send(Message("orders", b"book")))
            assert receipt.queue.broker_name == "broker-b"


def test_nothing_is_lost_when_a_broker_is_killed() -> None:
    """What was acknowledged is there after the restart, and is consumed."""
    with Cluster(topics=["orders"], store="file") as cluster:
        charged: list[bytes] = []
        billing = cluster.consumer("billing", {"orders": "*"})
        billing.run(lambda order: charged.append(order.body))
        shop = cluster.run(cluster.producer("shop").start())
        cluster.run(shop.send(Message("orders", b"book")))
        cluster.broker.kill()
        cluster.run(cluster.broker.start())
        cluster.advance(30)
        assert charged == [b"book"]
