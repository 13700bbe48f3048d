from collections.abc import AsyncIterator, Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from twistedmq.metrics.registry import AT_ONCE, Family, MetricsRegistry
from twistedmq.metrics.samples import MetricSource, Sample, gauge

LAG = gauge("lag", "Lag", "topic")


def registry(*sources: MetricSource, clock: Clock | None = None, most: int = 10**6):
    made = MetricsRegistry(clock or Clock(), lambda: {"cluster": "c"}, lambda: most)
    made.add(sources)
    return made


def collected(of: MetricsRegistry) -> list[Family]:
    found: list[list[Family]] = []
    Deferred.fromCoroutine(of.collect()).addCallback(found.append)
    assert found, "it waits"
    return found[0]


def test_every_figure_has_the_labels_of_the_server() -> None:
    (family,) = collected(registry(lambda: [LAG.of(3, "T")]))
    ((labels, sample),) = family.samples
    assert labels == {"topic": "T", "cluster": "c"}
    assert sample.value == 3


def test_sources_may_share_a_kind() -> None:
    (family,) = collected(registry(lambda: [LAG.of(3, "T")], lambda: [LAG.of(4, "U")]))
    assert [labels["topic"] for labels, _ in family.samples] == ["T", "U"]


def test_a_source_may_wait() -> None:
    answer: Deferred[int] = Deferred()

    async def source() -> AsyncIterator[Sample]:
        yield LAG.of(await answer, "T")

    found: list[list[Family]] = []
    Deferred.fromCoroutine(registry(source).collect()).addCallback(found.append)
    assert not found
    answer.callback(9)
    assert found[0][0].samples[0][1].value == 9


class Failures:
    """Takes what is logged as a failure away from the fixture that fails on it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, object]] = []

    def __enter__(self) -> "Failures":
        self._others = list(globalLogPublisher._observers)
        for each in self._others:
            globalLogPublisher.removeObserver(each)
        globalLogPublisher.addObserver(self._note)
        return self

    def _note(self, event: dict[str, object]) -> None:
        if "log_failure" in event:
            self.seen.append(event)

    def __exit__(self, *_: object) -> None:
        globalLogPublisher.removeObserver(self._note)
        for each in self._others:
            globalLogPublisher.addObserver(each)


def broken() -> Iterator[Sample]:
    yield LAG.of(1, "half")
    raise ZeroDivisionError


def wrong() -> Iterator[Sample]:
    yield LAG.of(1)  # its label is missing


@pytest.mark.parametrize("source", [broken, wrong])
def test_one_that_fails_is_left_out_and_said_once(source: MetricSource) -> None:
    made = registry(source, lambda: [LAG.of(4, "U")])
    with Failures() as failures:
        for _ in range(2):
            (family,) = collected(made)
            assert [labels["topic"] for labels, _ in family.samples] == ["U"]
    assert len(failures.seen) == 1


def test_the_reactor_gets_its_turn() -> None:
    clock = Clock()
    many = registry(
        lambda: (LAG.of(n, str(n)) for n in range(3 * AT_ONCE)), clock=clock
    )
    found: list[list[Family]] = []
    Deferred.fromCoroutine(many.collect()).addCallback(found.append)
    assert not found
    assert len(clock.calls) == 1
    clock.advance(0)
    assert len(found[0][0].samples) == 3 * AT_ONCE


def test_there_is_a_limit_for_one_kind() -> None:
    limited = registry(lambda: [LAG.of(n, str(n)) for n in range(9)], most=4)
    (family,) = collected(limited)
    assert len(family.samples) == 4
