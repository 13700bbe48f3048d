"""The watch, told by the manager of clients."""

from typing import Any

import pytest
from twisted.logger import formatEvent, globalLogPublisher

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.clients.watch import SubscriptionWatch
from twistedmq.filter.expressions import Expressions
from twistedmq.protocol.bodies import ConsumerData, SubscriptionData
from twistedmq.testing.connections import FakeConnection


class Watched:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.clients = ClientManager(Expressions())
        self.watch = SubscriptionWatch()
        self.clients.on_wishes(self.watch.wishes_changed)

    def log(self, event: Any) -> None:
        self.lines.append(f"{event['log_level'].name}: {formatEvent(event)}")

    def beat(self, connection: FakeConnection, client_id: str, text: str) -> None:
        data = SubscriptionData(topic="T", sub_string=text)
        self.clients.register_consumer(
            ConsumerData(group_name="G", subscription_data_set=[data]),
            Member(client_id, connection, 0, 0, 0.0),
            notify=False,
            without_topics=False,
        )


@pytest.fixture
def watched() -> Any:
    watched = Watched()
    globalLogPublisher.addObserver(watched.log)
    yield watched
    globalLogPublisher.removeObserver(watched.log)


def test_a_difference_is_told_once_and_so_is_its_end(watched: Watched) -> None:
    one, two = FakeConnection(), FakeConnection()
    watched.beat(one, "c1", "a")
    assert watched.lines == []
    for _ in range(3):
        watched.beat(two, "c2", "b")
    assert watched.lines == [
        "warn: the members of group G subscribe to different things, so that messages "
        "go past some of them: T: 'a' by c1, 'b' by c2 (rmq groups G)"
    ]
    assert watched.watch.differing == {"G"}
    assert [sample.value for sample in watched.watch.samples()] == [1]
    watched.beat(one, "c1", "b")
    assert watched.lines[1:] == [
        "info: group G differs no more: its members subscribe to the same"
    ]
    assert watched.watch.differing == frozenset()


def test_who_leaves_takes_the_difference_along(watched: Watched) -> None:
    one, two = FakeConnection(), FakeConnection()
    watched.beat(one, "c1", "a")
    watched.beat(two, "c2", "b")
    two.close("gone")
    watched.clients.connection_lost(two)
    assert watched.watch.differing == frozenset()
    assert watched.lines[1:] == ["info: group G differs no more: members left"]


def test_a_line_names_a_few_only(watched: Watched) -> None:
    for number in range(6):
        watched.beat(FakeConnection(), f"c{number}", f"t{number // 5}")
    assert "T: 't0' by c0, c1, c2, 2 more, 't1' by c5 (" in watched.lines[-1]
