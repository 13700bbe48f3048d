import pytest

from twistedmq.client.message import (
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
    "bad",
    [
        {"priority": -1},
        {"priority": 2**31},
        {"properties": {"TAGS": "x"}},
        {"properties": {"": "x"}},
        {"properties": {"name": ""}},
        {"properties": {"na\x01me": "x"}},
        {"properties": {"name": "va\x02lue"}},
        {"tag": "\x01"},
        {"keys": ["a", "b\x02"]},
    ],
)
def test_what_cannot_be_stored_is_refused_at_once(bad: dict[str, object]) -> None:
    with pytest.raises(MessageIllegalError):
        Message("T", b"x", **bad)  # type: ignore[arg-type]


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
