from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.inner.diversion import Diversions, Diverted
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.interfaces import Appended, StoreFullError

ONE = InnerMessage("T", 0, {}, b"x")


class Log:
    """Takes batches; ``safe`` gives what it is told to."""

    def __init__(self, safe: Any = None) -> None:
        self.batches: list[SendBatch] = []
        self._safe = safe

    def append(self, batch: SendBatch) -> Appended:
        self.batches.append(batch)
        return Appended([0] * len(batch), [0] * len(batch), 100, 0)

    def safe(self, end: int) -> Any:
        assert end == 100
        return self._safe


def writer(log: Log, settled: Any = None, diversions: Any = ()) -> InnerWriter:
    store: Any = log
    counters = BrokerCounters(Clock().seconds, "c")
    return InnerWriter(store, counters, Diversions(diversions), lambda: settled)


def test_messages_are_stored_as_one_write() -> None:
    log = Log()
    inner = writer(log)
    appended = inner.write([ONE, ONE])
    assert [len(batch) for batch in log.batches] == [2]
    assert inner.safe(appended) is None


def test_it_is_safe_when_both_message_and_topic_are() -> None:
    flushed: Deferred[None] = Deferred()
    announced: Deferred[None] = Deferred()
    inner = writer(Log(flushed), announced)
    safe = inner.safe(inner.write([ONE]))
    done: list[object] = []
    assert safe is not None
    safe.addCallback(done.append)
    flushed.callback(None)
    assert done == []
    announced.callback(None)
    assert done == [None]


def test_a_topic_that_was_not_announced_does_no_harm() -> None:
    inner = writer(Log(), fail(OSError("no disk")))
    safe = inner.safe(inner.write([ONE]))
    assert safe is not None
    assert safe.called


def test_a_failed_flush_is_told() -> None:
    inner = writer(Log(fail(StoreFullError("disk"))), None)
    failures: list[Any] = []
    safe = inner.safe(inner.write([ONE]))
    assert safe is not None
    safe.addErrback(failures.append)
    assert failures[0].check(StoreFullError)


def test_what_has_to_wait_first() -> None:
    elsewhere = InnerMessage("W", 0, {}, b"x")
    inner = writer(Log(), None, [lambda message: Diverted(elsewhere)])
    assert inner.divert(ONE) is elsewhere
    with pytest.raises(TypeError):
        inner.write([])
