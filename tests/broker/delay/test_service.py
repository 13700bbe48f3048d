from collections.abc import Iterator
from typing import Any

import pytest
from delay_kit import BEGIN_MS, DelaySide
from twisted.internet.defer import Deferred, fail
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from twistedmq.broker.delay.slices import SLICE_MESSAGES
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.properties import parse, tags_code
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.batches import Told, batch_of


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The lines of the service's log."""
    lines: list[str] = []

    def see(event: LogEvent) -> None:
        if event["log_namespace"].startswith("twistedmq.broker.delay"):
            lines.append(formatEvent(event))

    globalLogPublisher.addObserver(see)
    yield lines
    globalLogPublisher.removeObserver(see)


@pytest.fixture
def side() -> DelaySide:
    return DelaySide()


def ages_ms(side: DelaySide) -> list[int]:
    """How long after the beginning each message was delivered."""
    return [record.store_ms - BEGIN_MS for record in side.delivered()]


def test_a_message_comes_when_its_delay_is_over(side: DelaySide) -> None:
    side.delay(1)
    side.pass_s(0.999, 0.001)
    assert side.delivered() == []
    side.pass_s(0.001)
    (record,) = side.delivered()
    assert (record.topic, record.queue_id, record.body) == ("T", 0, b"0")
    assert parse(record.properties)["REAL_TOPIC"] == "T"
    (entry,) = side.store.entries("T", 0, 0, 9)
    assert entry.tags_code == tags_code("a")
    assert side.progress.offsets() == {1: 1}


def test_each_level_has_its_delay(side: DelaySide) -> None:
    for level in range(1, 19):
        side.delay(level)
    side.clock.pump([0.5] * (2 * 7200))
    side.settle()
    assert ages_ms(side) == list(side.levels.delays_ms)
    assert side.progress.offsets() == dict.fromkeys(range(1, 19), 1)


def test_nothing_waits_no_timer_runs(side: DelaySide) -> None:
    assert side.clock.getDelayedCalls() == []
    side.delay(1)
    assert len(side.clock.getDelayedCalls()) == 1
    side.pass_s(2)
    assert side.clock.getDelayedCalls() == []


def test_many_that_are_due_together_come_in_slices(side: DelaySide) -> None:
    count = 3 * SLICE_MESSAGES + 10
    for level in (1, 1, 1):
        side.delay(level, SLICE_MESSAGES)
    side.delay(1, 10)
    between: list[int] = []
    side.clock.callLater(1.0, lambda: between.extend(side.appends.sizes))
    side.clock.advance(1.0)
    assert between == [SLICE_MESSAGES]  # others have their turn between
    assert side.appends.sizes == [SLICE_MESSAGES] * 3 + [10]
    assert len(side.delivered()) == count


def test_one_append_takes_what_several_levels_have(side: DelaySide) -> None:
    side.delay(2, 3)
    side.clock.advance(4.0)
    side.delay(1, 2)
    side.clock.advance(1.0)
    assert side.appends.sizes == [5]


def test_a_level_that_is_flooded_does_not_starve_another(side: DelaySide) -> None:
    side.delay(2)
    side.clock.advance(4.0)
    for _ in range(5):
        side.delay(1, SLICE_MESSAGES, "Flood")
    between: list[int] = []

    def look() -> None:
        between.append(len(side.delivered()))
        if len(between) < 2:
            side.clock.callLater(0, look)

    side.clock.callLater(1.0, look)
    side.clock.advance(1.0)  # both levels are due now
    assert between[-1] == 1
    assert len(side.delivered("Flood")) == 5 * SLICE_MESSAGES


def test_large_messages_make_small_slices() -> None:
    side = DelaySide(max_recent_read_bytes=1 << 22)
    for _ in range(4):
        large = InnerMessage("T", 0, {"DELAY": "1"}, b"x" * 700_000)
        side.inner.write([side.inner.divert(large)])
    side.appends.sizes.clear()
    side.clock.advance(1.0)
    assert side.appends.sizes == [2, 2]


def test_levels_move_on_only_when_it_is_safe(side: DelaySide) -> None:
    side.delay(1, 2)
    flushed: Deferred[None] = Deferred()
    side.appends.safe_answers = [flushed]
    side.pass_s(2)
    assert len(side.delivered()) == 2
    assert side.progress.offsets() == {}
    side.delay(1)
    side.pass_s(2)
    assert len(side.delivered()) == 2  # one after the other
    flushed.callback(None)
    side.settle()
    assert len(side.delivered()) == 3
    assert side.progress.offsets() == {1: 3}


def test_what_could_not_be_made_safe_is_delivered_again(
    side: DelaySide, logged: list[str]
) -> None:
    side.delay(1)
    side.appends.safe_answers = [fail(StoreFullError("the disk failed"))]
    side.pass_s(1)
    assert side.progress.offsets() == {}
    side.pass_s(1)
    assert len(side.delivered()) == 2  # twice, but not forgotten
    assert side.progress.offsets() == {1: 1}


def test_a_full_disk_is_said_once_and_waited_for(
    side: DelaySide, logged: list[str]
) -> None:
    side.delay(1, 3)
    side.appends.error = StoreFullError("the disk is full")
    side.pass_s(9)
    assert side.delivered() == []
    assert [line for line in logged if "the disk is full" in line] == logged[:1]
    side.appends.error = None
    side.pass_s(1)
    assert len(side.delivered()) == 3
    assert side.progress.offsets() == {1: 3}
    assert logged[-1] == "delayed messages are delivered again"


def test_what_nobody_foresaw_is_logged_and_tried_again(
    side: DelaySide, logged_failures: Any
) -> None:
    side.delay(1, 3)
    side.appends.error = RuntimeError("a bug")
    side.pass_s(2)
    side.appends.error = None
    assert side.delivered() == []
    assert len(logged_failures.flush(RuntimeError)) == 1
    side.pass_s(10)
    assert len(side.delivered()) == 3
    assert side.progress.offsets() == {1: 3}
    assert side.clock.getDelayedCalls() == []


def test_one_that_the_store_refuses_does_not_keep_the_others(
    side: DelaySide, logged: list[str]
) -> None:
    side.delay(1, 3)

    def refuse(batch: object) -> Exception | None:
        bad = b"1" in batch.bodies  # type: ignore[attr-defined]
        return MessageIllegalError("too much of it") if bad else None

    side.appends.refuses = refuse
    side.pass_s(2)
    assert [record.body for record in side.delivered()] == [b"0", b"2"]
    assert side.progress.offsets() == {1: 3}
    assert "too much of it" in logged[0]


def test_what_has_no_home_is_left_out(side: DelaySide, logged: list[str]) -> None:
    place = side.put_odd(1)
    side.delay(1)
    side.pass_s(2)
    assert len(side.delivered()) == 1
    assert f"physical offset {place}" in logged[0]
    assert len(logged) == 1
    assert side.progress.offsets() == {1: 2}


def test_a_service_that_begins_goes_on_where_it_was(side: DelaySide) -> None:
    side.delay(1, 2)
    side.pass_s(2)
    side.delay(1, 2)
    side.delay(3)
    side.service.stopService()
    side.pass_s(2)
    assert len(side.delivered()) == 2
    side.begin(side.progress)
    assert len(side.delivered()) == 4  # at once
    side.pass_s(9)
    assert len(side.delivered()) == 5
    assert side.clock.getDelayedCalls() == []


def test_without_progress_all_is_delivered_again(side: DelaySide) -> None:
    side.delay(1, 2)
    side.pass_s(2)
    side.service.stopService()
    side.begin()
    assert len(side.delivered()) == 4


@pytest.mark.parametrize("kept", [99, -5])
def test_an_offset_outside_the_queue_is_put_right(
    side: DelaySide, kept: int, logged: list[str]
) -> None:
    side.service.stopService()
    side.delay(1, 2)
    side.progress.advance(1, kept)
    side.begin(side.progress)
    side.pass_s(2)
    assert len(side.delivered()) == (0 if kept > 0 else 2)
    assert side.progress.offset(1) == 2
    assert f"instead of {kept}" in logged[0]
    side.delay(1)
    side.pass_s(1)
    assert side.progress.offset(1) == 3


def test_stopping_waits_for_what_is_being_stored(side: DelaySide) -> None:
    side.delay(1)
    flushed: Deferred[None] = Deferred()
    side.appends.safe_answers = [flushed]
    side.pass_s(1)
    stopped: list[None] = []
    side.service.stopService().addCallback(stopped.append)
    assert stopped == []
    flushed.callback(None)
    assert stopped == [None]
    assert side.progress.offsets() == {1: 1}
    assert side.clock.getDelayedCalls() == []


def test_a_clock_set_forward_is_seen_soon(side: DelaySide) -> None:
    side.delay(18)
    side.skew_ms = 7_200_000
    side.pass_s(10)
    assert len(side.delivered()) == 1


def test_a_clock_set_back_neither_hurries_nor_holds_it_long(side: DelaySide) -> None:
    side.delay(2)  # 5 s
    side.pass_s(1)
    side.skew_ms = -3_600_000
    side.delay(2, topic="After")
    side.pass_s(3.5)
    assert side.delivered() == []
    side.pass_s(6.5)
    assert len(side.delivered()) == 1
    assert len(side.delivered("After")) == 1


def test_shorter_levels_after_a_restart_count_from_then(side: DelaySide) -> None:
    side.delay(18, topic="Long")
    side.delay(3)
    side.service.stopService()
    side.levels = type(side.levels)("1s 2s")
    side.pass_s(1)
    side.begin(side.progress)
    side.pass_s(9)
    assert len(side.delivered()) == 1  # by its entry, though there is no level 3 now
    side.pass_s(7_190, 10)
    assert len(side.delivered("Long")) == 1


def test_a_queue_that_gives_nothing_is_asked_again(
    side: DelaySide, logged: list[str]
) -> None:
    side.delay(1)
    entries = side.store.entries
    side.store.entries = lambda *args: []
    side.pass_s(2)
    assert "gives nothing" in logged[0]
    side.store.entries = entries
    side.pass_s(10)
    assert len(side.delivered()) == 1
    assert len(logged) == 1


def test_other_topics_concern_nobody(side: DelaySide) -> None:
    side.store.append(batch_of([Told("Plain", more={"DELAY": "1"})]))
    assert side.clock.getDelayedCalls() == []
    assert side.store.queue_bounds(SCHEDULE_TOPIC, 0) == (0, 0)


def test_what_is_delivered_is_told_by_queue(side: DelaySide) -> None:
    side.delay(1, 3)
    side.delay(2, 2)
    side.pass_s(6)
    assert [counted[:2] for counted in side.counted] == [(0, 3), (1, 2)]
    assert all(size > 100 * number for _, number, size in side.counted)
