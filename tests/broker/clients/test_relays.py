"""Requests that a client answers."""

import pytest
from read_side import ReadSide, answer

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import GetConsumerStatusBody, MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.headers import (
    ConsumeMessageDirectlyResultRequestHeader,
    GetConsumerRunningInfoRequestHeader,
    GetConsumerStatusRequestHeader,
)
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.record import decode_record
from twistedmq.remoting.errors import RequestTimeoutError
from twistedmq.testing.batches import Told
from twistedmq.testing.connections import FakeConnection

HOST = b"\x7f\0\0\x01\0\0\x2a\x9f"


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T", topic_sys_flag=1)
    return made


@pytest.fixture
def client(side: ReadSide) -> FakeConnection:
    connection = FakeConnection()
    side.heartbeat("G", connection=connection)
    return connection


class TestRunningInfo:
    HEADER = GetConsumerRunningInfoRequestHeader(consumer_group="G", client_id="c1")
    CODE = RequestCode.GET_CONSUMER_RUNNING_INFO

    def test_the_answer_is_handed_on(
        self, side: ReadSide, client: FakeConnection
    ) -> None:
        answers = side.begin(self.CODE, self.HEADER)
        [sent] = client.requests
        assert (sent.code, sent.header, sent.timeout_s) == (
            self.CODE,
            self.HEADER,
            10.0,
        )
        sent.answer.callback(answer(body=b"{}", remark="r", fields={"a": "b"}))
        assert answers[0].body == b"{}"
        assert answers[0].remark == "r"
        assert answers[0].header == {"a": "b"}

    def test_a_client_that_is_not_there(self, side: ReadSide) -> None:
        reply = side.ask(self.CODE, self.HEADER)
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert reply.remark == "The Consumer <G> <c1> not online"

    def test_a_client_that_does_not_answer(
        self, side: ReadSide, client: FakeConnection
    ) -> None:
        answers = side.begin(self.CODE, self.HEADER)
        late = RequestTimeoutError(client.peer, self.CODE, 10.0)
        client.requests[0].answer.errback(late)
        assert answers[0].code == ResponseCode.CONSUME_MSG_TIMEOUT
        assert (answers[0].remark or "").startswith("consumer <G> <c1> Timeout")

    def test_a_client_that_goes_away(
        self, side: ReadSide, client: FakeConnection
    ) -> None:
        answers = side.begin(self.CODE, self.HEADER)
        client.close("gone")
        assert answers[0].code == ResponseCode.SYSTEM_ERROR
        assert (answers[0].remark or "").startswith("invoke consumer <G> <c1>")


class TestConsumeDirectly:
    CODE = RequestCode.CONSUME_MESSAGE_DIRECTLY

    def header(self, offset: int) -> ConsumeMessageDirectlyResultRequestHeader:
        return ConsumeMessageDirectlyResultRequestHeader(
            consumer_group="G",
            client_id="c1",
            msg_id=offset_id(HOST, offset),
            topic="T",
        )

    def test_the_record_goes_to_the_client(
        self, side: ReadSide, client: FakeConnection
    ) -> None:
        [offset] = side.append(Told(topic="T", body=b"again"))
        answers = side.begin(self.CODE, self.header(offset))
        [sent] = client.requests
        assert decode_record(sent.body).body == b"again"
        header = sent.header
        assert isinstance(header, ConsumeMessageDirectlyResultRequestHeader)
        assert header.broker_name == "broker-a"
        assert (header.topic_sys_flag, header.group_sys_flag) == (1, 0)
        sent.answer.callback(answer(body=b'{"consumeResult":"CR_SUCCESS"}'))
        assert answers[0].body == b'{"consumeResult":"CR_SUCCESS"}'

    def test_a_message_that_does_not_exist(
        self, side: ReadSide, client: FakeConnection
    ) -> None:
        reply = side.ask(self.CODE, self.header(4711))
        assert reply.code == ResponseCode.SYSTEM_ERROR
        assert "4711" in (reply.remark or "")


class TestConsumerStatus:
    CODE = RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS

    def body(self, queue_id: int) -> bytes:
        table = {MessageQueue("T", "broker-a", queue_id): 3}
        return loose_json.encode(GetConsumerStatusBody(message_queue_table=table))

    def test_all_members_are_asked(
        self, side: ReadSide, client: FakeConnection
    ) -> None:
        other, silent = FakeConnection(), FakeConnection()
        side.heartbeat("G", connection=other, client_id="c2")
        side.heartbeat("G", connection=silent, client_id="c3")
        header = GetConsumerStatusRequestHeader(topic="T", group="G", client_addr="")
        answers = side.begin(self.CODE, header)
        client.requests[0].answer.callback(answer(body=self.body(0)))
        other.requests[0].answer.callback(answer())
        silent.close("gone")
        raw = answers[0].body
        assert isinstance(raw, bytes)
        body = loose_json.decode(raw, type=GetConsumerStatusBody)
        queue = MessageQueue("T", "broker-a", 0)
        assert body.consumer_table == {"c1": {queue: 3}, "c2": {}}

    def test_one_member_is_asked(self, side: ReadSide, client: FakeConnection) -> None:
        other = FakeConnection()
        side.heartbeat("G", connection=other, client_id="c2")
        header = GetConsumerStatusRequestHeader(topic="T", group="G", client_addr="c2")
        side.begin(self.CODE, header)
        assert (len(client.requests), len(other.requests)) == (0, 1)

    def test_nobody_is_there(self, side: ReadSide) -> None:
        header = GetConsumerStatusRequestHeader(topic="T", group="GNope")
        reply = side.ask(self.CODE, header)
        assert reply.remark == "No Any Consumer online in the consumer group: [GNope]"
