from typing import Any

import pytest

from twistedmq.client.message import Durability, SendStatus
from twistedmq.client.receipts import receipt_of, receipts_of
from twistedmq.client.sending import Stored
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.send import SendMessageResponseHeader

QUEUE = MessageQueue("T", "broker-0", 3)


def stored(code: int = 0, **more: str) -> Stored:
    fields = {"msgId": "ID", "queueId": "3", "queueOffset": "5"} | more
    header = decode_fields(SendMessageResponseHeader, fields)
    return Stored(QUEUE, header, Command(code=code, fields=fields))


def test_a_receipt_says_where_it_is_and_how_to_call_it_back() -> None:
    receipt = receipt_of(stored(recallHandle="H", transactionId="X"), "U")
    assert (receipt.message_id, receipt.offset_message_id) == ("U", "ID")
    assert (receipt.queue, receipt.queue_offset) == (QUEUE, 5)
    assert (receipt.recall_handle, receipt.transaction_id) == ("H", "X")


@pytest.mark.parametrize(
    ("answer", "promised"),
    [
        ({"DURABILITY": "disk"}, Durability.DISK),
        ({"DURABILITY": "something new"}, Durability.PAGE_CACHE),
        ({}, Durability.PAGE_CACHE),
        (
            {"DURABILITY": "disk", "code": ResponseCode.FLUSH_DISK_TIMEOUT},
            Durability.PAGE_CACHE,
        ),
    ],
)
def test_brokers_say_what_they_promise(answer: Any, promised: Durability) -> None:
    receipt = receipt_of(stored(**answer), "U")
    assert receipt.durability is promised
    assert receipt.status is SendStatus(answer.get("code", 0))


def test_the_messages_of_a_batch_follow_one_another() -> None:
    both = receipts_of(stored(msgId="A,B"), ["U", "V"])
    assert [each.message_id for each in both] == ["U", "V"]
    assert [each.offset_message_id for each in both] == ["A", "B"]
    assert [each.queue_offset for each in both] == [5, 6]


def test_a_batch_that_stayed_one_has_one_place() -> None:
    both = receipts_of(stored(msgId="A"), ["U", "V"])
    assert [each.offset_message_id for each in both] == ["A", "A"]
