"""Rounds over a store, on a virtual clock."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from transaction_kit import COMMIT, ROLLBACK, TransactionSide
from twisted.internet.defer import Deferred
from write_side import send_frame

from twistedmq.protocol import properties as props
from twistedmq.protocol.names import (
    HALF_TOPIC,
    OP_HALF_TOPIC,
    TRANSACTION_GIVEN_UP_TOPIC,
    TRANSACTION_GROUP,
)
from twistedmq.protocol.record import decode_record
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import StoreFullError


@pytest.fixture
def side() -> Iterator[TransactionSide]:
    side = TransactionSide()
    side.check_back.startService()
    yield side
    side.check_back.stopService()


def answer(side: TransactionSide, how: int) -> int:
    """Have the producer answer what it was asked; gives how much that was."""
    asked = side.asked()
    for question in asked:
        half = decode_record(side.store.record_at(question.commit_log_offset))
        assert half.queue_offset == question.tran_state_table_offset
        side.end(half, how, from_transaction_check=True)
    return len(asked)


@pytest.mark.parametrize(("how", "seen"), [(COMMIT, 1), (ROLLBACK, 0)])
def test_its_producer_decides_when_it_is_asked(
    side: TransactionSide, how: int, seen: int
) -> None:
    side.begin()
    side.let_pass(30)
    assert answer(side, how) == 1
    assert len(side.stored("T")) == seen
    side.let_pass(90)
    assert answer(side, how) == 0
    assert len(side.stored("T")) == seen
    assert side.progress() == (2, 1)
    assert side.counts.open["T"].count == 0


def test_a_producer_that_never_knows_is_asked_fifteen_times(
    side: TransactionSide, logged: Callable[..., bool]
) -> None:
    side.begin(KEYS="k")
    asked = []
    for _ in range(20):
        side.let_pass(30)
        asked.append(answer(side, 0))
    assert asked == [1] * 15 + [0] * 5
    (lost,) = side.stored(TRANSACTION_GIVEN_UP_TOPIC)
    properties = props.parse(lost.properties)
    assert properties[props.TRANSACTION_CHECK_TIMES] == "15"
    assert (properties[props.REAL_TOPIC], properties[props.KEYS]) == ("T", "k")
    assert side.side.topics.get(TRANSACTION_GIVEN_UP_TOPIC) is not None
    assert logged("1 half messages that nobody decided on were moved", "U1 of T")
    assert side.stored("T") == []
    assert side.counts.open["T"].count == 0
    assert side.counts.given_up["T"] == 1
    assert side.progress()[0] == 16


def test_a_young_half_is_left_alone(side: TransactionSide) -> None:
    side.let_pass(25)
    side.begin()
    side.let_pass(5)
    assert side.asked() == []
    assert len(side.stored(HALF_TOPIC)) == 1
    side.let_pass(30)
    assert len(side.asked()) == 1


def test_what_was_ended_is_not_asked_about(side: TransactionSide) -> None:
    halves = [side.begin() for _ in range(200)]
    for half in halves:
        if half.queue_offset % 3:
            side.end(half)
    side.let_pass(30)
    assert [q.tran_state_table_offset for q in side.asked()] == list(range(200, 267))
    assert side.progress() == (200, 1)


def test_an_end_of_just_now_counts(side: TransactionSide) -> None:
    half = side.begin()
    side.let_pass(29)
    side.end(half)
    side.let_pass(1)
    assert side.asked() == []
    assert side.progress()[0] == 1


def test_a_late_end_of_what_was_put_back_counts_for_both(
    side: TransactionSide,
) -> None:
    half = side.begin()
    side.let_pass(30)
    side.end(half)  # while its producer is being asked
    assert answer(side, COMMIT) == 1
    assert len(side.stored("T")) == 1
    side.let_pass(60)
    assert side.asked() == []


def test_a_producer_that_wants_time_is_not_asked_before(side: TransactionSide) -> None:
    half = side.begin(**{props.CHECK_IMMUNITY_TIME: "100"})
    other = side.begin()
    side.let_pass(30)
    assert [q.msg_id for q in side.asked()] == ["U1"]
    assert len(side.stored(HALF_TOPIC)) == 4  # both are behind the others now
    side.let_pass(30)
    assert len(side.asked()) == 1
    side.end(half)
    side.end(other)
    side.let_pass(120)
    assert side.asked() == []
    assert len(side.stored("T")) == 2
    waiting = side.begin(**{props.CHECK_IMMUNITY_TIME: "100"})
    side.let_pass(90)
    assert side.asked() == []
    side.let_pass(30)
    assert len(side.asked()) == 1
    assert waiting.queue_offset < side.progress()[0]


def test_without_a_producer_it_goes_on_and_says_so(
    side: TransactionSide, logged: Callable[..., bool]
) -> None:
    side.producer = None
    side.begin()
    side.let_pass(30)
    assert logged("1 half messages of producer group p wait")
    assert side.progress()[0] == 1


def test_progress_is_kept_once_it_is_safe(
    side: TransactionSide, monkeypatch: Any
) -> None:
    side.begin()
    safe: Deferred[Any] = Deferred()
    monkeypatch.setattr(side.store, "safe", lambda end: safe)
    side.let_pass(30)
    assert side.asked() == []
    assert side.progress()[0] < 1
    stopped = side.check_back.stopService()
    assert not stopped.called
    safe.callback(None)
    side.clock.pump([0.0] * 3)
    assert stopped.called
    assert len(side.asked()) == 1
    assert side.progress()[0] == 1


def test_a_full_disk_loses_no_half(
    side: TransactionSide, monkeypatch: Any, logged: Callable[..., bool]
) -> None:
    side.begin()

    def full(batch: object) -> None:
        raise StoreFullError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(side.store, "append", full)
        side.let_pass(60)
    assert logged("half messages cannot be checked", "the disk is full")
    assert side.progress()[0] < 1
    side.let_pass(30)
    assert len(side.asked()) == 1


def test_a_bug_is_logged_and_the_next_round_comes(
    side: TransactionSide, monkeypatch: Any, logged_failures: Any
) -> None:
    side.begin()

    def wrong(*args: object) -> None:
        raise RuntimeError("bug")

    with monkeypatch.context() as patch:
        patch.setattr(side.store, "read_queue", wrong)
        side.let_pass(30)
    assert len(logged_failures.flush(RuntimeError)) == 1
    side.let_pass(30)
    assert len(side.asked()) == 1


def test_halves_that_retention_took_are_jumped_over(side: TransactionSide) -> None:
    side.begin()
    side.store.delete_topic(HALF_TOPIC)
    side.offsets.commit(TRANSACTION_GROUP, HALF_TOPIC, 0, 5)
    side.let_pass(30)
    assert side.asked() == []
    side.begin()
    side.let_pass(30)
    assert len(side.asked()) == 1


def test_offsets_that_outlived_the_messages_are_put_right_at_the_start() -> None:
    side = TransactionSide()
    for topic in (HALF_TOPIC, OP_HALF_TOPIC):
        side.offsets.commit(TRANSACTION_GROUP, topic, 0, 50)
    side.check_back.startService()
    assert side.progress() == (0, 0)
    side.begin()
    side.let_pass(30)
    assert len(side.asked()) == 1
    side.check_back.stopService()


def test_what_cannot_be_read_is_said(
    side: TransactionSide, monkeypatch: Any, logged: Callable[..., bool]
) -> None:
    side.begin()
    read_queue = side.store.read_queue

    def nothing(topic: str, *args: Any) -> Any:
        read = read_queue(topic, *args)
        read.records, read.next_offset = [], args[1]
        return read

    monkeypatch.setattr(side.store, "read_queue", nothing)
    side.let_pass(30)
    assert logged("halves from 0 on cannot be read")
    side.marks.add([7])
    side.marks.write()
    side.let_pass(30)
    assert logged("op messages from 0 on cannot be read")


@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_a_damaged_half_keeps_nobody_else_waiting(
    side: TransactionSide, monkeypatch: Any, logged: Callable[..., bool], damaged: int
) -> None:
    for _ in range(3):
        side.begin()
    read_queue = side.store.read_queue

    def with_damage(topic: str, queue_id: int, offset: int, count: int, *more: Any):
        if topic == HALF_TOPIC and offset == damaged:
            raise DamagedRecordError(4711)
        if topic == HALF_TOPIC and offset < damaged < offset + count:
            raise DamagedRecordError(4711)
        return read_queue(topic, queue_id, offset, count, *more)

    monkeypatch.setattr(side.store, "read_queue", with_damage)
    side.let_pass(30)
    assert len(side.asked()) == 2
    assert logged(f"at queue offset {damaged} is passed over")


def test_plain_sends_are_not_its_business(side: TransactionSide) -> None:
    side.send.serve([send_frame("T")], side.connection)
    side.let_pass(90)
    assert side.asked() == []
    assert not side.offsets.has_changes
