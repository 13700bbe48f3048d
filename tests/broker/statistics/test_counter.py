from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.statistics.counter import (
    _ROW,
    DAY_S,
    HOUR_S,
    MINUTE_S,
    SAMPLE_S,
    Counter,
    Sum,
)


class Sampled:
    """A counter that is sampled as a broker does."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.changed: list[Counter] = []
        self.counter = Counter(self.changed, 0.0)

    def wait(self, seconds: int) -> None:
        for _ in range(seconds // SAMPLE_S):
            self.now_s += SAMPLE_S
            while self.changed:
                self.changed.pop().sample(self.now_s)

    def totals(self) -> list[int]:
        windows = (MINUTE_S, HOUR_S, DAY_S)
        return [self.counter.rate(self.now_s, window).total for window in windows]


def test_what_was_counted_leaves_one_window_after_the_other() -> None:
    sampled = Sampled()
    sampled.counter.add(1, 7, 700)
    assert sampled.totals() == [7, 7, 7]  # at once, without a sample
    sampled.wait(MINUTE_S)
    assert sampled.totals() == [7, 7, 7]
    sampled.wait(SAMPLE_S)
    assert sampled.totals() == [0, 7, 7]
    sampled.wait(HOUR_S)
    assert sampled.totals() == [0, 0, 7]
    sampled.wait(DAY_S)
    assert sampled.totals() == [0, 0, 0]
    assert sampled.counter.messages == 7


def test_counting_goes_on_after_a_pause() -> None:
    sampled = Sampled()
    sampled.counter.add(1, 7, 700)
    sampled.wait(3 * HOUR_S)
    sampled.counter.add(2, 5, 50)
    assert sampled.totals() == [5, 5, 12]
    sampled.wait(30)
    assert sampled.totals() == [5, 5, 12]
    sampled.wait(2 * HOUR_S)
    sampled.counter.add(1, 1, 1)
    assert sampled.totals() == [1, 1, 13]


def test_a_rate_is_over_the_time_that_there_was() -> None:
    sampled = Sampled()
    sampled.counter.add(1, 60, 600)
    assert sampled.counter.rate(0.0, MINUTE_S).per_second == 6.0  # as after a sample
    sampled.wait(20)
    assert sampled.counter.rate(20.0, MINUTE_S).per_second == 3.0
    assert sampled.counter.rate(20.0, MINUTE_S, of_bytes=True).per_second == 30.0
    sampled.wait(40)
    assert sampled.counter.rate(60.0, MINUTE_S).per_second == 1.0


def test_a_steady_stream_has_a_steady_rate() -> None:
    sampled = Sampled()
    for _ in range(2 * HOUR_S // SAMPLE_S):
        sampled.counter.add(5, 20, 100)
        sampled.wait(SAMPLE_S)
    for window in (MINUTE_S, HOUR_S, DAY_S):
        rate = sampled.counter.rate(sampled.now_s, window)
        assert rate.per_second == 2.0
        assert rate.average == 4.0
    assert sampled.totals()[1] in range(7200, 7200 + 600 * 2 + 1)


def test_an_average_of_nothing_is_nothing() -> None:
    assert Sampled().counter.rate(0.0, MINUTE_S).average == 0.0


def test_it_stays_small() -> None:
    sampled = Sampled()
    for _ in range(2 * DAY_S // 600):
        sampled.counter.add(1, 1, 1)
        sampled.wait(600)
    sizes = [len(rows) // _ROW.size for rows in sampled.counter._rows]
    assert all(1 < size <= 50 for size in sizes), sizes


WAITS = st.sampled_from([0, 1, 2, 7, 50, 400, 9000])


@given(st.lists(st.tuples(st.integers(0, 9), WAITS), max_size=12))
def test_a_window_never_holds_less_than_it_must(
    steps: list[tuple[int, int]],
) -> None:
    """What was counted within the window is in it, and not much that is older."""
    sampled, counted = Sampled(), []
    for number, wait in steps:
        if number:
            sampled.counter.add(1, number, number)
            counted.append((sampled.now_s, number))
        sampled.wait(wait * SAMPLE_S)
    for window, step_s in ((MINUTE_S, SAMPLE_S), (HOUR_S, 600), (DAY_S, HOUR_S)):
        found = sampled.counter.rate(sampled.now_s, window).total
        begin_s = sampled.now_s - window
        least = sum(number for at_s, number in counted if at_s > begin_s)
        most = sum(n for at_s, n in counted if at_s > begin_s - step_s - 2 * SAMPLE_S)
        assert least <= found <= most


def test_two_counters_can_be_seen_as_one() -> None:
    one, other = Sampled(), Sampled()
    one.counter.add(1, 10, 100)
    other.counter.add(2, 20, 200)
    both = Sum(one.counter, other.counter)
    assert (both.messages, both.bytes) == (30, 300)
    rate = both.rate(0.0, MINUTE_S)
    assert (rate.calls, rate.total, rate.per_second) == (3, 30, 3.0)
