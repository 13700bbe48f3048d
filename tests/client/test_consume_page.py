"""The page "Consume" does what it says: its examples, as they stand there."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from source_tree import PROJECT
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from twistedmq.client.consumer import Consumer
from twistedmq.client.starting import StartFrom

PAGE = (PROJECT / "docs" / "consume.md").read_text("utf-8")
BLOCKS = re.findall(r"^## ([^\n]*)$|^```python\n(.*?)^```$", PAGE, re.S | re.M)

Example = Callable[..., Any]


def blocks(title: str) -> list[str]:
    """Give the examples below one heading."""
    found, current = [], ""
    for heading, code in BLOCKS:
        current = heading or current
        if code and current == title:
            found.append(code)
    return found


@pytest.fixture
def example(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Example]:
    """Gives a function of the page, over the cluster of the test."""
    cluster.create("orders", queues=1)
    options: dict[str, Any] = {
        "settings": cluster.settings(),
        "start_from": StartFrom.FIRST,
    }
    monkeypatch.setattr(
        "twistedmq.client.consumer.Consumer", partial(Consumer, **options)
    )

    def find(title: str, name: str, number: int = 0) -> Example:
        names: dict[str, Any] = {}
        exec(blocks(title)[number], names)
        function: Example = names[name]
        return function

    return find


class Shop:
    """Is charged, and fails as often as it is told."""

    def __init__(self, fails: int = 0) -> None:
        self.charged: list[bytes] = []
        self.fails = fails

    def charge(self, body: bytes) -> Deferred[bool]:
        if self.fails:
            self.fails -= 1
            return fail(ValueError("no money"))
        self.charged.append(body)
        return succeed(True)


def start(program: Any) -> list[Any]:
    return held(Deferred.fromCoroutine(program))


def test_one_after_the_other(
    cluster: FakeCluster, example: Callable[..., Example]
) -> None:
    shop = Shop()
    start(example("One message after the other", "bill")(shop.charge))
    for tag in ("new", "old", "paid"):
        cluster.put("orders", tag, tag=tag)
    assert shop.charged == [b"new", b"paid"]


def test_many_at_a_time(cluster: FakeCluster, example: Callable[..., Example]) -> None:
    shop = Shop(fails=1)
    start(example("Many at a time", "bill")(shop.charge))
    cluster.put("orders", "a", "b")
    assert shop.charged == [b"b"]
    cluster.clock.advance(10)
    assert shop.charged == [b"b", b"a"]


def test_when_to_come_again(
    cluster: FakeCluster, example: Callable[..., Example]
) -> None:
    start(example("Many at a time", "bill", 1)(lambda body: succeed(False)))
    cluster.put("orders", "a")
    assert [header.delay_level for header in cluster.given_back] == [5]


def test_batches(cluster: FakeCluster, example: Callable[..., Example]) -> None:
    got: list[list[bytes]] = []

    async def insert_all(messages: Any) -> list[Any]:
        got.append([message.body for message in messages])
        return [message for message in messages if message.body == b"b"][:1]

    cluster.put("orders", *"abc")
    start(example("In batches", "store")(insert_all))
    assert got == [[b"a", b"b", b"c"]]
    assert len(cluster.given_back) == 1


def test_in_order(
    cluster: FakeCluster, example: Callable[..., Example], clock: Clock
) -> None:
    shop = Shop(fails=1)
    start(example("In order", "bill")(shop.charge))
    cluster.put("orders", "a", "b")
    clock.advance(1.9)
    assert shop.charged == []
    clock.advance(0.1)
    assert shop.charged == [b"a", b"b"]


def subscribed(cluster: FakeCluster) -> dict[str, str]:
    [beat] = cluster.members["billing"].values()
    told = beat.consumer_data_set[0].subscription_data_set
    return {each.topic: f"{each.expression_type} {each.sub_string}" for each in told}


def test_some_only(cluster: FakeCluster, example: Callable[..., Example]) -> None:
    title = "Some messages only"
    start(example(title, "bill")(Shop().charge))
    assert subscribed(cluster)["orders"].startswith("SQL92 amount > 100")
    cluster.members.clear()
    cluster.create("refunds", queues=1)
    consumer = Consumer("billing", {"orders": "*"}, settings=cluster.settings())
    result_of(consumer.start())
    assert start(example(title, "change", 1)(consumer)) == [None]
    assert subscribed(cluster) == {"refunds": "TAG eu", "%RETRY%billing": "TAG *"}


def test_where_a_group_begins(example: Callable[..., Example]) -> None:
    assert len(list(example("Where a group begins", "members")())) == 3


def test_how_much_is_fetched_ahead(
    cluster: FakeCluster, example: Callable[..., Example]
) -> None:
    shop = Shop()
    start(example("How much is fetched ahead", "bill")(shop.charge))
    cluster.put("orders", "a")
    assert shop.charged == [b"a"]


def test_another_allocation(
    cluster: FakeCluster, example: Callable[..., Example]
) -> None:
    shop = Shop()
    start(example("Who gets which queues", "bill")(shop.charge))
    cluster.put("orders", "a")
    assert shop.charged == [b"a"]
