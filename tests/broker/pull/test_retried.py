from read_side import ReadSide

from twistedmq.broker.pull.retried import retried_filter
from twistedmq.protocol.properties import format
from twistedmq.protocol.record import Record, encode_record


def record(**properties: str) -> bytes:
    return encode_record(Record(topic="%RETRY%G", properties=format(properties)))


def test_messages_are_asked_what_the_group_asks_of_their_topic() -> None:
    side = ReadSide()
    side.heartbeat("G", {"T": "a > 1", "wrong": "a >"}, expression_type="SQL92")
    matches = retried_filter(side.clients, "G").matches
    assert matches is not None
    assert matches(record(RETRY_TOPIC="T", a="2"))
    assert not matches(record(RETRY_TOPIC="T", a="1"))
    assert matches(record(RETRY_TOPIC="unknown", a="1"))
    assert matches(record(RETRY_TOPIC="wrong", a="1"))
    assert matches(record(a="1"))
