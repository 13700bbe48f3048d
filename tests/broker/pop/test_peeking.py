from typing import Any

from pop_side import PopSide
from read_side import genuine_answers

from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers import PeekMessageRequestHeader
from twistedmq.protocol.record import decode_records


def peek(side: PopSide, **fields: Any) -> Reply:
    values: dict[str, Any] = {
        "topic": "T",
        "queue_id": -1,
        "max_msg_nums": 2,
        "consumer_group": "G",
    }
    header = PeekMessageRequestHeader(**values | fields)
    return side.ask(RequestCode.PEEK_MESSAGE, header)


def bodies(reply: Reply) -> list[bytes]:
    assert isinstance(reply.body, list)
    return [record.body for buffer in reply.body for record in decode_records(buffer)]


def test_a_look_takes_nothing() -> None:
    side = PopSide()
    side.topic("T", 1)
    side.send(b"a", b"b", b"c")
    for _ in range(2):
        reply = peek(side)
        assert bodies(reply) == [b"a", b"b"]
        assert isinstance(reply.header, dict)
        assert reply.header["restNum"] == "3"
    assert len(side.pop()) == 3


def test_retried_messages_are_seen_too() -> None:
    side = PopSide()
    side.topic("T", 1)
    side.topic("%RETRY%G_T", 1)
    side.send(b"again", topic="%RETRY%G_T")
    for _ in range(9):
        assert bodies(peek(side, queue_id=0)) == [b"again"]


def test_nothing_there() -> None:
    side = PopSide()
    side.topic("T", 1)
    reply = peek(side)
    genuine = genuine_answers("peek_message")[0]["header"]
    assert reply.code == genuine["code"]
    assert (reply.header, reply.remark) == (genuine["extFields"], genuine["remark"])


def test_a_group_that_is_where_nothing_is_any_more() -> None:
    side = PopSide()
    side.topic("T", 1)
    side.send(b"a")
    side.offsets.commit("G", "T", 0, 50)
    assert peek(side).code == ResponseCode.PULL_NOT_FOUND


def test_what_is_refused() -> None:
    side = PopSide()
    assert peek(side, topic="none").code == ResponseCode.TOPIC_NOT_EXIST
