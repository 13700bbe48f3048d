from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.pop.revive_log import ReviveLog
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.connections import FakeConnection


class Writer:
    """Stands for InnerWriter."""

    def __init__(self) -> None:
        self.written: list[list[InnerMessage]] = []
        self.full = False
        self.unsafe: Deferred[None] | None = None

    def write(self, messages: list[InnerMessage]) -> None:
        if self.full:
            raise StoreFullError("full")
        self.written.append(messages)

    def safe(self, _: None) -> Deferred[None] | None:
        return self.unsafe


class Kept:
    def __init__(self) -> None:
        self.clock, self.writer = Clock(), Writer()
        self.log = ReviveLog(self.clock, self.writer)  # type: ignore[arg-type]
        self.ends: list[Any] = []

    def add(self, *bodies: bytes) -> None:
        messages = [InnerMessage("T", 0, {}, body) for body in bodies]
        written = self.log.add(messages)
        written.addBoth(lambda end: self.ends.append(end and end.value))


class Line(FakeConnection):
    """Notes when answers are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []

    def cork(self) -> None:
        self.events.append("cork")

    def uncork(self) -> None:
        self.events.append("uncork")

    def answer(self, _: None) -> None:
        self.events.append("answer")


@pytest.mark.parametrize("late", [False, True])
def test_answers_to_one_connection_leave_together(late: bool) -> None:
    kept, line, other = Kept(), Line(), Line()
    if late:
        kept.writer.unsafe = Deferred()
    for connection in (line, other, line):
        message = InnerMessage("T", 0, {}, b"a")
        kept.log.add([message], connection).addCallback(connection.answer)
    kept.clock.advance(0)
    if kept.writer.unsafe is not None:
        assert line.events == []
        kept.writer.unsafe.callback(None)
    assert line.events == ["cork", "answer", "answer", "uncork"]
    assert other.events == ["cork", "answer", "uncork"]


def test_what_comes_in_a_turn_is_one_append() -> None:
    kept = Kept()
    kept.add(b"a", b"b")
    kept.add(b"c")
    assert kept.writer.written == kept.ends == []
    kept.clock.advance(0)
    assert [[m.body for m in each] for each in kept.writer.written] == [
        [b"a", b"b", b"c"]
    ]
    assert kept.ends == [None, None]
    kept.add()
    kept.clock.advance(0)
    assert len(kept.writer.written) == 1
    assert kept.ends == [None, None, None]


def test_who_added_waits_until_it_is_safe() -> None:
    kept = Kept()
    kept.writer.unsafe = Deferred()
    kept.add(b"a")
    kept.clock.advance(0)
    assert kept.ends == []
    kept.writer.unsafe.callback(None)
    assert kept.ends == [None]


def test_a_failure_is_everybodys() -> None:
    kept = Kept()
    kept.writer.full = True
    kept.add(b"a")
    kept.add(b"b")
    kept.clock.advance(0)
    assert [str(end) for end in kept.ends] == ["full", "full"]
    kept.writer.full = False
    kept.writer.unsafe = Deferred()
    kept.add(b"c")
    kept.clock.advance(0)
    kept.writer.unsafe.errback(StoreFullError("flush failed"))
    assert str(kept.ends[-1]) == "flush failed"
