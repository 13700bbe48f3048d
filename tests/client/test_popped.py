from typing import Any

import pytest
from client_kit import received

from twistedmq.client.pop_calls import PopAnswer
from twistedmq.client.pop_errors import NotPoppedError
from twistedmq.client.popped import read_popped, receipt_of, with_handle
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import properties
from twistedmq.protocol.headers.pop import PopMessageResponseHeader
from twistedmq.protocol.pop_handles import ReceiptHandleError
from twistedmq.protocol.record import Record, encode_record


def record(offset: int, topic: str = "T", **stored: str) -> bytes:
    text = properties.format(stored)
    return encode_record(
        Record(topic=topic, body=b"x", queue_offset=offset, properties=text)
    )


def answer(*records: bytes, **fields: Any) -> PopAnswer:
    usual = {
        "pop_time": 1000,
        "invisible_time": 60,
        "revive_qid": 3,
        "rest_num": 0,
        "start_offset_info": "0 0 7",
    }
    return PopAnswer(PopMessageResponseHeader(**usual | fields), b"".join(records))


def test_a_handle_is_made_of_the_answer_and_the_message() -> None:
    popped = read_popped(answer(record(8)), "T", "b", Subscription("T"))
    [message] = popped.wanted
    assert message.receipt_handle == "7 1000 60 3 0 b 0 8"
    assert message.system_properties[properties.FIRST_POP_TIME] == "1000"
    assert receipt_of(message).ends_ms == 1060


def test_a_retried_message_brings_its_handle_and_has_the_topic_asked_for() -> None:
    stored = {"POP_CK": "1 2 3 4 1 b 0 5", "1ST_POP_TIME": "17"}
    popped = read_popped(answer(record(5, **stored)), "T", "b", Subscription("T"))
    [message] = popped.wanted
    assert message.receipt_handle == "1 2 3 4 1 b 0 5"
    assert message.system_properties[properties.FIRST_POP_TIME] == "17"
    retry = answer(record(5, "%RETRY%G_T"), start_offset_info="1 0 4")
    [message] = read_popped(retry, "T", "b", Subscription("T")).wanted
    assert (message.topic, message.receipt_handle) == ("T", "4 1000 60 3 1 b 0 5")


def test_old_brokers_say_no_start() -> None:
    old = answer(record(8), record(9), start_offset_info=None)
    handles = [
        message.receipt_handle
        for message in read_popped(old, "T", "b", Subscription("T")).wanted
    ]
    assert handles == ["8 1000 60 3 0 b 0 8", "8 1000 60 3 0 b 0 9"]


def test_ordered_messages_are_counted_by_the_answer() -> None:
    counted = answer(
        record(8), record(9), record(10), order_count_info="0 qo0%8 2;0 qo0%9 0;0 0 1"
    )
    popped = read_popped(counted, "T", "b", Subscription("T"))
    assert [message.reconsume_times for message in popped.wanted] == [2, 0, 1]


def test_tags_are_compared_themselves() -> None:
    both = answer(record(8, TAGS="Aa"), record(9, TAGS="BB"))
    popped = read_popped(both, "T", "b", Subscription("T", "Aa"))
    assert [message.tag for message in popped.wanted] == ["Aa"]
    assert [message.tag for message in popped.unwanted] == ["BB"]
    assert popped.unwanted[0].receipt_handle


def test_only_popped_messages_have_a_receipt() -> None:
    message = received("x")
    assert message.receipt_handle is None
    with pytest.raises(NotPoppedError):
        receipt_of(message)
    with pytest.raises(ReceiptHandleError):
        receipt_of(with_handle(message, "1 2 3"))
    assert receipt_of(with_handle(message, "1 2 3 4 0 b 5 6")).queue_offset == 6
