"""What becomes of messages; see test_consumer for the usual."""

from collections.abc import Callable
from typing import Any

import pytest
from client_kit import FakeCluster, held, received, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

from twistedmq.client.consumer import Consumer
from twistedmq.client.consuming import RetryLater
from twistedmq.client.consumption import explain
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.bodies.queues import MessageQueue

QUEUE = MessageQueue("T", "broker-0", 0)
Make = Callable[..., Consumer]


@pytest.fixture
def make(cluster: FakeCluster) -> Make:
    cluster.create("T", queues=1)

    def consumer(**options: Any) -> Consumer:
        usual = {"settings": cluster.settings(), "start_from": StartFrom.FIRST}
        return Consumer("G", {"T": "*"}, **usual | options)

    return consumer


def test_a_function_may_get_batches(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    got: list[list[bytes]] = []
    cluster.put("T", *"abcde")
    consumer = make()
    consumer.run_batches(lambda lot: got.append([m.body for m in lot]), size=2)
    assert got == [[b"a", b"b"], [b"c", b"d"], [b"e"]]
    clock.advance(5)
    assert cluster.committed["G", QUEUE] == 5


def test_all_of_a_batch_that_fails_come_again(cluster: FakeCluster, make: Make) -> None:
    def handle(lot: list[ReceivedMessage]) -> None:
        raise RetryLater(2)

    cluster.put("T", *"abc")
    make().run_batches(handle)
    assert [header.delay_level for header in cluster.given_back] == [2, 2, 2]


def test_a_batch_may_be_done_in_part(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    def handle(lot: list[ReceivedMessage]) -> None:
        if not lot[0].reconsume_times:
            raise RetryLater(messages=lot[1:2])

    cluster.put("T", *"abc")
    make().run_batches(handle)
    clock.advance(5)
    assert [header.offset for header in cluster.given_back] == [
        cluster.records[QUEUE][1].physical_offset
    ]
    assert cluster.committed["G", QUEUE] == 3


def test_what_is_not_ours_any_more_is_not_given_back(
    cluster: FakeCluster, make: Make
) -> None:
    pending: Deferred[None] = Deferred()
    consumer = make()
    consumer.run(lambda message: pending)
    cluster.put("T", "a")
    consumer._member.owned.drop(QUEUE)
    pending.errback(ValueError("no"))
    assert not cluster.given_back


@pytest.mark.parametrize(("error", "told"), [(ValueError("x"), 1), (RetryLater(3), 0)])
def test_a_wish_to_retry_is_no_news(error: Exception, told: int) -> None:
    events: list[Any] = []
    globalLogPublisher.addObserver(events.append)
    explain([received("a"), received("b")], Failure(error), "and so on")
    globalLogPublisher.removeObserver(events.append)
    assert len(events) == told
    kept = [value for event in events for value in event.values()]
    assert not any(isinstance(value, ReceivedMessage) for value in kept)


def test_a_consumer_is_closed_before_it_had_work(make: Make) -> None:
    assert held(make()._consumption.stop(1.0)) == [None]


def test_a_message_put_off_twice_is_ours_once(cluster: FakeCluster, make: Make) -> None:
    consumer = result_of(make().start())
    cluster.put("T", "a")
    message = result_of(Deferred.fromCoroutine(anext(aiter(consumer))))
    assert result_of(consumer.retry_later(message)) is True
    assert result_of(consumer.retry_later(message)) is False
    assert len(cluster.given_back) == 1


def test_what_takes_too_long_is_given_back_once(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    pending: dict[bytes, Deferred[None]] = {}

    def handle(message: ReceivedMessage) -> Deferred[None] | None:
        if message.body == b"quick":
            return None
        return pending.setdefault(message.body, Deferred())

    make(consume_timeout_s=120.0).run(handle)
    cluster.put("T", "stuck", "quick")
    clock.advance(60)
    cluster.put("T", "late")
    assert cluster.committed.get(("G", QUEUE)) in (None, 0)
    clock.advance(60)
    assert [header.delay_level for header in cluster.given_back] == [3]
    clock.advance(5)
    assert cluster.committed["G", QUEUE] == 2
    pending[b"stuck"].errback(ValueError("no"))
    assert len(cluster.given_back) == 1


@pytest.mark.parametrize("options", [{"consume_timeout_s": None}, {"orderly": True}])
def test_some_may_take_as_long_as_they_like(
    cluster: FakeCluster, make: Make, clock: Clock, options: dict[str, Any]
) -> None:
    make(**options).run(lambda message: Deferred())
    cluster.put("T", "a")
    clock.pump([60] * 20)
    assert not cluster.given_back
