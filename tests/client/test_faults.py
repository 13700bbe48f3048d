import pytest

from twistedmq.client.faults import BackOff, Faults
from twistedmq.protocol.errors import InvalidParameterError


@pytest.mark.parametrize(
    ("took_s", "alone_s"),
    [
        (0.0, 0.0),
        (0.549, 0.0),
        (0.55, 2.0),
        (1.8, 5.0),
        (3.0, 6.0),
        (5.0, 10.0),
        (14.9, 10.0),
        (15.0, 30.0),
        (99.0, 30.0),
    ],
)
def test_the_slower_the_longer_it_is_left_alone(took_s: float, alone_s: float) -> None:
    assert BackOff().for_latency(took_s) == alone_s


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        (([1.0], [1.0, 2.0]), "latency_s has 1 steps, left_alone_s has 2"),
        (([2.0, 1.0], [1.0, 2.0]), "latency_s does not rise"),
        (([1.0, 2.0], [2.0, 1.0]), "left_alone_s does not rise"),
    ],
)
def test_tables_that_make_no_sense_are_refused(
    tables: tuple[list[float], list[float]], problem: str
) -> None:
    with pytest.raises(InvalidParameterError, match=problem):
        BackOff(*tables)


def test_a_slow_broker_is_left_alone_for_a_while() -> None:
    faults = Faults()
    faults.took("a", 100.0, 2.0)
    assert not faults.is_available("a", 104.9)
    assert faults.is_reachable("a")
    assert faults.is_available("a", 105.0)
    assert faults.is_available("b", 100.0)


def test_a_quick_answer_does_not_call_that_off() -> None:
    faults = Faults()
    faults.took("a", 100.0, 2.0)
    faults.took("a", 101.0, 0.001)
    assert not faults.is_available("a", 104.9)


def test_quick_brokers_are_not_even_noted() -> None:
    faults = Faults()
    faults.took("a", 100.0, 0.01)
    assert not len(faults)


def test_a_broker_that_failed_is_left_alone_for_ten_seconds() -> None:
    faults = Faults()
    faults.failed("a", 100.0, reachable=False)
    assert not faults.is_available("a", 109.9)
    assert faults.is_available("a", 110.0)
    assert not faults.is_reachable("a")
    faults.answers("a")
    assert faults.is_reachable("a")
    faults.failed("a", 100.0, reachable=False)
    faults.took("a", 100.0, 0.001)
    assert faults.is_reachable("a")


def test_probes_are_due_so_often() -> None:
    faults = Faults()
    faults.failed("a", 100.0, reachable=False)
    faults.failed("b", 100.0, reachable=True)
    assert list(faults.to_probe(100.0, 2.0)) == ["a", "b"]
    assert list(faults.to_probe(101.9, 2.0)) == []
    faults.forget("b")
    assert list(faults.to_probe(102.0, 2.0)) == ["a"]
    faults.answers("b")
    assert faults.is_reachable("b")
