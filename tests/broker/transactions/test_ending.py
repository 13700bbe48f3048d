"""How transactions end, and what is refused."""

from typing import Any

import pytest
from transaction_kit import COMMIT, ROLLBACK, TransactionSide, end_frame
from twisted.internet.defer import Deferred
from write_side import answers_in, send_frame

from twistedmq.broker.inner.diversion import Diverted
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError, TwistedMQError
from twistedmq.protocol.record import Record
from twistedmq.store.interfaces import StoreFullError


@pytest.fixture
def side() -> TransactionSide:
    return TransactionSide()


def test_a_half_is_not_seen_until_it_is_committed(side: TransactionSide) -> None:
    half = side.begin(TAGS="red")
    assert side.stored("T") == []
    assert side.counts.open["T"].count == 1
    answer = side.end(half)
    assert answer is not None
    assert (answer.code, answer.remark) == (0, None)
    (message,) = side.stored("T")
    assert message.sys_flag == COMMIT
    assert message.prepared_offset == half.physical_offset
    assert message.body == b"hello"
    assert side.counts.open["T"].count == 0
    assert side.counts.committed["T"] == 1
    side.clock.advance(3)
    assert side.marks_written() == [b"0,"]


def test_a_half_that_is_rolled_back_is_never_seen(side: TransactionSide) -> None:
    answer = side.end(side.begin(), ROLLBACK)
    assert answer is not None
    assert answer.code == 0
    assert side.stored("T") == []
    assert side.counts.open["T"].count == 0
    assert side.counts.rolled_back["T"] == 1
    side.clock.advance(3)
    assert side.marks_written() == [b"0,"]


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"producer_group": "other"}, "The producer group wrong"),
        ({"tran_state_table_offset": 7}, "The transaction state table offset wrong"),
        ({"commit_log_offset": 1}, "Find prepared transaction message failed"),
        ({"commit_log_offset": 2**40}, "Find prepared transaction message failed"),
        ({"commit_log_offset": -1}, "Find prepared transaction message failed"),
    ],
)
@pytest.mark.parametrize("how", [COMMIT, ROLLBACK])
def test_who_names_another_half_is_refused(
    side: TransactionSide, changes: dict[str, Any], remark: str, how: int
) -> None:
    answer = side.end(side.begin(), how, **changes)
    assert answer is not None
    assert (answer.code, answer.remark) == (1, remark)
    assert side.stored("T") == []
    assert side.counts.open["T"].count == 1
    side.clock.advance(3)
    assert side.marks_written() == []


def test_only_a_half_can_be_ended(side: TransactionSide) -> None:
    properties = "UNIQ_KEY\x01U1\x02PGROUP\x01p\x02REAL_TOPIC\x01X\x02REAL_QID\x010\x02"
    side.send.serve([send_frame("T", properties=properties)], side.connection)
    (message,) = side.stored("T")
    answer = side.end(message)
    assert answer is not None
    assert answer.remark == "Find prepared transaction message failed"
    assert side.stored("X") == []


def test_a_half_without_a_place_to_go_to_is_refused(side: TransactionSide) -> None:
    side.inner.write(
        [InnerMessage("RMQ_SYS_TRANS_HALF_TOPIC", 0, {"PGROUP": "p"}, b"x")]
    )
    (half,) = side.stored("RMQ_SYS_TRANS_HALF_TOPIC")
    answer = side.end(half)
    assert answer is not None
    assert "does not say where it belongs" in (answer.remark or "")


def test_what_is_said_twice_is_done_once(side: TransactionSide) -> None:
    half = side.begin()
    for _ in range(2):
        answer = side.end(half)
        assert answer is not None
        assert answer.code == 0
    assert len(side.stored("T")) == 1
    other_way = side.end(half, ROLLBACK)
    assert other_way is not None
    assert (other_way.code, other_way.remark) == (
        604,
        "the transaction was committed already",
    )


def test_a_half_that_was_put_back_is_ended_with_all_its_copies(
    side: TransactionSide,
) -> None:
    first, second = side.begin(), side.begin()
    side.copies.put_back(first.queue_offset, second.queue_offset)
    side.end(first)
    late = side.end(second, from_transaction_check=True)
    assert late is not None
    assert late.code == 0
    assert len(side.stored("T")) == 1
    side.clock.advance(3)
    assert side.marks_written() == [b"0,1,"]


def test_a_producer_that_is_asked_later_is_heard_only_until_then(
    side: TransactionSide,
) -> None:
    half = side.begin(**{props.CHECK_IMMUNITY_TIME: "10"})
    side.now_ms += 10_001
    late = side.end(half)
    assert late is not None
    assert late.code == 604
    assert "10001 ms old" in (late.remark or "")
    assert "after 10000 ms" in (late.remark or "")
    asked = side.end(half, from_transaction_check=True)
    assert asked is not None
    assert asked.code == 0
    young = side.begin(**{props.CHECK_IMMUNITY_TIME: "1"})
    side.now_ms += 6_000  # never less than the time-out of all
    in_time = side.end(young)
    assert in_time is not None
    assert in_time.code == 0


def test_a_committed_message_may_have_to_wait() -> None:
    def later(message: InnerMessage) -> Diverted | None:
        if props.DELAY not in message.properties:
            return None
        message.topic, message.queue_id = "Later", 2
        return Diverted(message)

    side = TransactionSide(None, later)
    half = side.begin(DELAY="3")
    assert half.topic == "RMQ_SYS_TRANS_HALF_TOPIC"
    side.end(half)
    assert side.stored("T") == []
    assert len(side.stored("Later", 2)) == 1
    assert side.counts.committed["T"] == 1


def test_a_message_that_may_not_wait_stays_a_half() -> None:
    def refuses(message: InnerMessage) -> Diverted | None:
        raise MessageIllegalError("too far")

    side = TransactionSide(None, refuses)
    half = side.begin()
    answer = side.end(half)
    assert answer is not None
    assert (answer.code, answer.remark) == (13, "too far")
    assert side.copies.how_ended(0) is None


def refusing(error: Exception, when: Any = lambda batch: True) -> Any:
    def append(batch: Any) -> None:
        if when(batch):
            raise error

    return append


def test_a_full_disk_leaves_the_half_as_it_was(
    side: TransactionSide, monkeypatch: Any
) -> None:
    half = side.begin()
    with monkeypatch.context() as patch:
        full = refusing(StoreFullError("the disk is full"))
        patch.setattr(side.store, "append", full)
        answer = side.end(half)
    assert answer is not None
    assert (answer.code, answer.remark) == (
        14,
        "service not available now: the disk is full",
    )
    again = side.end(half)
    assert again is not None
    assert again.code == 0
    assert len(side.stored("T")) == 1


def test_one_that_the_store_refuses_does_not_spoil_the_others(
    side: TransactionSide, monkeypatch: Any
) -> None:
    halves = [side.begin(topic) for topic in "TUV"]
    append = side.store.append

    def picky(batch: Any) -> Any:
        if "U" in batch.topics:
            raise TwistedMQError("not into U")
        return append(batch)

    monkeypatch.setattr(side.store, "append", picky)
    answers = end_all(side, halves)
    assert answers == [None, "not into U", None]
    assert [len(side.stored(topic)) for topic in "TUV"] == [1, 0, 1]


def end_all(side: TransactionSide, halves: list[Record]) -> list[str | None]:
    answers = [side.handlers.end([end_frame(half)], side.connection) for half in halves]
    side.clock.advance(0)
    remarks = []
    for answer in answers:
        assert isinstance(answer, Deferred)
        remarks.append(answers_in(answer.result)[6].remark)  # type: ignore[arg-type]
    return remarks


@pytest.mark.parametrize("error", [StoreFullError("no"), RuntimeError("bug")])
def test_nothing_counts_before_it_is_safe(
    side: TransactionSide, monkeypatch: Any, error: Exception, logged_failures: Any
) -> None:
    half = side.begin()
    safe: list[Deferred[Any]] = []

    def not_yet(end: int) -> Deferred[Any]:
        safe.append(Deferred())
        return safe[-1]

    monkeypatch.setattr(side.store, "safe", not_yet)
    answer: Any = side.handlers.end([end_frame(half)], side.connection)
    side.clock.advance(0)
    assert not answer.called
    assert 0 not in side.marks
    safe.pop().errback(error)
    logged_failures.flush(RuntimeError)
    assert answers_in(answer.result)[6].code in (1, 14)
    assert 0 not in side.marks
    answer = side.handlers.end([end_frame(half)], side.connection)
    side.clock.advance(0)
    safe.pop().callback(None)
    assert answers_in(answer.result)[6].code == 0
    assert 0 in side.marks
