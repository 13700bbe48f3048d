from collections.abc import Callable

import pytest
from client_kit import held, received
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pop_feed import FeedParts, PopFeed


class Broker:
    """Answers when told."""

    def __init__(self) -> None:
        self.asked: list[Deferred[list[ReceivedMessage]]] = []
        self.over: set[str] = set()

    def receive(self) -> Deferred[list[ReceivedMessage]]:
        self.asked.append(Deferred())
        return self.asked[-1]

    def bring(self, *bodies: str) -> None:
        self.asked[-1].callback([received(body) for body in bodies])

    def is_over(self, message: ReceivedMessage) -> bool:
        return message.body.decode() in self.over


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def feed(broker: Broker, clock: Clock) -> PopFeed:
    return PopFeed(FeedParts(broker.receive, broker.is_over, clock), low=2)


def body(results: list[ReceivedMessage]) -> str:
    return results[0].body.decode()


def test_nothing_is_fetched_before_it_is_asked_for(
    broker: Broker, feed: PopFeed
) -> None:
    assert broker.asked == []
    first = held(feed.get())
    assert len(broker.asked) == 1
    broker.bring("a", "b", "c", "d")
    assert body(first) == "a"
    assert body(held(feed.get())) == "b"
    assert len(broker.asked) == 1  # two are left
    assert body(held(feed.get())) == "c"
    assert len(broker.asked) == 2


def test_who_waits_has_more_fetched(broker: Broker, feed: PopFeed) -> None:
    one, two = held(feed.get()), held(feed.get())
    broker.bring("a")
    assert (body(one), two) == ("a", [])
    broker.bring()
    broker.bring("b")
    assert body(two) == "b"


def test_what_is_over_is_not_given(broker: Broker, feed: PopFeed) -> None:
    held(feed.get())
    broker.bring("a", "b", "c", "d")
    broker.over = {"b", "c"}
    assert body(held(feed.get())) == "d"


def test_trouble_is_waited_out(
    broker: Broker, feed: PopFeed, clock: Clock, logged: Callable[..., bool]
) -> None:
    got = held(feed.get())
    broker.asked[-1].errback(ValueError("away"))
    assert logged("popping failed, next try in 0.5 s", "away")
    clock.advance(0.5)
    broker.asked[-1].errback(ValueError("away"))
    clock.advance(0.9)
    assert len(broker.asked) == 2
    clock.advance(0.1)
    broker.bring("a")
    assert body(got) == "a"


def test_closing_gives_what_nobody_had(
    broker: Broker, feed: PopFeed, clock: Clock
) -> None:
    held(feed.get())
    broker.bring("a", "b", "c")
    held(feed.get())
    last = held(feed.get())
    waiting = held(feed.get())
    assert body(last) == "c"
    assert feed.leftover() == []
    assert waiting == [None]
    assert held(feed.get()) == [None]
    assert not clock.getDelayedCalls()
