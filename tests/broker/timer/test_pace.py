from twisted.internet.task import Clock

from twistedmq.broker.timer.pace import Pace


def test_the_last_minute_counts() -> None:
    clock = Clock()
    pace = Pace(clock.seconds)
    assert (pace.total, pace.per_second()) == (0, 0.0)
    for _ in range(12):
        pace.add(30)
        pace.add(30)
        clock.advance(10)
    assert pace.total == 720
    clock.advance(-1)
    assert pace.per_second() == 6.0
    clock.advance(30)
    assert pace.per_second() == 3.0
    clock.advance(60)
    assert pace.per_second() == 0.0
