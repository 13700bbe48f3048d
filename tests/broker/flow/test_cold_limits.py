from dataclasses import replace

import pytest

from twistedmq.broker.flow.cold_limits import (
    HISTORY,
    MAX_BYTES,
    MOST_SHRUNK,
    ColdLimits,
    Trend,
)
from twistedmq.config.flow import ColdConfig
from twistedmq.config.live import Live

ADAPTIVE = ColdConfig(
    enabled=True, adaptive=True, group_bytes=100, global_bytes=1000, uses_pid=False
)


class Groups:
    def __init__(self, config: ColdConfig = ADAPTIVE) -> None:
        self.config = Live(config)
        self.limits = ColdLimits(self.config)

    def period(self, total: int | None = None, **sizes: int) -> None:
        self.limits.adapt(sizes, sum(sizes.values()) if total is None else total)


@pytest.fixture
def groups() -> Groups:
    return Groups()


class TestByTheLastPeriod:
    def test_who_needs_more_gets_half_as_much_again(self, groups: Groups) -> None:
        groups.period(G=100, Q=99)
        assert groups.limits.of("G") == 150
        assert groups.limits.of("Q") == 100
        groups.period(G=150)
        assert groups.limits.of("G") == 225

    def test_nobody_gets_more_when_all_together_read_too_much(
        self, groups: Groups
    ) -> None:
        groups.period(G=1001)
        assert groups.limits.of("G") == 100

    def test_then_those_with_most_lose_a_fifth_but_keep_what_all_have(
        self, groups: Groups
    ) -> None:
        names = [f"G{number}" for number in range(MOST_SHRUNK + 1)]
        for number, name in enumerate(names):
            groups.limits.set(f"{name}||adaptive", 110 + 100 * number)
        groups.period(1001, **dict.fromkeys(names, 0))
        assert [groups.limits.of(name) for name in names] == [110, 168, 248, 328]
        for _ in range(10):
            groups.period(1001, **dict.fromkeys(names, 0))
        assert set(map(groups.limits.of, names)) == {100}

    def test_what_an_operator_has_set_stays(self, groups: Groups) -> None:
        groups.limits.set("G", 50)
        groups.period(G=60)
        groups.period(2000, G=60)
        assert groups.limits.of("G") == 50
        assert groups.limits.table() == {"G": 50}
        groups.limits.remove("G")
        assert groups.limits.of("G") == 100

    def test_who_reads_nothing_any_more_is_forgotten(self, groups: Groups) -> None:
        groups.period(G=100)
        assert groups.limits.table() == {"G||adaptive": 150}
        groups.period()
        assert groups.limits.table() == {}

    def test_no_limit_is_more_than_a_tool_can_be_told(self, groups: Groups) -> None:
        groups.config.replace(global_bytes=MAX_BYTES)
        for _ in range(200):
            groups.period(G=groups.limits.of("G"))
        assert groups.limits.of("G") == MAX_BYTES


def test_nothing_adapts_unless_it_is_on() -> None:
    groups = Groups(replace(ADAPTIVE, adaptive=False))
    groups.period(G=100)
    assert groups.limits.table() == {}


def test_switched_off_all_have_the_same_again(groups: Groups) -> None:
    groups.period(G=100)
    groups.config.replace(adaptive=False)
    assert groups.limits.of("G") == 100
    groups.period(G=100)
    assert groups.limits.table() == {}


class TestByTenPeriods:
    @pytest.fixture
    def groups(self) -> Groups:
        return Groups(replace(ADAPTIVE, uses_pid=True))

    def test_nothing_happens_before_there_are_ten(self, groups: Groups) -> None:
        for _ in range(HISTORY - 1):
            groups.period(G=100)
        assert groups.limits.of("G") == 100
        groups.period(G=100)
        assert groups.limits.of("G") == 150

    def test_less_is_given_while_more_is_read_than_aimed_at(
        self, groups: Groups
    ) -> None:
        for _ in range(HISTORY):
            groups.period(G=100)
        for _ in range(HISTORY):
            groups.period(900, G=0)
        assert groups.limits.of("G") == 100

    def test_one_full_period_among_quiet_ones_takes_nothing(
        self, groups: Groups
    ) -> None:
        for _ in range(HISTORY):
            groups.period(G=100)
        groups.period(1100, G=0)
        assert groups.limits.of("G") == 150


def test_the_trend_is_what_the_genuine_formula_gives() -> None:
    trend = Trend()
    for size in (0, 100, 200, 300, 400, 500, 600, 700, 900):
        trend.note(size, 1000)
    assert trend.room == 0
    trend.note(1000, 1000)
    # errors: 800, 700, ... 100, -100, -200
    assert trend.room == pytest.approx(0.5 * -200 + 0.3 * 3300 + 0.2 * -100)
