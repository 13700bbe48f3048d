"""Timers as a whole, on a virtual clock."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timer_kit import DAY_S, LOG_FILE_BYTES, NOW_MS, TimerSide
from twisted.internet.defer import Deferred, fail

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.timer.service import GATHER_S
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.protocol.recall_handle import parse_recall_handle
from twistedmq.store.interfaces import StoreFullError
from twistedmq.store.timer.slots import slot_at


@pytest.fixture
def side() -> TimerSide:
    return TimerSide().start()


def test_nothing_runs_before_the_first_message(side: TimerSide) -> None:
    assert side.clock.calls == []
    side.send("at once")
    assert side.got() == ["at once"]
    assert side.clock.calls == []
    assert side.store.queue_bounds(TIMER_TOPIC, 0) == (0, 0)


@pytest.mark.parametrize(
    ("name", "value", "due_ms"),
    [
        (props.TIMER_DELAY_SEC, "5", 5000),
        (props.TIMER_DELAY_MS, "5300", 5300),
        (props.TIMER_DELIVER_MS, str(NOW_MS + 5001), 5001),
    ],
)
def test_it_is_delivered_when_it_is_due_and_not_before(
    side: TimerSide, name: str, value: str, due_ms: int
) -> None:
    answer = side.send("late", **{name: value})
    assert side.got() == []
    side.advance((due_ms - 1) / 1000)
    assert side.got() == []
    side.advance(0.001)
    for _ in range(10):
        side.advance(0.1)
    assert side.got() == ["late"]
    [record] = side.records()
    held = props.parse(record.properties)
    assert NOW_MS + due_ms <= record.store_ms < NOW_MS + due_ms + 1100
    assert held[name] == value
    assert held[props.REAL_TOPIC] == "T"
    assert int(held[props.TIMER_DEQUEUE_MS]) == record.store_ms
    assert int(held[props.TIMER_ENQUEUE_MS]) == NOW_MS
    handle = parse_recall_handle(answer["recallHandle"])
    assert handle.deliver_ms == str(int(held[props.TIMER_OUT_MS]) + 1)
    assert side.clock.calls == [] or len(side.wheel) == 0


def test_a_delay_of_three_days_rolls_once(side: TimerSide) -> None:
    side.send("slow", TIMER_DELAY_SEC=str(3 * DAY_S))
    for _ in range(3 * 24 - 1):
        side.advance(3600)
        assert side.got() == []
    side.advance(3599)
    assert side.got() == []
    side.advance(2)
    assert side.got() == ["slow"]
    held = props.parse(side.records()[0].properties)
    assert held[props.TIMER_ROLL_TIMES] == "1"
    assert side.store.queue_bounds(TIMER_TOPIC, 0) == (0, 2)
    assert side.backlog.waiting == 0
    assert side.metrics.counts() == {"T": 0}


def test_messages_of_one_second_keep_their_order(side: TimerSide) -> None:
    wanted = [side.send(f"n{n}", TIMER_DELAY_SEC="2") and f"n{n}" for n in range(200)]
    side.advance(3)
    assert side.got() == wanted


def test_what_comes_soon_after_another_is_taken_together(side: TimerSide) -> None:
    def send(number: int) -> None:
        side.inner.write([side.inner.divert(message(number))])
        side.settle()

    send(0)
    assert side.backlog.waiting == 1
    for n in range(1, 20):
        side.advance(GATHER_S / 40)
        send(n)
        assert side.backlog.waiting == 1
    side.advance(GATHER_S)
    assert side.backlog.waiting == 20


def test_what_is_due_does_not_wait_for_others_to_come(side: TimerSide) -> None:
    side.send("due", TIMER_DELAY_SEC="5")
    side.advance(4.995)
    side.send("taken at once", TIMER_DELAY_SEC="60")
    side.send("waits", TIMER_DELAY_SEC="60")
    assert side.backlog.place_behind_messages == 1
    side.advance(0.005)
    assert side.backlog.place_behind_messages == 0
    assert side.got() == ["due"]


def test_a_clock_that_jumps_holds_nothing_up(side: TimerSide) -> None:
    side.advance(100)
    side.send("one", TIMER_DELAY_SEC="5")
    side.clock.rightNow -= 50
    side.send("two", TIMER_DELAY_SEC="5")
    assert side.backlog.waiting == 2


def test_thousands_due_at_once_leave_others_their_turn(side: TimerSide) -> None:
    for n in range(1000):
        side.inner.write([side.inner.divert(message(n))])
    side.settle()
    side.advance(GATHER_S)
    assert side.backlog.waiting == 1000
    had: list[int] = []

    def another() -> None:
        had.append(side.store.queue_bounds("T", 0)[1])
        if had[-1] < 1000:
            side.clock.callLater(0, another)

    side.clock.callLater(61, another)
    side.clock.advance(61)
    assert had[-1] == 1000
    assert len(had) > 1000 // 64
    assert max(b - a for a, b in pairwise(had)) <= 64
    assert side.got() == [f"m{n}" for n in range(1000)]


def message(number: int) -> InnerMessage:
    held = {props.UNIQ_KEY: f"M{number}", props.TIMER_DELAY_SEC: "60"}
    return InnerMessage("T", 0, held, f"m{number}".encode())


def test_a_message_is_called_back(side: TimerSide) -> None:
    side.send("stays", TIMER_DELAY_SEC="5")
    side.send("goes", TIMER_DELAY_SEC="5")
    call_back(side, "U2")
    side.advance(GATHER_S)
    assert side.metrics.count_of("T") == 1
    side.advance(6)
    assert side.got() == ["stays"]
    assert side.metrics.count_of("T") == 0


def call_back(side: TimerSide, key: str, delay_s: int = 5) -> None:
    side.send("0", TIMER_DEL_UNIQKEY=key, UNIQ_KEY=key, TIMER_DELAY_SEC=str(delay_s))


def test_calling_back_what_is_not_there_changes_nothing(side: TimerSide) -> None:
    side.send("stays", TIMER_DELAY_SEC="5")
    call_back(side, "other")
    call_back(side, "T+other")
    side.advance(6)
    assert side.got() == ["stays"]
    assert side.metrics.count_of("T") == 0
    assert side.backlog.waiting == 0


def test_a_message_that_rolls_is_called_back(side: TimerSide) -> None:
    side.send("goes", TIMER_DELAY_SEC=str(3 * DAY_S))
    side.advance(DAY_S // 2)
    call_back(side, "U1", 3 * DAY_S - DAY_S // 2)
    for _ in range(4 * 24):
        side.advance(3600)
    assert side.got() == []
    assert side.backlog.waiting == 0
    assert side.metrics.count_of("T") == 0


@pytest.mark.parametrize("delay_s", [50, 3 * DAY_S])
def test_what_was_called_back_does_not_come_after_all_when_it_is_late(
    side: TimerSide, delay_s: int
) -> None:
    side.config.replace(intake_stopped=delay_s == 50)
    side.send("goes", TIMER_DELAY_SEC=str(delay_s))
    side.advance(10)
    for _ in range(300):
        side.send("at another time", TIMER_DELAY_SEC="5")
    call_back(side, "U1", delay_s - 10)
    side.config.replace(intake_stopped=True, delivery_stopped=True)
    if delay_s > 50:
        side.config.replace(intake_stopped=False)
    side.jumped_ms += 4 * DAY_S * 1000
    side.advance(1)
    side.config.replace(intake_stopped=False, delivery_stopped=False)
    side.advance(1)
    side.advance(1)
    assert side.got() == ["at another time"] * 300
    assert side.backlog.waiting == 0
    assert side.metrics.count_of("T") == 0


class TestTheClockJumps:
    def test_forward(self, side: TimerSide) -> None:
        for delay_s in (5, 3600, 2 * 3600):
            side.send(f"in {delay_s}", TIMER_DELAY_SEC=str(delay_s))
        side.jumped_ms += 3_700_000
        side.advance(1)
        assert side.got() == ["in 5", "in 3600"]

    def test_back(self, side: TimerSide) -> None:
        side.send("in 5", TIMER_DELAY_SEC="5")
        side.jumped_ms -= 3_600_000
        side.advance(10)
        assert side.got() == []
        side.send("in 20", TIMER_DELAY_SEC="20")
        side.advance(21)
        assert side.got() == ["in 20"]
        side.advance(3600)
        assert side.got() == ["in 20", "in 5"]

    def test_forward_and_back_again(self, side: TimerSide) -> None:
        side.send("in 60", TIMER_DELAY_SEC="60")
        side.jumped_ms += 3_600_000
        side.advance(1)
        assert side.got() == ["in 60"]  # the clock said so
        side.jumped_ms -= 3_600_000
        side.send("in 30", TIMER_DELAY_SEC="30")
        side.advance(29)
        assert side.got() == ["in 60"]
        side.advance(2)
        assert side.got() == ["in 60", "in 30"]
        side.advance(3600)
        assert side.got() == ["in 60", "in 30"]


class TestARestart:
    @pytest.fixture
    def side(self, tmp_path: Path) -> TimerSide:
        return TimerSide(tmp_path).start()

    def test_no_file_is_made_without_timers(self, side: TimerSide) -> None:
        side.send("at once")
        side.advance(5)
        side.stop()
        assert side.root is not None
        assert list(side.root.iterdir()) == []

    @pytest.mark.parametrize("kill", [False, True])
    @pytest.mark.parametrize("flushed", [False, True])
    def test_what_waits_is_delivered_once(
        self, side: TimerSide, kill: bool, flushed: bool
    ) -> None:
        wanted = []
        for n in range(50):
            side.send(f"n{n}", TIMER_DELAY_SEC=str(10 + n % 7))
            wanted.append(f"n{n}")
            if flushed and n == 25:
                side.advance(1.1)
        side.restart(kill=kill)
        side.advance(GATHER_S)
        assert side.backlog.waiting == 50
        side.advance(30)
        assert sorted(side.got()) == sorted(wanted)
        side.advance(1.1)  # what is delivered is written down
        side.restart(kill=kill)
        side.advance(100)
        assert len(side.got()) == 50
        assert side.backlog.waiting == 0

    def test_what_became_due_meanwhile_comes_at_once(self, side: TimerSide) -> None:
        side.send("soon", TIMER_DELAY_SEC="10")
        side.send("later", TIMER_DELAY_SEC="1000")
        side.stop()
        side.jumped_ms += 20_000
        side._make()
        side.start()
        side.settle()
        assert side.got() == ["soon"]

    def test_even_after_more_than_a_week(self, side: TimerSide) -> None:
        side.send("old", TIMER_DELAY_SEC="10")
        side.stop()
        side.jumped_ms += 9 * DAY_S * 1000
        side._make()
        side.start()
        assert side.got() == ["old"]

    def test_what_was_sent_while_nobody_placed_it_is_found(
        self, side: TimerSide
    ) -> None:
        side.config.replace(intake_stopped=True)
        side.send("waits", TIMER_DELAY_SEC="10")
        assert side.backlog.waiting == 0
        assert side.backlog.place_behind_messages == 1
        side.kill()
        side.config.replace(intake_stopped=False)
        side._make()
        side.start()
        assert side.backlog.waiting == 1
        side.advance(12)
        assert side.got() == ["waits"]

    @pytest.mark.parametrize("what", ["timerwheel", "config/timercheck", "timerlog"])
    def test_a_file_that_is_gone_costs_no_message(
        self, side: TimerSide, what: str, logged: Any
    ) -> None:
        side.send("early", TIMER_DELAY_SEC="5")
        for n in range(30):
            side.send(f"n{n}", TIMER_DELAY_SEC="50")
        side.advance(10)
        side.stop()
        path = side.root / what  # type: ignore[operator]
        if path.is_dir():
            for file in path.iterdir():
                file.unlink()
        else:
            path.unlink()
        side._make()
        side.start()
        side.advance(60)
        wanted = [f"n{n}" for n in range(30)]
        assert set(side.got()) == {"early", *wanted}
        assert sorted(side.got())[-30:] == sorted(wanted)
        assert logged("timers:", "made anew")


FUZZED = [f"timerlog/{n * LOG_FILE_BYTES:020d}" for n in range(3)]


@settings(max_examples=settings().max_examples // 4)
@given(
    st.sampled_from([*FUZZED, "timerwheel", "config/timercheck"]),
    st.integers(0, LOG_FILE_BYTES - 1),
    st.binary(min_size=1, max_size=60),
    st.booleans(),
)
def test_damage_costs_no_message_but_those_it_hits(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    at: int,
    damage: bytes,
    flushed: bool,
) -> None:
    root = tmp_path_factory.mktemp("timers")
    side = TimerSide(root).start()
    for n in range(40):
        side.send(f"{n}", TIMER_DELAY_SEC=str(10 + n % 7))
    side.advance(1.1)
    if not flushed:
        side.send("40", TIMER_DELAY_SEC="10")
    side.kill()
    path = root / name
    if name == "timerwheel":
        slot_ms = NOW_MS + (9 + at % 7) * 1000
        at = slot_at(slot_ms, 1000) * 32 + at % 32
    with path.open("r+b") as file:
        file.seek(at)
        file.write(damage[: path.stat().st_size - at])
    side._make()
    side.start()
    side.advance(100)
    side.advance(100)
    hit = set[str]()
    if name in FUZZED:
        # A damaged unit may look like a whole one of another message.
        first = FUZZED.index(name) * 19 + at // 52
        last = FUZZED.index(name) * 19 + (at + len(damage)) // 52
        hit = {f"{n}" for n in range(first, last + 1)}
    wanted = {f"{n}" for n in range(40 if flushed else 41)}
    assert wanted - set(side.got()) <= hit


def test_a_full_disk_delays_and_nothing_comes_twice(side: TimerSide) -> None:
    for n in range(100):
        side.send(f"n{n}", TIMER_DELAY_SEC="2")
    write, calls = side.inner.write, 0

    def full(messages: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls in {2, 3}:
            raise StoreFullError("the disk is full")
        return write(messages)

    side.inner.write = full  # type: ignore[method-assign]
    side.advance(3)
    assert len(side.got()) == 64
    for _ in range(3):
        side.advance(1)
    assert side.got() == [f"n{n}" for n in range(100)]


def test_a_failed_flush_has_the_slot_delivered_again(side: TimerSide) -> None:
    side.send("twice", TIMER_DELAY_SEC="2")
    answers: list[Any] = [fail(StoreFullError("flush failed"))]
    safe = side.inner.safe
    side.inner.safe = lambda appended: (  # type: ignore[method-assign]
        answers.pop() if answers else safe(appended)
    )
    side.advance(3)
    assert side.backlog.waiting == 1
    side.advance(1.1)
    assert side.got() == ["twice", "twice"]
    assert side.backlog.waiting == 0


def test_progress_waits_for_what_is_safe(tmp_path: Path) -> None:
    side = TimerSide(tmp_path).start()
    side.send("slow disk", TIMER_DELAY_SEC="2")
    waiting: Deferred[None] = Deferred()
    side.inner.safe = lambda _: waiting  # type: ignore[method-assign]
    side.advance(5)
    assert side.got() == ["slow disk"]
    assert side.keeping.progress().read_ms == NOW_MS + 1000
    waiting.callback(None)
    side.settle()
    assert side.keeping.progress().read_ms == NOW_MS + 5000


def test_delivery_can_be_stopped_for_a_while(side: TimerSide) -> None:
    side.send("late", TIMER_DELAY_SEC="2")
    side.config.replace(delivery_stopped=True)
    side.advance(10)
    assert side.got() == []
    assert side.backlog.deliver_behind_ms == 8000
    side.config.replace(delivery_stopped=False)
    side.settle()
    assert side.got() == ["late"]


def test_a_wheel_that_is_off_stands_still(tmp_path: Path) -> None:
    side = TimerSide(tmp_path, enabled=False).start()
    assert side.clock.calls == []
    side.stop()
    assert list(tmp_path.iterdir()) == []


def test_what_is_due_does_not_wait_for_what_cannot_be_placed(side: TimerSide) -> None:
    side.send("due", TIMER_DELAY_SEC="2")
    log = side.keeping.timer_log
    append, log.append = log.append, full_disk  # type: ignore[method-assign]
    side.send("more", TIMER_DELAY_SEC="3")
    side.advance(2)
    side.advance(1)
    assert side.got() == ["due"]
    log.append = append  # type: ignore[method-assign]
    side.advance(1)
    side.advance(1)
    assert side.got() == ["due", "more"]


def full_disk(_: object) -> None:
    raise OSError(28, "no space left")
