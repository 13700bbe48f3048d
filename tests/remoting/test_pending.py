import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import RequestTimeoutError, TooManyRequestsError
from twistedmq.remoting.pending import PendingRequests
from twistedmq.remoting.timer_wheel import TimerWheel


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pending(clock) -> PendingRequests:
    return PendingRequests(TimerWheel(clock), 2)


def wait(
    pending: PendingRequests, opaque: int, peer: str, code: int, timeout_s: float
) -> Deferred[Command]:
    answer: Deferred[Command] = Deferred(lambda _: pending.forget(opaque))
    pending.expect(opaque, peer, code, timeout_s, answer.callback, answer.errback)
    return answer


def test_numbers_rise_and_never_leave_31_bits(pending):
    assert [pending.next_opaque() for _ in range(3)] == [1, 2, 3]
    pending._last_opaque = 0x7FFF_FFFE
    assert [pending.next_opaque() for _ in range(3)] == [0x7FFF_FFFF, 1, 2]


def test_an_answer_is_handed_over_and_its_time_out_forgotten(pending, clock):
    got = []
    wait(pending, 5, "p", 1, 3.0).addCallback(got.append)
    pending.answer(Command(code=0, opaque=6))  # nobody's
    pending.answer(Command(code=0, opaque=5))
    pending.answer(Command(code=0, opaque=5))  # a second one
    assert [c.opaque for c in got] == [5]
    assert len(pending) == 0
    assert clock.getDelayedCalls() == []


def test_a_time_out_names_the_request(pending, clock):
    failures = []
    wait(pending, 5, "10.0.0.1:1", 34, 3.0).addErrback(failures.append)
    clock.advance(3)
    assert failures[0].check(RequestTimeoutError)
    assert "10.0.0.1:1 to request 34 within 3 s" in failures[0].getErrorMessage()
    assert len(pending) == 0


def test_cancelling_forgets_the_request(pending, clock):
    failures = []
    answer = wait(pending, 5, "p", 1, 3.0).addErrback(failures.append)
    answer.cancel()
    assert failures[0].check(CancelledError)
    assert len(pending) == 0
    assert clock.getDelayedCalls() == []


def test_the_limit_holds(pending):
    kept = [wait(pending, n, "p", 1, 3.0) for n in (1, 2)]
    refused: list[Failure] = []
    wait(pending, 3, "p", 1, 3.0).addErrback(refused.append)
    assert refused[0].check(TooManyRequestsError)
    pending.fail_all(lambda: OSError("gone"))
    failures = []
    for answer in kept:
        answer.addErrback(failures.append)
    assert len(failures) == 2
    assert len(pending) == 0


def test_requests_of_one_tick_share_a_timer_and_time_out_in_order(clock):
    wheel = TimerWheel(clock)
    pending = PendingRequests(wheel, 10)
    failed: list[int] = []
    for opaque in (7, 8, 9):
        answer = wait(pending, opaque, "p", opaque, 3.0)
        answer.addErrback(lambda failure: failed.append(failure.value.request_code))
    assert len(wheel) == 1
    pending.answer(Command(code=0, opaque=8))
    clock.advance(3)
    assert failed == [7, 9]
    assert len(wheel) == 0


def test_who_hears_of_a_time_out_may_give_up_the_others(clock):
    reasons: list[type] = []
    pending: PendingRequests

    def on_time_out() -> None:
        pending.fail_all(lambda: OSError("gone"))

    pending = PendingRequests(TimerWheel(clock), 10, on_time_out)
    for opaque in (1, 2):
        answer = wait(pending, opaque, "p", 1, 3.0)
        answer.addErrback(lambda failure: reasons.append(failure.type))
    clock.advance(3)
    assert reasons == [OSError, RequestTimeoutError]
    assert clock.getDelayedCalls() == []
