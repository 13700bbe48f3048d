"""A round over two queues, as values."""

from typing import Any

import pytest

from twistedmq.broker.transactions.checking import CheckRound, Kind, Rules, Task
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC
from twistedmq.protocol.record import Record

NOW = 1_700_000_000_000
OLD = NOW - 6_001
RULES = Rules(6_000, 15, keep_ms=72 * 3_600_000, properties_limit=500)


def half(offset: int, born_ms: int = OLD, **properties: str) -> Record:
    held = {"REAL_TOPIC": "T", "REAL_QID": "0", **properties}
    return Record(
        topic=HALF_TOPIC,
        queue_offset=offset,
        born_ms=born_ms,
        body=b"x",
        properties=props.format(held),
    )


def op(offset: int, body: bytes) -> Record:
    tag = b"TAGS\x01d\x02"
    return Record(topic=OP_HALF_TOPIC, queue_offset=offset, body=body, properties=tag)


def walk(first: int = 0, stop: int = 100, **changes: Any) -> CheckRound:
    return CheckRound(first, stop, 0, RULES, **changes)


def kinds(tasks: list[Task]) -> list[tuple[int, Kind]]:
    return [(task.half.queue_offset, task.kind) for task in tasks]


def test_old_halves_are_asked_about_until_the_first_young_one() -> None:
    round_ = walk()
    tasks = round_.decide([half(0), half(1), half(2, NOW - 6_000), half(3)], NOW)
    assert kinds(tasks) == [(0, Kind.ASK), (1, Kind.ASK)]
    assert (round_.half_offset, round_.is_over) == (2, True)
    assert (
        props.parse(props.format(tasks[0].message.properties))[
            props.TRANSACTION_CHECK_TIMES
        ]
        == "1"
    )


def test_ended_halves_are_passed_over() -> None:
    round_ = walk(marked={5})
    round_.take_ops([op(0, b"1,0,"), op(1, b"3,")], 2)
    assert round_.pass_ended()
    assert round_.half_offset == 2
    tasks = round_.decide([half(n) for n in range(2, 7)], NOW)
    assert kinds(tasks) == [(n, Kind.ASK) for n in (2, 4, 6)]
    assert round_.half_offset == 7


def test_it_stops_where_the_queue_ended_when_it_began() -> None:
    round_ = walk(stop=2)
    tasks = round_.decide([half(0), half(1), half(2)], NOW)
    assert len(tasks) == 2
    assert (round_.half_offset, round_.is_over) == (2, True)
    assert not walk(stop=0).pass_ended()


def test_op_messages_are_done_once_all_their_halves_are() -> None:
    round_ = walk(first=5)
    round_.take_ops([op(0, b"1,2,"), op(1, b"5,7,"), op(2, b"6,")], 3)
    assert round_.op_offset == 1
    assert round_.pass_ended() is True
    assert (round_.half_offset, round_.op_offset) == (8, 3)
    round_.take_ops([op(3, b"20,"), op(4, b"rubbish")], 5)
    assert round_.op_offset == 3


def test_a_half_asked_about_often_enough_is_given_up() -> None:
    often = {props.TRANSACTION_CHECK_TIMES: "15"}
    (task,) = walk().decide([half(0, NOW, **often)], NOW)
    assert task.kind is Kind.GIVE_UP
    assert task.message.topic == "TRANS_CHECK_MAX_TIME_TOPIC"
    once_more = {props.TRANSACTION_CHECK_TIMES: "14"}
    (task,) = walk().decide([half(0, **once_more)], NOW)
    assert task.kind is Kind.ASK


def test_a_half_as_old_as_the_files_is_given_up() -> None:
    (task,) = walk().decide([half(0, NOW - RULES.keep_ms - 1)], NOW)
    assert task.kind is Kind.GIVE_UP


def test_a_half_from_the_future_is_asked_about() -> None:
    """A clock that was set back may never come up to it."""
    (task,) = walk().decide([half(0, NOW + 3_600_000)], NOW)
    assert task.kind is Kind.ASK


def test_its_producer_may_want_to_be_asked_later() -> None:
    round_ = walk()
    wants = {props.CHECK_IMMUNITY_TIME: "60"}
    halves = [half(0, NOW - 60_000, **wants), half(1, NOW - 60_001, **wants), half(2)]
    tasks = round_.decide(halves, NOW)
    assert kinds(tasks) == [(0, Kind.YOUNG), (1, Kind.ASK), (2, Kind.ASK)]
    properties = tasks[0].message.properties
    assert properties[props.TRANSACTION_PREPARED_QUEUE_OFFSET] == "0"
    assert props.TRANSACTION_CHECK_TIMES not in properties
    nonsense = half(0, NOW - 6_001, **{props.CHECK_IMMUNITY_TIME: "soon"})
    assert kinds(walk().decide([nonsense], NOW)) == [(0, Kind.ASK)]


@pytest.mark.parametrize("body", [b"3,", b"8,"])
def test_a_young_one_that_was_ended_where_it_was_before_is_done(body: bytes) -> None:
    moved = {
        props.CHECK_IMMUNITY_TIME: "60",
        props.TRANSACTION_PREPARED_QUEUE_OFFSET: "3",
    }
    round_ = walk(first=8)
    round_.take_ops([op(0, body)], 1)
    assert round_.decide([half(8, NOW, **moved)], NOW) == []
    assert round_.half_offset == 9
    moved[props.TRANSACTION_PREPARED_QUEUE_OFFSET] = "x"
    assert kinds(walk(8).decide([half(8, NOW, **moved)], NOW)) == [(8, Kind.YOUNG)]


def test_a_half_that_has_no_room_to_grow_is_given_up() -> None:
    full = half(0, filler="x" * 450)
    assert kinds(walk().decide([full], NOW)) == [(0, Kind.GIVE_UP)]


def test_deleted_halves_are_jumped_over() -> None:
    round_ = walk()
    round_.skip_to(50)
    assert kinds(round_.decide([half(50)], NOW)) == [(50, Kind.ASK)]
