import pytest

from twistedmq.client.calls import PULL_CODES, PullAnswer
from twistedmq.client.pull_batch import PullStatus, read_batch
from twistedmq.client.subscription import Subscription
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.headers.pull import PullMessageResponseHeader
from twistedmq.protocol.record import Record, encode_record

QUEUE = MessageQueue("T", "broker-0", 3)
HEADER = PullMessageResponseHeader(
    suggest_which_broker_id=0, next_begin_offset=7, min_offset=1, max_offset=9
)
RECORD = encode_record(Record(topic="T", body=b"x", queue_id=3, queue_offset=6))


def test_each_answer_that_is_no_refusal_has_a_status() -> None:
    assert {status.value for status in PullStatus} == PULL_CODES


def test_what_was_found() -> None:
    answer = PullAnswer(ResponseCode.SUCCESS, HEADER, RECORD)
    batch = read_batch(answer, QUEUE, Subscription("T"), 6)
    assert batch.status is PullStatus.FOUND
    [message] = batch.messages
    assert (message.body, message.queue, message.queue_offset) == (b"x", QUEUE, 6)
    assert (batch.next_offset, batch.min_offset, batch.max_offset) == (7, 1, 9)


@pytest.mark.parametrize(
    "code", sorted(PULL_CODES - {ResponseCode.SUCCESS}), ids=lambda code: code.name
)
def test_other_answers_have_no_messages(code: ResponseCode) -> None:
    batch = read_batch(PullAnswer(code, HEADER, b""), QUEUE, Subscription("T"), 6)
    assert batch.status.value is code
    assert batch.messages == []
    assert batch.next_offset == 7
