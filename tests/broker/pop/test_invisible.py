from typing import Any

import pytest
from pop_side import Lent, PopSide
from read_side import genuine_answers

from twistedmq.protocol.codes import ResponseCode


def popped(**fields: Any) -> tuple[PopSide, Lent]:
    side = PopSide()
    side.topic("T", 1)
    side.send(b"a")
    (message,) = side.pop(**fields)
    side.revive.startService()
    return side, message


def test_a_message_is_hidden_for_longer() -> None:
    side, message = popped()
    side.pass_time(5)
    reply = side.hide(message, 30_000)
    assert reply.header == {
        "popTime": str(side.now_ms),
        "invisibleTime": "30000",
        "reviveQid": "0",
    }
    assert isinstance(reply.header, dict)
    assert set(reply.header) == set(
        genuine_answers("change_message_invisibletime")[0]["header"]["extFields"]
    )
    side.pass_time(29)
    assert side.pop() == []
    side.pass_time(5)
    assert [each.body for each in side.pop()] == [b"a"]


def test_the_new_handle_acknowledges_it() -> None:
    side, message = popped()
    reply = side.hide(message, 20_000)
    assert isinstance(reply.header, dict)
    handle = f"0 {reply.header['popTime']} 20000 0 0 broker-a 0 0"
    assert side.ack(message, extra_info=handle)[0].code == 0
    side.pass_time(40)
    assert side.pop() == []


def test_given_back_at_once() -> None:
    side, message = popped()
    side.pass_time(1)
    side.hide(message, 0)
    side.pass_time(4)
    assert [each.body for each in side.pop()] == [b"a"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"topic": "none"}, ResponseCode.TOPIC_NOT_EXIST),
        ({"queue_id": 1}, ResponseCode.MESSAGE_ILLEGAL),
        ({"offset": 1}, ResponseCode.NO_MESSAGE),
        ({"extra_info": "x"}, ResponseCode.SYSTEM_ERROR),
        ({"extra_info": "0 1 2 7 0 b 0 0"}, ResponseCode.MESSAGE_ILLEGAL),
        ({"invisible_time": -1}, ResponseCode.INVALID_PARAMETER),
        ({"invisible_time": 2**63 - 1}, ResponseCode.INVALID_PARAMETER),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: int) -> None:
    side, message = popped()
    assert side.hide(message, 1, **fields).code == code
    assert len(side.kept()) == 1


def test_of_an_ordered_pop() -> None:
    side, message = popped(order=True)
    side.pass_time(5)
    reply = side.hide(message, 30_000)
    assert isinstance(reply.header, dict)
    assert reply.header["invisibleTime"] == "35000"
    assert reply.header["reviveQid"] == "999"
    side.pass_time(29)
    assert side.pop(order=True) == []
    side.pass_time(2)
    assert len(side.pop(order=True)) == 1
    side.offsets.commit("G", "T", 0, 1)
    assert side.hide(message, 30_000).header is None
