from timer_kit import NOW_MS, TimerSide

from twistedmq.broker.timer.service import GATHER_S


def test_a_broker_without_timers_is_never_behind() -> None:
    backlog = TimerSide().start().backlog
    assert backlog.runtime_figures() == {
        "timerReadBehind": 0,
        "timerOffsetBehind": 0,
        "timerCongestNum": 0,
        "timerEnqueueTps": 0.0,
        "timerDequeueTps": 0.0,
    }
    assert (backlog.place_behind_ms, backlog.read_ms) == (0, NOW_MS)


def test_figures() -> None:
    side = TimerSide().start()
    for delay_s in (3, 50, 200):
        side.send(TIMER_DELAY_SEC=str(delay_s))
    side.advance(GATHER_S)
    backlog = side.backlog
    assert (backlog.waiting, backlog.placed, backlog.delivered) == (3, 3, 0)
    assert backlog.waiting_until([5, 60, 300]) == [1, 1, 1]
    assert backlog.placed_per_second == 3 / 60
    assert backlog.metrics.counts() == {"T": 3}
    side.config.replace(intake_stopped=True, delivery_stopped=True)
    side.advance(30 - GATHER_S)
    side.send(TIMER_DELAY_SEC="5")
    side.advance(20)
    assert backlog.place_behind_messages == 1
    assert backlog.place_behind_ms == 50_000
    assert backlog.deliver_behind_ms == 47_000
    assert backlog.read_ms == NOW_MS + 2000
    assert backlog.runtime_figures()["timerReadBehind"] == 47
    side.config.replace(intake_stopped=False, delivery_stopped=False)
    side.settle()
    assert backlog.deliver_behind_ms == 0
    assert backlog.delivered_per_second == 3 / 60
