from twistedmq.broker.statistics.days import Days, Sums

DAY_MS = 86_400_000
NOON_MS = 1_700_000_000_000 // DAY_MS * DAY_MS + DAY_MS // 2


def test_the_sums_at_midnight_are_kept() -> None:
    now_ms, sums = [NOON_MS], [Sums()]
    days = Days(lambda: sums[0], lambda: now_ms[0])
    sums[0] = Sums(10, 5)
    days.tick()
    assert days.today == Sums()
    now_ms[0] += DAY_MS
    days.tick()
    assert days.today == Sums(10, 5)
    sums[0] = Sums(25, 5)
    now_ms[0] += DAY_MS
    days.tick()
    days.tick()
    assert days.yesterday == Sums(10, 5)
    assert days.today == days.now() == Sums(25, 5)
