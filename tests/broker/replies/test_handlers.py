"""Replies to requests between clients."""

from random import Random
from typing import Any

import pytest
from read_side import ReadSide, answer, genuine_answers

from twistedmq.broker.replies.handlers import ReplyHandlers
from twistedmq.broker.replies.keeping import ReplyKeeper
from twistedmq.config.broker import SendConfig
from twistedmq.config.live import Live
from twistedmq.config.replies import RepliesConfig
from twistedmq.config.store import StoreConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import (
    ReplyMessageRequestHeader,
    SendMessageRequestHeader,
    SendMessageRequestHeaderV2,
)
from twistedmq.protocol.properties import format as format_properties
from twistedmq.protocol.properties import parse
from twistedmq.protocol.record import decode_record
from twistedmq.remoting.errors import RequestTimeoutError
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.connections import FakeConnection

HOST = b"\x7f\0\0\x02" + (21120).to_bytes(4)
TOPIC = "C_REPLY_TOPIC"
PUSH = RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT


class Replying(ReadSide):
    """A read side with reply handlers and a client that waits."""

    def __init__(self) -> None:
        super().__init__()
        self.config = Live(RepliesConfig())
        self.sending = Live(SendConfig())
        self.store_limits = Live(StoreConfig(max_message_bytes=1000))
        self.handlers |= ReplyHandlers(
            clients=self.clients,
            topics=self.topics,
            keeper=ReplyKeeper(
                self.store, self.config, self.store_limits, HOST, self.counters
            ),
            identity=self.identity,
            sending=self.sending,
            packed_host=HOST,
            wall_ms=self.wall_ms,
            random=Random(1),
        ).table()
        self.requester = FakeConnection("192.0.2.7:1")
        self.heartbeat(connection=self.requester, client_id="rq", producers=("P",))

    def reply(self, client_id: str | None = "rq", **fields: Any) -> list[Reply]:
        properties = {"CORRELATION_ID": "c-1", "MSG_TYPE": "reply"}
        if client_id is not None:
            properties["REPLY_TO_CLIENT"] = client_id
        values = {
            "producer_group": "PReply",
            "topic": TOPIC,
            "default_topic": "TBW102",
            "default_topic_queue_nums": 4,
            "queue_id": 0,
            "sys_flag": 0,
            "born_timestamp": 17,
            "flag": 0,
            "properties": format_properties(properties).decode(),
        }
        header = SendMessageRequestHeaderV2(**values | fields)
        return self.begin(RequestCode.SEND_REPLY_MESSAGE_V2, header, b"reply")


@pytest.fixture
def side() -> Replying:
    return Replying()


def test_the_requester_gets_the_reply(side: Replying) -> None:
    answers = side.reply()
    assert answers == []
    [sent] = side.requester.requests
    assert (sent.code, sent.body) == (PUSH, b"reply")
    header = sent.header
    assert isinstance(header, ReplyMessageRequestHeader)
    assert header.born_host == "192.0.2.1:4711"
    assert header.store_host == "127.0.0.2:21120"
    properties = parse(header.properties or "")
    assert properties["CORRELATION_ID"] == "c-1"
    assert properties["PUSH_REPLY_TIME"] == str(side.now_ms)
    sent.answer.callback(answer())
    assert answers[0].code == ResponseCode.SUCCESS


def test_the_reply_is_stored_too(side: Replying) -> None:
    side.reply()
    side.requester.requests[0].answer.callback(answer())
    [entry] = side.store.entries(TOPIC, 0, 0, 1)
    record = side.store.record_at(entry.physical_offset)
    assert record is not None
    assert decode_record(record).body == b"reply"
    assert side.counters.put.messages == 1


def test_old_clients_have_long_names(side: Replying) -> None:
    header = SendMessageRequestHeader(
        producer_group="P",
        topic=TOPIC,
        default_topic="TBW102",
        default_topic_queue_nums=4,
        queue_id=-1,
        sys_flag=0,
        born_timestamp=17,
        flag=0,
        properties="REPLY_TO_CLIENT\x01nobody\x02",
    )
    reply = side.ask(RequestCode.SEND_REPLY_MESSAGE, header, b"x")
    [genuine, *_] = genuine_answers("send_reply_message")
    assert reply.code == genuine["response_code"]
    assert reply.remark == genuine["header"]["remark"]
    assert isinstance(reply.header, dict)
    assert reply.header.keys() == genuine["header"]["extFields"].keys()


def test_a_reply_to_nobody(side: Replying) -> None:
    [reply] = side.reply(None)
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert reply.remark == "reply message properties[REPLY_TO_CLIENT] is null"


def test_a_requester_that_does_not_want_it(side: Replying) -> None:
    answers = side.reply()
    side.requester.requests[0].answer.callback(answer(1))
    assert answers[0].remark == "push reply message to rqfail."


def test_a_requester_that_does_not_answer(side: Replying) -> None:
    answers = side.reply()
    late = RequestTimeoutError("192.0.2.7:1", PUSH, 10.0)
    side.requester.requests[0].answer.errback(late)
    assert answers[0].remark == "push reply message to rqfail."


def test_a_full_store_does_not_matter(
    side: Replying, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise StoreFullError("full")

    monkeypatch.setattr(side.store, "append", full)
    answers = side.reply()
    side.requester.requests[0].answer.callback(answer())
    assert answers[0].code == ResponseCode.SUCCESS


def test_nothing_is_taken_before_the_time_that_was_set(side: Replying) -> None:
    side.sending.replace(accept_from_ms=side.now_ms + 1)
    [reply] = side.reply()
    assert "broker unable to service" in (reply.remark or "")
    side.now_ms += 1
    assert side.reply() == []


def test_a_queue_is_chosen_where_the_sender_does_not(side: Replying) -> None:
    side.topic("Many", 4)
    queues = set()
    for _ in range(30):
        answers = side.reply("nobody", topic="Many", queue_id=-1)
        assert isinstance(answers[0].header, dict)
        queues.add(answers[0].header["queueId"])
    assert queues == {"0", "1", "2", "3"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"topic": "TNope", "default_topic": "T0"}, ResponseCode.TOPIC_NOT_EXIST),
        ({"topic": "T nope"}, ResponseCode.INVALID_PARAMETER),
        ({"topic": "SCHEDULE_TOPIC_XXXX"}, ResponseCode.NO_PERMISSION),
        ({"topic": "TRead"}, ResponseCode.NO_PERMISSION),
        ({"queue_id": 1}, ResponseCode.INVALID_PARAMETER),
    ],
)
def test_refusals(side: Replying, fields: dict[str, Any], code: int) -> None:
    side.topic("TRead", perm=4)
    assert side.reply(**fields)[0].code == code


def test_the_reply_topic_of_a_namespace_is_made_by_its_first_reply(
    side: Replying,
) -> None:
    name = f"NS%{TOPIC}"
    answers = side.reply(topic=name)
    side.requester.requests[0].answer.callback(answer())
    assert answers[0].code == ResponseCode.SUCCESS
    made = side.topics.get(name)
    assert made is not None
    assert made.write_queue_nums == 4
    assert len(side.store.entries(name, 0, 0, 9)) == 1


def test_a_broker_that_may_not_be_written_to(side: Replying) -> None:
    side.identity.replace(permission=4)
    assert side.reply()[0].code == ResponseCode.NO_PERMISSION
