from types import SimpleNamespace
from typing import Any

import pytest
from timer_kit import NOW_MS, TimerSide
from twisted.internet.defer import Deferred, fail
from write_side import HOST

from twistedmq.broker.timer.recall import RecallHandlers
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerLimits, SendConfig, TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.headers import RecallMessageRequestHeader
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.protocol.recall_handle import RecallHandle
from twistedmq.remoting.interfaces import Request
from twistedmq.store.interfaces import StoreFullError


class Recalls:
    def __init__(self, **config: Any) -> None:
        self.side = TimerSide(**{"recall_enabled": True, **config}).start()
        self.topics = TopicTable(
            self.side.identity.value,
            Live(TopicDefaults()),
            Live(BrokerLimits()),
            self.side.wall_ms,
        )
        self.topics.create_if_absent("T")
        self.sending = Live(SendConfig())
        self.table = RecallHandlers(
            topics=self.topics,
            inner=self.side.inner,
            identity=self.side.identity,
            sending=self.sending,
            config=self.side.config,
            wall_ms=self.side.wall_ms,
        ).table()

    def ask(self, handle: str, topic: str = "T") -> Any:
        header = RecallMessageRequestHeader(
            producer_group="p", topic=topic, recall_handle=handle
        )
        connection: Any = SimpleNamespace(packed_peer=HOST)
        request = Request(Command(RequestCode.RECALL_MESSAGE), header, connection)
        reply = self.table[RequestCode.RECALL_MESSAGE](request)
        self.side.settle()
        return reply


def handle(
    topic: str = "T",
    broker: str = "b",
    deliver: object = NOW_MS + 4001,
    key: str = "U1",
) -> str:
    return RecallHandle(topic, broker, str(deliver), key).encode()


def test_a_message_is_called_back_by_the_handle_of_its_send() -> None:
    recalls = Recalls()
    goes = recalls.side.send("goes", TIMER_DELAY_SEC="5")
    recalls.side.send("stays", TIMER_DELAY_SEC="5")
    reply = recalls.ask(goes["recallHandle"])
    assert reply == Reply(
        header={"MSG_REGION": "DefaultRegion", "msgId": "U1"},
        remark="not set any response code",
    )
    [record] = recalls.side.records(TIMER_TOPIC)[2:]
    assert record.body == b"0"
    assert record.born_host == HOST
    assert props.parse(record.properties) == {
        "TIMER_DEL_UNIQKEY": "U1",
        "UNIQ_KEY": "U1",
        "TIMER_DELIVER_MS": str(NOW_MS + 4001),
        "BORN_TIMESTAMP": str(NOW_MS),
        "TRACE_CONTEXT": "",
        "PGROUP": "p",
        "TAGS": "_RECALL_TAG_",
        "TIMER_OUT_MS": str(NOW_MS + 4000),
        "REAL_TOPIC": "T",
        "REAL_QID": "0",
    }
    recalls.side.advance(6)
    assert recalls.side.got() == ["stays"]


def test_the_key_may_have_its_topic_in_front() -> None:
    recalls = Recalls(recall_names_topic=True)
    goes = recalls.side.send("goes", TIMER_DELAY_SEC="5")
    recalls.ask(goes["recallHandle"])
    [record] = recalls.side.records(TIMER_TOPIC)[1:]
    assert props.parse(record.properties)["TIMER_DEL_UNIQKEY"] == "T+U1"
    recalls.side.advance(6)
    assert recalls.side.got() == []


@pytest.mark.parametrize(
    ("text", "code", "remark"),
    [
        ("xx", ResponseCode.ILLEGAL_OPERATION, "recall handle is invalid"),
        (handle("V"), ResponseCode.ILLEGAL_OPERATION, "topic not match"),
        (handle(broker="x"), ResponseCode.ILLEGAL_OPERATION, "service not available"),
        (handle(deliver="x"), ResponseCode.ILLEGAL_OPERATION, "timestamp invalid"),
        (handle(deliver=NOW_MS), ResponseCode.ILLEGAL_OPERATION, "timestamp invalid"),
        (
            handle(deliver=NOW_MS + 259_200_000),
            ResponseCode.ILLEGAL_OPERATION,
            "timestamp invalid",
        ),
    ],
)
def test_a_handle_that_names_nothing(text: str, code: int, remark: str) -> None:
    reply = Recalls().ask(text)
    assert reply.code == code
    assert remark in reply.remark
    assert reply.header == {"MSG_REGION": "DefaultRegion"}


def test_an_unknown_topic() -> None:
    reply = Recalls().ask(handle("V"), "V")
    assert reply.code == ResponseCode.TOPIC_NOT_EXIST
    assert reply.remark == "recall failed, the topic[V] not exist"


def test_recall_is_off_unless_it_is_asked_for() -> None:
    reply = Recalls(recall_enabled=False).ask(handle())
    assert reply.code == ResponseCode.NO_PERMISSION
    assert "recallMessageEnable=false" in reply.remark


def test_a_broker_that_takes_nothing() -> None:
    recalls = Recalls(recall_while_closed=False)
    recalls.side.identity.replace(permission=4)
    assert recalls.ask(handle()).code == ResponseCode.SERVICE_NOT_AVAILABLE
    recalls.side.config.replace(recall_while_closed=True)
    assert recalls.ask(handle()).code == ResponseCode.SUCCESS
    recalls.sending.replace(accept_from_ms=NOW_MS + 1)
    assert recalls.ask(handle()).code == ResponseCode.SERVICE_NOT_AVAILABLE


def test_without_timers_nothing_is_called_back() -> None:
    reply = Recalls(enabled=False).ask(handle())
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "timerWheelEnable is false" in reply.remark


def test_a_full_disk() -> None:
    recalls = Recalls()

    def full(_: object) -> Any:
        raise StoreFullError("the disk is full")

    recalls.side.inner.write = full  # type: ignore[method-assign]
    reply = recalls.ask(handle())
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "the disk is full" in reply.remark


def test_it_is_answered_when_it_is_safe() -> None:
    recalls = Recalls()
    waiting: Deferred[None] = Deferred()
    recalls.side.inner.safe = lambda _: waiting  # type: ignore[method-assign]
    answers: list[Any] = []
    recalls.ask(handle()).addCallback(answers.append)
    assert answers == []
    waiting.callback(None)
    assert answers[0].code == ResponseCode.SUCCESS


def test_a_failed_flush_is_told() -> None:
    recalls = Recalls()
    recalls.side.inner.safe = lambda _: fail(  # type: ignore[method-assign]
        StoreFullError("flush failed")
    )
    answers: list[Any] = []
    recalls.ask(handle()).addCallback(answers.append)
    assert answers[0].code == ResponseCode.SYSTEM_ERROR
    assert "flush failed" in answers[0].remark
