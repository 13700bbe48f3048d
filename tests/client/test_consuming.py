from typing import Any

import pytest
from client_kit import held, received
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

from twistedmq.client.consuming import MessageHandler, RetryLater, Workers, explain
from twistedmq.client.inbox import Inbox
from twistedmq.client.message import ReceivedMessage


class Line:
    """An inbox with workers, and what became of messages."""

    def __init__(self, handler: MessageHandler, concurrency: int = 2) -> None:
        self.clock = Clock()
        self.inbox = Inbox()
        self.done: list[bytes] = []
        self.failed: list[tuple[bytes, Any]] = []
        self.workers = Workers(
            self.inbox,
            handler,
            concurrency,
            lambda message: self.done.append(message.body),
            self._fail,
            self.clock,
        )
        self.workers.start()

    def _fail(self, message: ReceivedMessage, failure: Failure) -> Deferred[None]:
        self.failed.append((message.body, failure.value))
        return succeed(None)

    def put(self, *bodies: str) -> None:
        self.inbox.put([received(body) for body in bodies])


def test_a_function_may_give_a_value() -> None:
    line = Line(lambda message: None)
    line.put("a", "b", "c")
    assert line.done == [b"a", b"b", b"c"]


def test_a_function_may_give_a_deferred_and_only_so_many_are_in_work() -> None:
    pending: list[Deferred[None]] = []

    def handle(message: ReceivedMessage) -> Deferred[None]:
        pending.append(Deferred())
        return pending[-1]

    line = Line(handle)
    line.put("a", "b", "c")
    assert (len(pending), line.done) == (2, [])
    pending[1].callback(None)
    line.clock.advance(0)
    assert (len(pending), line.done) == (3, [b"b"])


def test_a_function_may_be_a_coroutine() -> None:
    async def handle(message: ReceivedMessage) -> None:
        await succeed(None)

    line = Line(handle)
    line.put("a")
    assert line.done == [b"a"]


def test_raising_and_failing_are_the_same() -> None:
    def handle(message: ReceivedMessage) -> Any:
        if message.body == b"a":
            raise ValueError("now")
        later: Deferred[None] = Deferred()
        later.errback(ValueError("later"))
        return later

    line = Line(handle)
    line.put("a", "b")
    assert [body for body, _ in line.failed] == [b"a", b"b"]
    assert not line.done


def test_quick_functions_let_the_reactor_have_its_turn() -> None:
    line = Line(lambda message: None)
    line.put(*map(str, range(100)))
    assert len(line.done) == 64
    line.clock.advance(0)
    assert len(line.done) == 100


def test_stopping_waits_for_what_is_in_work() -> None:
    pending: Deferred[None] = Deferred()
    line = Line(lambda message: pending, concurrency=1)
    line.put("a", "b")
    stopped = held(line.workers.stop())
    assert not stopped
    pending.callback(None)
    line.clock.advance(0)
    assert stopped == [None]
    assert line.done == [b"a"]
    assert held(line.workers.stop()) == [None]


@pytest.mark.parametrize(("error", "told"), [(ValueError("x"), 1), (RetryLater(3), 0)])
def test_a_wish_to_retry_is_no_news(error: Exception, told: int) -> None:
    events: list[Any] = []
    globalLogPublisher.addObserver(events.append)
    explain(received("a"), Failure(error), "and so on")
    globalLogPublisher.removeObserver(events.append)
    assert len(events) == told


def test_a_wish_to_retry_has_a_level() -> None:
    assert RetryLater(3).delay_level == 3
