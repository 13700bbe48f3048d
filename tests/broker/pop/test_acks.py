import base64
import json
from typing import Any

import pytest
from pop_side import Lent, PopSide
from write_side import genuine_pairs

from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command, Reply


def popped(*bodies: bytes, **fields: Any) -> tuple[PopSide, list[Lent]]:
    side = PopSide()
    side.topic("T", 4)
    side.send(*bodies)
    return side, side.pop(**fields)


def codes(answers: list[Command]) -> list[int]:
    return [answer.code for answer in answers]


def batch(side: PopSide, ack: dict[str, Any] | None, raw: bytes = b"") -> Reply:
    body = raw
    if ack is not None:
        plain = {"c": "G", "t": "T", "r": "0", "so": 0, "q": 0, "rq": 0, "it": 10_000}
        acks = [{**plain, "pt": side.now_ms, **ack}]
        body = json.dumps({"acks": acks, "brokerName": "broker-a"}).encode()
    answers = side.begin(RequestCode.BATCH_ACK_MESSAGE, None, body)
    side.turn()
    return answers[0]


def test_many_acks_are_one_record() -> None:
    side, messages = popped(b"a", b"b", b"c")
    assert codes(side.ack(*messages)) == [0, 0, 0]
    _, acks = side.kept()
    assert json.loads(acks.body)["aol"] == [0, 1, 2]
    side.pass_time(20)
    assert side.pop() == []


def test_an_ack_is_answered_once_it_is_written() -> None:
    side, (message,) = popped(b"a")
    replies = side.ack_handlers.ack(side.ack_frames(message), side.connection)
    assert len(side.kept()) == 1
    done: list[bytes] = []
    replies.addCallback(done.append)  # type: ignore[union-attr]
    assert done == []
    side.turn()
    assert len(done) == 1
    assert len(side.kept()) == 2


def test_the_answer_is_the_genuine_one() -> None:
    side, (message,) = popped(b"a")
    (answer,) = side.ack(message)
    (_, genuine) = genuine_pairs("ack_message")[0]
    assert genuine is not None
    assert (answer.code, answer.fields) == (genuine["header"]["code"], {})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"topic": "none"}, ResponseCode.TOPIC_NOT_EXIST),
        ({"queue_id": 4}, ResponseCode.MESSAGE_ILLEGAL),
        ({"queue_id": -1}, ResponseCode.MESSAGE_ILLEGAL),
        ({"offset": 3}, ResponseCode.NO_MESSAGE),
        ({"offset": -1}, ResponseCode.NO_MESSAGE),
        ({"extra_info": ""}, ResponseCode.SYSTEM_ERROR),
        ({"extra_info": "x 1 2 0 0 b 0 0"}, ResponseCode.SYSTEM_ERROR),
        ({"extra_info": "0 1 2 7 0 b 0 0"}, ResponseCode.MESSAGE_ILLEGAL),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: int) -> None:
    side, (message, _) = popped(b"a", b"b")
    assert codes(side.ack(message, **fields)) == [code]
    assert len(side.kept()) == 1


def test_one_bad_ack_does_not_spoil_the_others() -> None:
    side, messages = popped(b"a", b"b")
    frames = side.ack_frames(*messages)
    frames += side.ack_frames(messages[0], offset=77)
    replies = side.ack_handlers.ack(frames, side.connection)
    side.turn()
    done: list[bytes] = []
    replies.addCallback(done.append)  # type: ignore[union-attr]
    assert done[0].count(b'"code":0') == 2
    assert b"offset is illegal, key:T@0, commit:77, store:0~2" in done[0]


def test_handles_of_other_pops_and_brokers_acknowledge_nothing() -> None:
    side, (message,) = popped(b"a")
    parts = message.handle.split(" ")
    for changed in ("17", "other-broker"):
        foreign = list(parts)
        foreign[5 if changed == "other-broker" else 1] = changed
        text = " ".join(foreign)
        assert codes(side.ack(message, extra_info=text)) == [0]
    side.book.forget(("T", "G", 0, 0, int(parts[1])))  # as after a restart
    side.revive.startService()
    side.pass_time(15)
    assert [each.body for each in side.pop()] == [b"a"]
    side.revive.stopService()


def test_an_expired_handle_is_answered_and_ignored() -> None:
    side, (message,) = popped(b"a")
    side.revive.startService()
    side.pass_time(15)
    assert codes(side.ack(message)) == [0]
    side.pass_time(2)
    assert [each.body for each in side.pop()] == [b"a"]
    side.revive.stopService()


def test_a_batch_of_acks_names_offsets_by_bits() -> None:
    side, _ = popped(b"a", b"b", b"c")
    bits = base64.b64encode(b"\5").decode()
    assert batch(side, {"b": bits}).code == ResponseCode.SUCCESS
    assert json.loads(side.kept()[1].body)["aol"] == [0, 2]
    side.revive.startService()
    side.pass_time(15)
    assert [each.body for each in side.pop()] == [b"b"]
    side.revive.stopService()


def test_a_genuine_batch_of_acks() -> None:
    side, _ = popped(b"a")
    (request, answer) = genuine_pairs("batch_ack_message")[0]
    assert answer is not None
    body = loose_json.encode(request["body_json"])
    assert batch(side, None, body).code == answer["header"]["code"]


@pytest.mark.parametrize(
    ("ack", "code"),
    [
        ({"b": "!"}, ResponseCode.SYSTEM_ERROR),
        ({"b": base64.b64encode(bytes(8193)).decode()}, ResponseCode.SYSTEM_ERROR),
        ({"b": "AQ==", "r": "7"}, ResponseCode.SYSTEM_ERROR),
        ({"b": "AQ==", "rq": 77}, ResponseCode.MESSAGE_ILLEGAL),
        ({"b": "AQ==", "so": 2**60}, ResponseCode.SUCCESS),
        ({"b": "AQ==", "t": "none"}, ResponseCode.SUCCESS),
        ({"b": ""}, ResponseCode.SUCCESS),
        (None, ResponseCode.NO_MESSAGE),
    ],
)
def test_batches_that_acknowledge_nothing(ack: Any, code: int) -> None:
    side, _ = popped(b"a")
    assert batch(side, ack).code == code
    assert len(side.kept()) == 1
