from collections.abc import Iterator

import pytest
from client_kit import StoppableClock, held
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from twistedmq.client.reactor import Clock as AnyClock
from twistedmq.client.shutdown import (
    CLOSE_S,
    Leaving,
    close_at_shutdown,
    close_open_clients,
)

Events = list[str]


@pytest.fixture
def reactor() -> StoppableClock:
    return StoppableClock()


@pytest.fixture
def events() -> Events:
    return []


@pytest.fixture
def warnings() -> Iterator[Events]:
    told: Events = []

    def observe(event: LogEvent) -> None:
        if event["log_level"] is LogLevel.warn:
            told.append(event["log_format"].format_map(event))

    globalLogPublisher.addObserver(observe)
    yield told
    globalLogPublisher.removeObserver(observe)


def client(
    events: Events,
    name: str,
    *,
    receives: bool = False,
    wound_up: Deferred[None] | None = None,
    closed: Deferred[None] | None = None,
) -> Leaving:
    def step(what: str, result: Deferred[None] | None) -> Deferred[None]:
        events.append(f"{name} {what}")
        return result or succeed(None)

    return Leaving(
        name,
        receives,
        lambda: step("winds up", wound_up),
        lambda: step("closes", closed),
        5.0,
    )


def test_what_receives_goes_before_what_sends(
    reactor: StoppableClock, events: Events
) -> None:
    working: Deferred[None] = Deferred()
    close_at_shutdown(reactor, client(events, "producer"))
    consumer = client(events, "consumer", receives=True, wound_up=working)
    close_at_shutdown(reactor, consumer)
    down = reactor.shut_down()
    assert events == ["consumer winds up"]
    working.callback(None)
    assert events[1:] == ["consumer closes"]
    reactor.advance(0)
    assert events[2:] == ["producer winds up", "producer closes"]
    assert down


def test_one_trigger_serves_all_and_goes_with_the_last(
    reactor: StoppableClock, events: Events
) -> None:
    call_off_one = close_at_shutdown(reactor, client(events, "one"))
    call_off_two = close_at_shutdown(reactor, client(events, "two"))
    assert len(reactor.triggers) == 1
    call_off_one()
    assert len(reactor.triggers) == 1
    call_off_two()
    assert not reactor.triggers
    close_at_shutdown(reactor, client(events, "three"))
    reactor.shut_down()
    reactor.pump([0, 0])
    assert events == ["three winds up", "three closes"]


def test_nobody_is_waited_for_without_end(
    reactor: StoppableClock, events: Events, warnings: Events
) -> None:
    slow = client(events, "slow", wound_up=Deferred(), closed=Deferred())
    close_at_shutdown(reactor, slow)
    down = reactor.shut_down()
    reactor.pump([0, 5.0])
    assert events == ["slow winds up", "slow closes"]
    assert not down
    reactor.pump([5.0 + CLOSE_S, 0])
    assert down
    assert warnings[0] == "slow: a message is still in work"
    assert warnings[1].startswith("slow could not be closed in order: ")


def test_one_that_fails_is_told_and_the_others_close(
    reactor: StoppableClock, events: Events, warnings: Events
) -> None:
    close_at_shutdown(reactor, client(events, "bad", closed=fail(ValueError("no"))))
    close_at_shutdown(reactor, client(events, "good"))
    down = reactor.shut_down()
    reactor.pump([0, 0])
    assert down
    assert events[-1] == "good closes"
    assert warnings == ["bad could not be closed in order: no"]


def test_a_mere_clock_never_shuts_down(events: Events) -> None:
    clock: AnyClock = Clock()
    close_at_shutdown(clock, client(events, "x"))()
    assert events == []


def test_where_no_loop_is_left_none_is_waited_for(
    reactor: StoppableClock, events: Events
) -> None:
    close_at_shutdown(reactor, client(events, "producer"))
    close_at_shutdown(
        reactor, client(events, "consumer", receives=True, wound_up=Deferred())
    )
    closed = held(close_open_clients(reactor))
    reactor.pump([0.0] * 2)
    assert events == ["consumer closes", "producer closes"]
    assert closed == [None]
    assert held(close_open_clients(StoppableClock())) == [None]
