import pytest
from client_kit import held, result_of
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock

from twistedmq.client.errors import ArgumentError, ProducerFullError
from twistedmq.client.in_flight import InFlight, InFlightLimits


def in_flight(clock: Clock, **limits: int) -> InFlight:
    return InFlight(InFlightLimits(**limits), clock)


def test_there_is_room_until_there_is_none(clock: Clock) -> None:
    flight = in_flight(clock, max_messages=3, max_bytes=100)
    assert flight.enter(2, 50, 1) is None
    assert flight.enter(1, 50, 1) is None
    full = held(flight.enter(1, 1, 5) or Deferred())
    flight.leave(1, 50)
    assert full == [None]
    assert (flight.messages, flight.bytes) == (3, 51)
    assert not clock.getDelayedCalls()


def test_who_waits_is_served_in_order(clock: Clock) -> None:
    flight = in_flight(clock, max_messages=9, max_bytes=100)
    assert flight.enter(1, 90, 1) is None
    large = held(flight.enter(1, 80, 5) or Deferred())
    small = held(flight.enter(1, 5, 5) or Deferred())  # would fit, but is second
    assert not small
    flight.leave(1, 90)
    assert (large, small) == ([None], [None])


def test_waiting_has_an_end(clock: Clock) -> None:
    flight = in_flight(clock, max_messages=1)
    assert flight.enter(1, 1, 1) is None
    waiting = flight.enter(1, 1, 2)
    assert waiting is not None
    clock.advance(2)
    with pytest.raises(ProducerFullError) as raised:
        result_of(waiting)
    error = raised.value
    assert (error.field, error.value, error.limit) == ("max_messages", 2, 1)
    assert error.waited_s == 2
    flight.leave(1, 1)
    assert (flight.messages, flight.bytes) == (0, 0)
    assert flight.enter(1, 1, 1) is None


def test_whoever_does_not_want_to_wait_is_told_at_once(clock: Clock) -> None:
    flight = in_flight(clock, max_bytes=10, wait=False)
    assert flight.enter(1, 8, 1) is None
    with pytest.raises(ProducerFullError, match="max_bytes is 10") as raised:
        result_of(flight.enter(1, 8, 1) or Deferred())
    assert raised.value.value == 16


def test_what_is_larger_than_all_room_goes_alone(clock: Clock) -> None:
    flight = in_flight(clock, max_bytes=10)
    assert flight.enter(1, 99, 1) is None
    waiting = held(flight.enter(1, 99, 1) or Deferred())
    flight.leave(1, 99)
    assert waiting == [None]


def test_who_gives_up_is_passed_over(clock: Clock) -> None:
    flight = in_flight(clock, max_messages=1)
    assert flight.enter(1, 1, 1) is None
    first, second = flight.enter(1, 1, 5), flight.enter(1, 1, 5)
    assert first is not None
    assert second is not None
    first.cancel()
    with pytest.raises(CancelledError):
        result_of(first)
    flight.leave(1, 1)
    assert result_of(second) is None
    assert not clock.getDelayedCalls()


def test_idle_waits_for_all_that_is_tracked(clock: Clock) -> None:
    flight = in_flight(clock)
    works: list[Deferred[int]] = [Deferred(), Deferred()]
    for work in works:
        assert flight.track(work) is work
    idle = held(flight.idle())
    works[0].callback(1)
    assert not idle
    works[1].errback(ValueError())
    assert idle == [None]
    assert result_of(works[0]) == 1
    with pytest.raises(ValueError):  # noqa: PT011 - it has no text
        result_of(works[1])
    assert result_of(flight.idle()) is None


def test_what_waits_for_something_else_is_not_done(clock: Clock) -> None:
    flight = in_flight(clock)
    other: Deferred[None] = Deferred()
    flight.track(succeed(None).addCallback(lambda _: other))
    idle = held(flight.idle())
    assert not idle
    other.callback(None)
    assert idle == [None]


@pytest.mark.parametrize("name", ["max_messages", "max_bytes"])
def test_no_room_at_all_makes_no_sense(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name}") as raised:
        InFlightLimits(**{name: 0})
    assert raised.value.field == name


def test_idle_waits_until_all_has_left(clock: Clock) -> None:
    flight = in_flight(clock, max_messages=1)
    assert flight.enter(1, 7, 1) is None
    idle, waiting = held(flight.idle()), held(flight.enter(1, 1, 5) or Deferred())
    assert (idle, waiting) == ([], [])
    flight.leave(1, 7)
    assert (idle, waiting) == ([], [None])
    assert (flight.messages, flight.bytes) == (1, 1)
    flight.leave(1, 1)
    assert idle == [None]


def test_what_is_carried_leaves_by_itself(clock: Clock) -> None:
    flight = in_flight(clock)
    assert flight.enter(1, 7, 1) is None
    work: Deferred[str] = Deferred()
    assert flight.carry(work, 1, 7) is work
    idle = held(flight.idle())
    assert idle == []
    work.callback("done")
    assert idle == [None]
    assert (flight.messages, flight.bytes) == (0, 0)
    assert result_of(work) == "done"
