import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.metrics.samples import Distribution, counter, gauge


def test_a_counter_says_so_in_its_name() -> None:
    with pytest.raises(ValueError, match="_total"):
        counter("rocketmq_messages_in", "In")


def test_a_figure_has_the_labels_of_its_kind() -> None:
    sample = gauge("lag", "Lag", "topic", "group").of(7, "T", "g")
    assert sample.labels == ("T", "g")
    assert sample.value == 7


def test_a_value_belongs_to_the_first_bound_it_does_not_exceed() -> None:
    seen = Distribution([1, 10, 100])
    for value in (1, 1.5, 10, 11, 1000):
        seen.add(value)
    seen.add(5, times=3)
    assert seen.counts == [1, 5, 1, 1]
    assert seen.number == 8
    assert seen.total == 1 + 1.5 + 10 + 11 + 1000 + 15


def test_a_quantile_lies_within_its_bounds() -> None:
    seen = Distribution([1, 10, 100])
    assert seen.quantile(0.99) == 0
    seen.add(5, times=99)
    seen.add(50)
    assert 1 < seen.quantile(0.5) <= 10
    assert 10 < seen.quantile(0.999) <= 100
    seen.add(10_000, times=100)
    assert seen.quantile(0.999) == 100  # more is not known


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_quantiles_rise_with_the_part(values: list[float], part: float) -> None:
    seen = Distribution([1, 10, 100, 1000])
    for value in values:
        seen.add(value)
    assert 0 <= seen.quantile(part / 2) <= seen.quantile(part) <= 1000
