from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import pytest
from client_kit import FakeCluster, consumed, held, received, result_of
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from twistedmq.client.consumer import Consumer
from twistedmq.client.consuming import RetryLater
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.producer import Producer
from twistedmq.client.starting import StartFrom
from twistedmq.client.watching import (
    IWatcher,
    Returned,
    Watch,
    Watches,
    WatchParts,
    watched,
)


class Noting(Watch):
    """Notes what it sees."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[tuple[Any, ...]] = []

    def packing(self, message: Message, unique_id: str) -> Mapping[str, str]:
        self.seen.append(("packing", message.body))
        return {self.name: "seen", "both": self.name}

    def sent(self, parcel: Any, result: Any, took_s: float) -> None:
        self.seen.append(("sent", parcel.unique_ids, type(result).__name__))

    def consuming(self, messages: Sequence[ReceivedMessage]) -> Any:
        self.seen.append(("consuming", len(messages)))
        return self.name

    def inside(self, token: Any) -> AbstractContextManager[object]:
        self.seen.append(("inside", token))
        return nullcontext()

    def consumed(self, token: Any, returned: Returned, error: object = None) -> None:
        self.seen.append(("consumed", token, returned, type(error).__name__))

    def close(self) -> Deferred[None]:
        self.seen.append(("close",))
        return succeed(None)


@implementer(IWatcher)
class Watcher:
    """Gives a Noting for each client."""

    def __init__(self, name: str = "w") -> None:
        self.name = name
        self.opened: list[tuple[WatchParts, Noting]] = []

    def open(self, parts: WatchParts) -> Watch:
        self.opened.append((parts, Noting(self.name)))
        return self.opened[-1][1]


def test_a_producer_shows_what_it_sends(cluster: FakeCluster) -> None:
    cluster.create("T")
    watcher = Watcher()
    producer = Producer("P", settings=cluster.settings(), watchers=[watcher])
    result_of(producer.start())
    receipt = result_of(producer.send(Message("T", b"x", properties={"both": "mine"})))
    result_of(producer.send_one_way(Message("T", b"y")))
    result_of(producer.close())
    [(parts, watch)] = watcher.opened
    assert (parts.group, parts.is_producer) == ("P", True)
    assert watch.seen[0] == ("packing", b"x")
    assert watch.seen[1] == ("sent", (receipt.message_id,), "Stored")
    assert [each[0] for each in watch.seen[2:]] == ["packing", "sent", "close"]
    assert watch.seen[3][2] == "NoneType"
    [stored] = [r for q in cluster.records.values() for r in q if r.body == b"x"]
    assert b"w\x01seen" in stored.properties
    assert b"both\x01mine" in stored.properties


def test_several_are_one() -> None:
    some = [Noting("a"), Noting("b")]
    both = Watches(some)
    given = both.packing(Message("T", b"x"), "ID")
    assert given == {"a": "seen", "b": "seen", "both": "b"}
    result_of(consumed(lambda _: None, both, received("x")))
    for watch in some:
        assert watch.seen[1:] == [
            ("consuming", 1),
            ("inside", watch.name),
            ("consumed", watch.name, Returned.SUCCESS, "NoneType"),
        ]


@pytest.mark.parametrize(
    ("error", "returned"),
    [(ValueError(), Returned.ERROR), (RetryLater(), Returned.FAILED)],
)
def test_what_a_function_fails_with_is_seen_and_comes_through(
    error: Exception, returned: Returned
) -> None:
    def handler(messages: Any) -> None:
        raise error

    watch = Noting("a")
    with pytest.raises(type(error)):
        result_of(consumed(handler, watch, received("x"), received("y")))
    assert watch.seen[0] == ("consuming", 2)
    assert watch.seen[-1] == ("consumed", "a", returned, type(error).__name__)


def test_a_watch_need_not_look_at_anything() -> None:
    watch = Watch()
    assert watch.packing(Message("T", b"x"), "ID") == {}
    assert result_of(consumed(lambda _: 7, watch, received("x"))) == 7
    assert result_of(watch.close()) is None


def test_a_consumer_shows_what_it_runs(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T")
    cluster.put("T", "a", "b")
    watcher, got = Watcher(), list[str]()
    consumer = Consumer(
        "G",
        {"T": "*"},
        settings=cluster.settings(),
        start_from=StartFrom.FIRST,
        watchers=[watcher],
    )
    running = held(consumer.run(lambda message: got.append(message.body.decode())))
    clock.advance(0)
    result_of(consumer.close())
    [(parts, watch)] = watcher.opened
    assert (parts.group, parts.is_producer) == ("G", False)
    assert got == ["a", "b"]
    assert [each[0] for each in watch.seen] == [
        *["consuming", "inside", "consumed"] * 2,
        "close",
    ]
    assert running == [None]


def test_a_coroutine_can_be_seen_from_outside() -> None:
    waiting: Deferred[int] = Deferred()

    async def handler(messages: Any) -> int:
        return await waiting

    watch = Noting("a")
    work: Any = watched(handler, watch)([received("x")])
    result = held(Deferred.fromCoroutine(work))
    assert work.cr_await.cr_code.co_name == "handler"
    waiting.callback(7)
    assert result == [7]
    assert watch.seen[-1][0] == "consumed"


@pytest.mark.parametrize(
    ("breaks", "last"), [(False, Returned.SUCCESS), (True, Returned.FAILED)]
)
def test_a_loop_is_seen_too(
    cluster: FakeCluster, clock: Clock, breaks: bool, last: Returned
) -> None:
    cluster.create("T")
    cluster.put("T", "a", "b")
    watcher, settings = Watcher(), cluster.settings()

    async def consume() -> None:
        with suppress(KeyError):
            async with Consumer(
                "G",
                {"T": "*"},
                settings=settings,
                start_from=StartFrom.FIRST,
                watchers=[watcher],
            ) as consumer:
                async for message in consumer:
                    if message.body == b"b":
                        if breaks:
                            raise KeyError
                        break

    result_of(Deferred.fromCoroutine(consume()))
    [(_, watch)] = watcher.opened
    assert [each[0] for each in watch.seen] == [*["consuming", "consumed"] * 2, "close"]
    assert watch.seen[1][2] is Returned.SUCCESS
    assert watch.seen[3][2] is last
