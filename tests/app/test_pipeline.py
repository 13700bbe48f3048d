import pytest
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from twistedmq.app.pipeline import PipelineService, Step, StopTimeoutError


class Noting(Service):
    """Writes down what happens to it; ready and stopped when told."""

    def __init__(self, name: str, events: list[str]) -> None:
        self.own_name = name
        self.events = events
        self.ready: Deferred[None] = Deferred()
        self.stopped: Deferred[None] = Deferred()

    def startService(self) -> None:
        super().startService()
        self.events.append(f"start {self.own_name}")

    def stopService(self) -> Deferred[None]:
        super().stopService()
        self.events.append(f"stop {self.own_name}")
        return self.stopped


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def problems() -> list[Failure]:
    return []


@pytest.fixture
def tree(clock: Clock, problems: list[Failure]) -> PipelineService:
    return PipelineService(clock, problems.append)


@pytest.fixture
def parts(tree: PipelineService, events: list[str]) -> list[Noting]:
    parts = [Noting(name, events) for name in ("store", "handlers", "edge")]
    for part in parts:
        tree.add(part.own_name, part, stop_limit_s=4)
    return parts


def start_all(tree: PipelineService, parts: list[Noting]) -> None:
    tree.startService()
    for part in parts:
        part.ready.callback(None)


def test_each_part_starts_when_the_one_before_is_ready(
    tree: PipelineService, parts: list[Noting], events: list[str]
) -> None:
    tree.startService()
    assert events == ["start store"]
    parts[0].ready.callback(None)
    assert events == ["start store", "start handlers"]
    parts[1].ready.callback(None)
    assert not tree.ready.called
    parts[2].ready.callback(None)
    assert tree.ready.called


def test_parts_stop_in_reverse_each_awaited(
    tree: PipelineService, parts: list[Noting], events: list[str]
) -> None:
    start_all(tree, parts)
    del events[:]
    stopping = tree.stopService()
    assert events == ["stop edge"]
    parts[2].stopped.callback(None)
    assert events == ["stop edge", "stop handlers"]
    parts[1].stopped.callback(None)
    parts[0].stopped.callback(None)
    assert stopping.called


def test_a_part_that_fails_to_stop_does_not_keep_the_others(
    tree: PipelineService, parts: list[Noting], events: list[str], logged_failures
) -> None:
    start_all(tree, parts)
    stopping = tree.stopService()
    parts[2].stopped.errback(OSError("disk gone"))
    parts[1].stopped.callback(None)
    parts[0].stopped.callback(None)
    assert stopping.called
    assert events[-3:] == ["stop edge", "stop handlers", "stop store"]
    assert len(logged_failures.flush(OSError)) == 1


def test_a_part_that_hangs_is_given_up_after_its_limit(
    tree: PipelineService, parts: list[Noting], events: list[str], clock: Clock
) -> None:
    start_all(tree, parts)
    tree.stopService()
    clock.advance(3.9)
    assert events[-1] == "stop edge"
    clock.advance(0.2)
    assert events[-1] == "stop handlers"


def test_a_part_that_cannot_start_is_told_and_the_started_ones_stop(
    tree: PipelineService,
    parts: list[Noting],
    events: list[str],
    problems: list[Failure],
) -> None:
    tree.startService()
    parts[0].ready.callback(None)
    parts[1].ready.errback(OSError("no room"))
    assert [p.getErrorMessage() for p in problems] == ["no room"]
    tree.stopService()
    parts[1].stopped.callback(None)
    parts[0].stopped.callback(None)
    assert events[-2:] == ["stop handlers", "stop store"]
    assert "start edge" not in events


def test_stopping_while_starting_starts_nothing_more(
    tree: PipelineService, parts: list[Noting], events: list[str]
) -> None:
    tree.startService()
    tree.stopService()
    parts[0].ready.callback(None)
    parts[0].stopped.callback(None)
    assert events == ["start store", "stop store"]


def test_a_step_is_a_call_in_its_place(tree: PipelineService) -> None:
    calls: list[str] = []
    tree.add("first", Step(lambda: calls.append("begin"), lambda: calls.append("end")))
    tree.startService()
    assert calls == ["begin"]
    assert tree.ready.called
    tree.stopService()
    assert calls == ["begin", "end"]


def test_the_timeout_names_part_and_limit() -> None:
    error = StopTimeoutError("edge", 4)
    assert str(error) == "edge did not stop in 4 s"
