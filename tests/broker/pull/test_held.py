"""Held pulls by themselves."""

from typing import Any

import pytest
from read_side import ReadSide
from twisted.internet.defer import Deferred, fail

from twistedmq.broker.pull.held import HeldPull
from twistedmq.protocol.properties import tags_code
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> ReadSide:
    return ReadSide()


def pull(
    woken: list[str],
    name: str = "p",
    connection: FakeConnection | None = None,
    tag: str | None = None,
    offset: int = 0,
) -> HeldPull:
    tags = None if tag is None else frozenset({tags_code(tag)}).__contains__
    return HeldPull(
        ("T", 0),
        offset,
        tags,
        connection or FakeConnection(),
        lambda: woken.append(name),
    )


def test_many_arrivals_wake_a_pull_once(side: ReadSide) -> None:
    woken: list[str] = []
    side.held.hold(pull(woken), 10)
    for _ in range(3):
        side.append(Told(topic="T"))
    side.clock.advance(0)
    assert woken == ["p"]


def test_all_who_wait_at_a_queue_are_woken_in_order(side: ReadSide) -> None:
    woken: list[str] = []
    for name in "abc":
        side.held.hold(pull(woken, name), 10)
    side.append(Told(topic="T"))
    side.clock.advance(0)
    assert woken == ["a", "b", "c"]


def test_what_came_between_reading_and_holding_is_not_missed(side: ReadSide) -> None:
    side.append(Told(topic="T", tag="x"))
    woken: list[str] = []
    side.held.hold(pull(woken, tag="x"), 10)
    side.held.hold(pull(woken, "other", tag="y"), 10)
    side.clock.advance(0)
    assert woken == ["p"]
    assert len(side.held) == 1


def test_entries_are_looked_at_once(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    entries = side.store.entries

    def counted(topic: str, queue_id: int, offset: int, count: int) -> object:
        asked.append((offset, count))
        return entries(topic, queue_id, offset, count)

    monkeypatch.setattr(side.store, "entries", counted)
    woken: list[str] = []
    side.held.hold(pull(woken, tag="x"), 10)
    for _ in range(2):
        side.append(Told(topic="T", tag="y"), Told(topic="T", tag="y"))
        side.clock.advance(0)
    assert asked == [(0, 2), (2, 2)]
    assert woken == []


def test_the_limit_is_a_number_of_pulls(side: ReadSide) -> None:
    side.limits.replace(max_held_pulls=1)
    assert side.held.hold(pull([]), 10)
    assert not side.held.hold(pull([]), 10)
    side.held.wake("T", 0)
    assert side.held.hold(pull([]), 10)


def test_time_outs_end_with_the_pull(side: ReadSide) -> None:
    woken: list[str] = []
    side.held.hold(pull(woken), 10)
    side.held.wake("T", 0)
    side.clock.advance(20)
    assert woken == ["p"]
    assert len(side.held) == 0


def test_a_connection_is_watched_once(side: ReadSide) -> None:
    connection = FakeConnection()
    for _ in range(3):
        side.held.hold(pull([], connection=connection), 10)
        side.held.wake_all()
    assert len(connection._close_callbacks) == 1


def test_arrivals_nobody_waits_for_schedule_nothing(side: ReadSide) -> None:
    side.append(Told(topic="T"))
    assert side.clock.getDelayedCalls() == []


def conditional(woken: list[str]) -> HeldPull:
    return HeldPull(
        ("T", 0),
        0,
        None,
        FakeConnection(),
        lambda: woken.append("p"),
        lambda record: b"wanted" in bytes(record),
    )


def test_a_condition_is_asked_of_what_arrives(side: ReadSide) -> None:
    woken: list[str] = []
    side.held.hold(conditional(woken), 10)
    side.append(Told(topic="T", body=b"other"), Told(topic="T", body=b"other"))
    side.clock.advance(0)
    assert woken == []
    side.append(Told(topic="T", body=b"other"), Told(topic="T", body=b"wanted"))
    side.clock.advance(0)
    assert woken == ["p"]


def test_a_condition_is_asked_of_so_many_a_turn(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    side.append(*[Told(topic="T", body=b"other")] * 2_000)
    starts: list[int] = []
    read_queue = side.store.read_queue

    def counted(topic: str, queue_id: int, offset: int, *rest: Any) -> Any:
        starts.append(offset)
        return read_queue(topic, queue_id, offset, *rest)

    monkeypatch.setattr(side.store, "read_queue", counted)
    woken: list[str] = []
    side.held.hold(conditional(woken), 10)
    side.clock.advance(0)  # a virtual clock takes all turns that are due
    assert starts == [0, 800, 1_600]
    assert woken == []
    side.append(Told(topic="T", body=b"wanted"))
    side.clock.advance(0)
    assert woken == ["p"]


def test_what_lies_on_a_disk_is_left_to_the_pull(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*_: object) -> Deferred[object]:
        return fail(OSError("the disk"))

    woken: list[str] = []
    side.held.hold(conditional(woken), 10)
    monkeypatch.setattr(side.store, "read_queue", elsewhere)
    side.append(Told(topic="T"))
    side.clock.advance(0)
    assert woken == ["p"]


def test_a_condition_looks_past_what_was_deleted(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    side.held.hold(conditional(woken), 10)
    nothing = QueueRead(ReadStatus.OFFSET_OVERFLOW_ONE, 0, 0, 0)
    monkeypatch.setattr(side.store, "read_queue", lambda *_: nothing)
    side.append(Told(topic="T"))
    side.clock.advance(0)
    assert woken == ["p"]  # nothing to go on with: the pull says so
