"""Tests of a program that charges customers for their orders."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from twistedmq import Message, Producer, ReceivedMessage
from twistedmq.testing import Cluster


class Billing:
    """The program: charges for each order, if the bank can be reached."""

    def __init__(self) -> None:
        self.charged: list[bytes] = []
        self.bank_is_open = True

    def charge(self, message: ReceivedMessage) -> None:
        """Charge for one order; an error has it come again later."""
        if not self.bank_is_open:
            raise ConnectionError("the bank is closed")
        self.charged.append(message.body)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A name server and a broker."""
    with Cluster(topics=["orders"]) as cluster:
        yield cluster


@pytest.fixture
def producer(cluster: Cluster) -> Producer:
    """Sends; the cluster closes it."""
    return cluster.run(cluster.producer("shop").start())


@pytest.fixture
def billing(cluster: Cluster) -> Billing:
    """The program, running."""
    billing = Billing()
    cluster.consumer("billing", {"orders": "new"}).run(billing.charge)
    return billing


def test_new_orders_are_charged(
    cluster: Cluster, producer: Producer, billing: Billing
) -> None:
    """Only the tag ``new`` counts."""
    cluster.run(producer.send(Message("orders", b"book", tag="new")))
    cluster.run(producer.send(Message("orders", b"lamp", tag="cancelled")))
    cluster.advance(1)
    assert billing.charged == [b"book"]


def test_what_could_not_be_charged_is_tried_again(
    cluster: Cluster, producer: Producer, billing: Billing
) -> None:
    """The first retry comes after ten seconds, the second 30 later."""
    billing.bank_is_open = False
    cluster.run(producer.send(Message("orders", b"book", tag="new")))
    cluster.advance(15)
    billing.bank_is_open = True
    assert billing.charged == []
    cluster.advance(timedelta(seconds=30))
    assert billing.charged == [b"book"]


def test_a_coroutine_can_be_run(cluster: Cluster) -> None:
    """Whatever gives a Deferred can be awaited in it."""

    async def first_order() -> bytes:
        async with cluster.consumer("readers", {"orders": "*"}) as consumer:
            async for message in consumer:
                return message.body
        return b""

    async def story() -> bytes:
        async with cluster.producer("shop") as producer:
            await producer.send(Message("orders", b"book"))
        await cluster.sleep(timedelta(hours=1))
        return await first_order()

    assert cluster.run(story()) == b"book"
