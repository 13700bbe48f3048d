from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from twistedmq.broker.flow.guard import BusyGuard, TooBusyError
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.testing.connections import FakeConnection, make_request

SEND = RequestCode.SEND_MESSAGE_V2


class Guarded:
    def __init__(self) -> None:
        self.counted: list[tuple[str, int]] = []
        self.busyness: Any = SimpleNamespace(
            wait_ms=0,
            slow_ms=0,
            asked=lambda: None,
            refused=lambda *counted: self.counted.append(counted),
        )
        self.config = Live(FlowConfig())
        self.guard = BusyGuard(self.busyness, self.config)

    def send(self, number: int = 3) -> object:
        handlers = self.guard.batches({SEND: lambda frames, _: b"stored"})
        return handlers[SEND]([b""] * number, FakeConnection())

    def ask(self, code: int) -> int:
        handler = self.guard.handlers({code: lambda _: Reply()})[code]
        reply = handler(make_request(code))
        assert isinstance(reply, Reply)
        return reply.code


def test_usually_everything_is_let_through() -> None:
    guarded = Guarded()
    assert guarded.send() == b"stored"
    assert guarded.ask(RequestCode.PULL_MESSAGE) == 0


def test_sends_that_waited_too_long_are_told_so() -> None:
    guarded = Guarded()
    guarded.busyness.wait_ms = 199
    assert guarded.send() == b"stored"
    guarded.busyness.wait_ms = 250
    with pytest.raises(TooBusyError) as refused:
        guarded.send()
    assert refused.value.code == ResponseCode.SYSTEM_BUSY
    assert str(refused.value) == (
        "[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, "
        "period in queue: 250ms, size of queue: 3"
    )
    assert guarded.counted == [("TIMEOUT_CLEAN_QUEUE", 3)]


def test_a_slow_disk_is_named() -> None:
    guarded = Guarded()
    guarded.busyness.slow_ms = 1200
    with pytest.raises(TooBusyError, match=r"PCBUSY_CLEAN_QUEUE.*1200ms"):
        guarded.send()
    assert guarded.ask(RequestCode.PULL_MESSAGE) == 0


@pytest.mark.parametrize(
    ("code", "limit_ms"),
    [
        (RequestCode.PULL_MESSAGE, 5_000),
        (RequestCode.LITE_PULL_MESSAGE, 5_000),
        (RequestCode.HEART_BEAT, 31_000),
        (RequestCode.END_TRANSACTION, 3_000),
        (RequestCode.ACK_MESSAGE, 3_000),
        (RequestCode.UPDATE_AND_CREATE_TOPIC, 5_000),
    ],
)
def test_other_requests_have_limits_of_their_own(code: int, limit_ms: int) -> None:
    guarded = Guarded()
    guarded.busyness.wait_ms = limit_ms - 1
    assert guarded.ask(code) == 0
    guarded.busyness.wait_ms = limit_ms
    with pytest.raises(TooBusyError):
        guarded.ask(code)


def test_a_batch_of_another_kind_has_its_own_limit() -> None:
    guarded = Guarded()
    code = RequestCode.ACK_MESSAGE
    handler = guarded.guard.batches({code: lambda frames, _: b"acked"})[code]
    guarded.busyness.wait_ms = 2_999
    assert handler([b""], FakeConnection()) == b"acked"
    guarded.busyness.wait_ms = 3_000
    with pytest.raises(TooBusyError):
        handler([b""], FakeConnection())


def test_some_may_wait_as_long_as_it_takes() -> None:
    guarded = Guarded()
    guarded.busyness.wait_ms = 10**6
    assert guarded.ask(RequestCode.QUERY_CONSUMER_OFFSET) == 0


def test_it_can_be_turned_off() -> None:
    guarded = Guarded()
    guarded.config.set(replace(guarded.config.value, fail_fast=False))
    guarded.busyness.wait_ms = guarded.busyness.slow_ms = 10**6
    assert guarded.send() == b"stored"
    assert guarded.ask(RequestCode.PULL_MESSAGE) == 0
