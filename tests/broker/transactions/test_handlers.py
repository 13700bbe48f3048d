"""END_TRANSACTION and RESUME_CHECK_HALF_MESSAGE as requests."""

from typing import Any

import pytest
from transaction_kit import UNKNOWN, TransactionSide, end_frame
from twisted.internet.defer import Deferred, fail
from write_side import HOST, answers_in, genuine_pairs, send_frame

from twistedmq.broker.transactions.halves import give_up
from twistedmq.protocol import properties as props
from twistedmq.protocol.codec import encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import ONE_WAY_FLAG, Command
from twistedmq.protocol.errors import FieldError, TwistedMQError
from twistedmq.protocol.headers import (
    ResumeCheckHalfMessageRequestHeader,
)
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.names import HALF_TOPIC, TRANSACTION_GIVEN_UP_TOPIC
from twistedmq.remoting.interfaces import Request
from twistedmq.testing.connections import FakeConnection


@pytest.fixture
def side() -> TransactionSide:
    return TransactionSide()


def test_the_answer_to_a_half_names_the_queue_it_was_sent_to(
    side: TransactionSide,
) -> None:
    properties = "TRAN_MSG\x01true\x02UNIQ_KEY\x01U1\x02PGROUP\x01p\x02"
    frame = send_frame("T", queue_id=3, sys_flag=4, properties=properties)
    answer = answers_in(side.send.serve([frame], side.connection))[5]  # type: ignore[arg-type]
    assert answer.fields["queueId"] == "3"
    assert answer.fields["transactionId"] == "U1"
    assert answer.fields["queueOffset"] == "0"
    (half,) = side.stored(HALF_TOPIC)
    assert answer.fields["msgId"] == offset_id(HOST, half.physical_offset)


def test_transactions_are_refused_in_a_batch(side: TransactionSide) -> None:
    body = b"".join(
        (20 + 1 + 2 + len(p)).to_bytes(4)
        + bytes(12)
        + b"\0\0\0\1x"
        + len(p).to_bytes(2)
        + p
        for p in (b"TRAN_MSG\x01true\x02", b"TRAN_MSG\x01true\x02")
    )
    frame = send_frame("T", body, code=RequestCode.SEND_BATCH_MESSAGE, batch=True)
    answer = answers_in(side.send.serve([frame], side.connection))[5]  # type: ignore[arg-type]
    assert answer.code == 13
    assert "TRAN_MSG" in (answer.remark or "")


def test_refused_halves_are_answered_as_genuine(side: TransactionSide) -> None:
    side.config.replace(rejected=True)
    frame = send_frame("T", sys_flag=4, properties="TRAN_MSG\x01true\x02")
    answer = answers_in(side.send.serve([frame], side.connection))[5]  # type: ignore[arg-type]
    assert answer.code == 16
    assert side.counts.open == {}


def test_ends_of_all_connections_are_one_append(
    side: TransactionSide, monkeypatch: Any
) -> None:
    halves = [side.begin() for _ in range(4)]
    batches: list[int] = []
    append = side.store.append

    def counting(batch: Any) -> Any:
        batches.append(len(batch))
        return append(batch)

    monkeypatch.setattr(side.store, "append", counting)
    one_way = [end_frame(half, flag=ONE_WAY_FLAG) for half in halves]
    assert side.handlers.end(one_way[:3], FakeConnection()) == b""
    assert side.handlers.end(one_way[3:], FakeConnection()) == b""
    assert batches == []
    side.clock.advance(0)
    assert batches == [4]
    assert [m.prepared_offset for m in side.stored("T")] == [
        half.physical_offset for half in halves
    ]


def test_whoever_does_not_know_yet_changes_nothing(side: TransactionSide) -> None:
    half = side.begin()
    for check in (False, True):
        answer = side.end(half, UNKNOWN, from_transaction_check=check)
        assert answer is not None
        assert answer.code == 0
    assert side.stored("T") == []
    assert side.counts.open["T"].count == 1


@pytest.mark.parametrize("how", [1, 4, 16, -8])
def test_other_decisions_are_refused(side: TransactionSide, how: int) -> None:
    answer = side.end(side.begin(), how)
    assert answer is not None
    assert answer.code == 29
    assert f"commitOrRollback[{how}]" in (answer.remark or "")


def test_a_request_that_lacks_a_field_does_not_spoil_the_others(
    side: TransactionSide,
) -> None:
    half = side.begin()
    bad = encode_request(RequestCode.END_TRANSACTION, 9, {"msgId": "x"}, b"")[4:]
    answers: Any = side.handlers.end([bad, end_frame(half)], side.connection)
    side.clock.advance(0)
    by_opaque = answers_in(answers.result)
    assert by_opaque[6].code == 0
    assert by_opaque[9].code == 1
    assert "producerGroup" in (by_opaque[9].remark or "")


def test_genuine_requests_are_understood(side: TransactionSide) -> None:
    """The recorded ones name halves that are not here: as in the recorded answers."""
    for request, answer in genuine_pairs("end_transaction"):
        frame = bytes.fromhex(request["frame_hex"])[4:]
        got: Any = side.handlers.end([frame], side.connection)
        side.clock.advance(0)
        if answer is None:
            assert got == b""
        else:
            (said,) = answers_in(got.result).values()
            assert said.code == answer["header"]["code"]
            assert said.remark == answer["header"]["remark"]


def test_a_half_on_a_cold_disk_is_waited_for(
    side: TransactionSide, monkeypatch: Any, logged_failures: Any
) -> None:
    half = side.begin()
    record = side.store.record_at(half.physical_offset)
    found: Deferred[Any] = Deferred()
    monkeypatch.setattr(side.store, "record_at", lambda offset: found)
    answer: Any = side.handlers.end([end_frame(half)], side.connection)
    side.clock.advance(0)
    assert not answer.called
    found.callback(record)
    assert answers_in(answer.result)[6].code == 0
    assert len(side.stored("T")) == 1
    monkeypatch.setattr(side.store, "record_at", lambda offset: fail(OSError("I/O")))
    answer = side.handlers.end([end_frame(half)], side.connection)
    side.clock.advance(0)
    assert answers_in(answer.result)[6].code == 14
    assert logged_failures.flush(OSError)


def test_what_came_before_the_end_is_served_and_the_rest_refused(
    side: TransactionSide,
) -> None:
    first, second = side.begin(), side.begin()
    side.handlers.end([end_frame(first, flag=ONE_WAY_FLAG)], side.connection)
    side.handlers.close()
    assert len(side.stored("T")) == 1
    answer = side.end(second)
    assert answer is not None
    assert answer.code == 14


def resume(side: TransactionSide, message_id: str | None) -> Any:
    header = ResumeCheckHalfMessageRequestHeader(msg_id=message_id)
    handler = side.handlers.table()[RequestCode.RESUME_CHECK_HALF_MESSAGE]
    return handler(Request(Command(code=0), header, FakeConnection()))


def test_a_half_that_was_given_up_is_taken_up_again(side: TransactionSide) -> None:
    half = side.begin()
    side.counts.was_given_up("T")
    side.inner.write([give_up(half)])
    (lost,) = side.stored(TRANSACTION_GIVEN_UP_TOPIC)
    assert resume(side, offset_id(HOST, lost.physical_offset)).result.code == 0
    again = side.stored(HALF_TOPIC)[-1]
    assert props.parse(again.properties)[props.TRANSACTION_CHECK_TIMES] == "0"
    assert side.counts.open["T"].count == 1
    answer = side.end(again)
    assert answer is not None
    assert answer.code == 0
    assert len(side.stored("T")) == 1


def test_what_is_no_half_is_not_taken_up(side: TransactionSide) -> None:
    side.send.serve([send_frame("T")], side.connection)
    (message,) = side.stored("T")
    refused = resume(side, offset_id(HOST, message.physical_offset))
    error = refused.result.value
    refused.addErrback(lambda _: None)
    assert isinstance(error, TwistedMQError)
    assert "is in T" in str(error)
    nothing = resume(side, offset_id(HOST, 12345678))
    assert "no message begins" in str(nothing.result.value)
    nothing.addErrback(lambda _: None)
    for wrong in (None, "xyz"):
        with pytest.raises(FieldError, match="message id"):
            resume(side, wrong)
