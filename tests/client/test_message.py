from typing import Any

import pytest

from twistedmq.client.message import (
    MAX_DELAY_S,
    Durability,
    Message,
    MessageQueue,
    Receipt,
    SendStatus,
)
from twistedmq.client.message import ReceivedMessage as Received
from twistedmq.protocol.errors import MessageIllegalError


def test_a_message_says_what_is_stored_of_it() -> None:
    message = Message("T", b"x", tag="a", keys=["k1", "k2"], properties={"p": "v"})
    assert message.stored_properties() == {
        "p": "v",
        "TAGS": "a",
        "KEYS": "k1 k2",
        "WAIT": "true",
    }


def test_light_queues_are_named_by_a_property() -> None:
    light = {"INNER_MULTI_DISPATCH": "%LMQ%a,%LMQ%b"}
    stored = Message("T", b"x", properties=light).stored_properties()
    assert stored == light | {"WAIT": "true"}


def test_one_key_may_be_given_as_text() -> None:
    assert Message("T", b"x", keys="order-1").keys == ("order-1",)


def test_a_delay_and_an_early_answer_are_properties_too() -> None:
    stored = Message("T", b"x", delay_level=3, wait_stored=False).stored_properties()
    assert stored == {"DELAY": "3", "WAIT": "false"}


def test_a_priority_is_a_property_even_if_it_is_0() -> None:
    stored = Message("T", b"x", priority=0).stored_properties()
    assert stored == {"_SYS_MSG_PRIORITY_": "0", "WAIT": "true"}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"delay_s": 90}, {"TIMER_DELAY_SEC": "90"}),
        ({"delay_s": 0.25}, {"TIMER_DELAY_MS": "250"}),
        ({"delay_s": 0}, {"TIMER_DELAY_SEC": "0"}),
        ({"deliver_at_ms": 1_700_000_000_000}, {"TIMER_DELIVER_MS": "1700000000000"}),
        ({"sharding_key": "order-7"}, {"__SHARDINGKEY": "order-7"}),
    ],
)
def test_a_time_and_a_sharding_key_are_properties(
    given: dict[str, Any], stored: dict[str, str]
) -> None:
    message = Message("T", b"x", **given)
    assert message.stored_properties() == stored | {"WAIT": "true"}
    assert message.is_delayed is ("sharding_key" not in given)


@pytest.mark.parametrize(
    ("field", "bad", "limit"),
    [
        ("priority", -1, 0),
        ("priority", 2**31, 2**31 - 1),
        ("flag", 2**31, 2**31 - 1),
        ("flag", "x", 2**31 - 1),
        ("delay_level", -1, 0),
        ("deliver_at_ms", -1, 0),
        ("deliver_at_ms", 1.5, 2**63 - 1),
        ("delay_s", -1, MAX_DELAY_S),
        ("delay_s", float("nan"), MAX_DELAY_S),
        ("properties", {"TAGS": "x"}, "no name of the system's own"),
        ("properties", {"": "x"}, "not empty"),
        ("properties", {"name": ""}, "not empty"),
        ("properties", {"na\x01me": "x"}, "not '\\x01'"),
        ("properties", {"name": "va\x02lue"}, "not '\\x02'"),
        ("tag", "\x01", "not '\\x01'"),
        ("sharding_key", "a\x02", "not '\\x02'"),
        ("keys", ["a", "b\x02"], "not '\\x02'"),
        ("keys", ["a b"], "no blanks"),
        ("keys", [""], "no blanks"),
    ],
)
def test_what_cannot_be_stored_is_refused_at_once(
    field: str, bad: Any, limit: object
) -> None:
    with pytest.raises(MessageIllegalError) as raised:
        Message("T", b"x", **{field: bad})
    assert (raised.value.field, raised.value.limit) == (field, limit)
    assert repr(raised.value.value) in repr(bad)


def test_text_is_no_body() -> None:
    with pytest.raises(MessageIllegalError, match="the body is str, not bytes"):
        Message("T", "text")  # type: ignore[arg-type]


def test_only_one_time_can_be_given() -> None:
    with pytest.raises(MessageIllegalError, match="delay_level and delay_s") as raised:
        Message("T", b"x", delay_level=1, delay_s=1)
    assert raised.value.value == {"delay_level": 1, "delay_s": 1}


def test_bodies_are_not_shown() -> None:
    assert repr(Message("T", b"secret", tag="a")) == "<Message 'T', 6 bytes, tag 'a'>"


def test_a_received_message_shows_what_identifies_it() -> None:
    message = Received(
        topic="T",
        body=b"secret",
        tag=None,
        keys=(),
        properties={},
        system_properties={},
        message_id="M1",
        offset_message_id="O1",
        queue=MessageQueue("T", "b", 0),
        queue_offset=0,
        physical_offset=0,
        reconsume_times=0,
        born_at_ms=0,
        stored_at_ms=0,
        born_host="",
        store_host="",
        flag=0,
        sys_flag=0,
        stored_bytes=0,
    )
    assert repr(message) == "<ReceivedMessage M1 of 'T', 6 bytes, tag None>"


def test_a_receipt_promises_the_least_unless_told_more() -> None:
    receipt = Receipt(
        message_id="M",
        offset_message_id="O",
        queue=MessageQueue("T", "b", 0),
        queue_offset=0,
    )
    assert receipt.durability is Durability.PAGE_CACHE
    assert receipt.status is SendStatus.OK


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tag", 7),
        ("sharding_key", 7),
        ("keys", [7]),
        ("properties", {"n": 7}),
        ("properties", {7: "n"}),
    ],
)
def test_what_is_no_text_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(MessageIllegalError, match=f"{field} is 7, not text") as caught:
        Message("T", b"x", **{field: value})  # type: ignore[arg-type]
    assert (caught.value.field, caught.value.value) == (field, 7)


@pytest.mark.parametrize(
    ("field", "value"), [("topic", 7), ("topic", None), ("delay_s", "3"), ("keys", 7)]
)
def test_what_is_of_a_wrong_kind_is_refused_by_name(field: str, value: object) -> None:
    arguments: dict[str, Any] = {"topic": "T", "body": b"x", field: value}
    with pytest.raises(MessageIllegalError, match=f"{field} is {value!r}, not"):
        Message(**arguments)
