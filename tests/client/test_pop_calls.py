from typing import Any

import pytest
from client_kit import held, result_of
from twisted.internet.defer import Deferred, succeed

from twistedmq.client.errors import RefusedError
from twistedmq.client.pop_calls import GRACE_S, PopCalls
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.assignments import (
    MessageQueueAssignment,
    MessageRequestMode,
    QueryAssignmentRequestBody,
    QueryAssignmentResponseBody,
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.bodies.pop import BatchAck, BatchAckMessageRequestBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.notification import NotificationRequestHeader
from twistedmq.protocol.headers.pop import (
    ChangeInvisibleTimeRequestHeader,
    PopMessageRequestHeader,
)

POP = PopMessageRequestHeader(
    consumer_group="G",
    topic="T",
    queue_id=-1,
    max_msg_nums=32,
    invisible_time=1000,
    poll_time=2000,
    born_time=1,
    init_mode=0,
)
CHANGE = ChangeInvisibleTimeRequestHeader(
    consumer_group="G",
    topic="T",
    queue_id=0,
    extra_info="",
    offset=1,
    invisible_time=1000,
)
LENT = {"popTime": "5", "invisibleTime": "6", "reviveQid": "7", "restNum": "8"}


class Broker:
    """Gives one answer, and keeps what was asked."""

    def __init__(self, answer: Command) -> None:
        self.answer = answer
        self.asked: list[tuple[int, Any, bytes, float]] = []
        self.calls = PopCalls(self)  # type: ignore[arg-type]  # what is used of a pool

    def request(
        self, address: str, code: int, header: Any, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        self.asked.append((code, header, body, timeout_s))
        return succeed(self.answer)


def test_what_a_pop_brings() -> None:
    broker = Broker(Command(code=0, fields=LENT, body=b"records"))
    answer = result_of(broker.calls.pop("b:1", POP))
    assert (answer.header.pop_time, answer.records) == (5, b"records")
    [(code, _, _, timeout_s)] = broker.asked
    assert (code, timeout_s) == (RequestCode.POP_MESSAGE, 2 + GRACE_S)


@pytest.mark.parametrize(
    "code", [ResponseCode.PULL_NOT_FOUND, ResponseCode.POLLING_TIMEOUT]
)
def test_nothing_is_an_answer_too(code: int) -> None:
    assert result_of(Broker(Command(code=code)).calls.pop("b:1", POP)) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda calls: calls.pop("b:1", POP),
        lambda calls: calls.change_invisible("b:1", CHANGE),
        lambda calls: calls.ack_batch("b:1", "b", []),
    ],
)
def test_other_codes_are_refusals(call: Any) -> None:
    broker = Broker(Command(code=ResponseCode.POLLING_FULL, remark="full"))
    [failure] = held(call(broker.calls))
    assert failure.check(RefusedError)
    assert failure.value.code == ResponseCode.POLLING_FULL


def test_a_batch_of_acks() -> None:
    broker = Broker(Command(code=0))
    result_of(broker.calls.ack_batch("b:1", "b", [BatchAck(topic="T")]))
    [(code, _, body, _)] = broker.asked
    sent = loose_json.decode(body, type=BatchAckMessageRequestBody)
    assert (code, sent.broker_name) == (RequestCode.BATCH_ACK_MESSAGE, "b")
    assert [ack.topic for ack in sent.acks] == ["T"]


def test_an_ordered_message_that_is_done_has_no_other_time() -> None:
    done = Broker(Command(code=0)).calls.change_invisible("b:1", CHANGE)
    assert result_of(done) is None
    changed = Broker(Command(code=0, fields=LENT)).calls
    assert result_of(changed.change_invisible("b:1", CHANGE)).invisible_time == 6


def test_a_notice() -> None:
    header = NotificationRequestHeader(
        consumer_group="G", topic="T", queue_id=-1, poll_time=3000
    )
    broker = Broker(Command(code=0, fields={"hasMsg": "true"}))
    assert result_of(broker.calls.notification("b:1", header)).has_msg
    assert broker.asked[0][3] == 3 + GRACE_S


def test_an_assignment() -> None:
    queue = MessageQueue("T", "b", -1)
    body = QueryAssignmentResponseBody(
        message_queue_assignments=[MessageQueueAssignment(message_queue=queue)]
    )
    broker = Broker(Command(code=0, body=loose_json.encode(body)))
    asked = QueryAssignmentRequestBody(topic="T")
    [found] = result_of(broker.calls.assignment("b:1", asked))
    assert found.message_queue == queue
    none = loose_json.encode(QueryAssignmentResponseBody())
    broker = Broker(Command(code=0, body=none))
    assert result_of(broker.calls.assignment("b:1", asked)) is None


def test_the_way_a_group_consumes_a_topic() -> None:
    broker = Broker(Command(code=0))
    wish = SetMessageRequestModeRequestBody(topic="T", mode=MessageRequestMode.POP)
    result_of(broker.calls.set_request_mode("b:1", wish))
    [(code, _, body, _)] = broker.asked
    assert code == RequestCode.SET_MESSAGE_REQUEST_MODE
    assert loose_json.decode(body, type=SetMessageRequestModeRequestBody) == wish
