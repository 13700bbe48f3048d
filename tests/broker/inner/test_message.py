from twistedmq.broker.inner.message import (
    InnerMessage,
    as_batch,
    of_batch,
    of_record,
    put_into,
)
from twistedmq.protocol import properties as props
from twistedmq.protocol.record import Record, decode_record, encode_record
from twistedmq.protocol.system_flags import BORN_HOST_V6, COMPRESSED

TAGGED = InnerMessage(
    "T",
    2,
    {props.TAGS: "red", props.UNIQ_KEY: "U1"},
    b"hello",
    flag=3,
    sys_flag=COMPRESSED,
    born_ms=17,
    born_host=bytes(8),
    reconsume_times=4,
    prepared_offset=5,
)


def test_columns_and_back() -> None:
    batch = as_batch([TAGGED, InnerMessage("U", 0, {}, b"x", tags_code=9)])
    first, second = of_batch(batch, 0), of_batch(batch, 1)
    assert batch.tags_codes == [props.tags_code("red"), 9]
    assert first.tags_code == props.tags_code("red")
    first.tags_code = None
    assert first == TAGGED
    assert second == InnerMessage("U", 0, {}, b"x", tags_code=9)


def test_a_message_takes_the_place_of_another() -> None:
    batch = as_batch([InnerMessage("U", 0, {}, b"x"), InnerMessage("V", 0, {}, b"y")])
    put_into(batch, 1, TAGGED)
    assert batch == as_batch([InnerMessage("U", 0, {}, b"x"), TAGGED])


def test_a_stored_message_can_be_stored_again() -> None:
    record = Record(
        topic="T",
        queue_id=2,
        sys_flag=COMPRESSED | BORN_HOST_V6,
        born_host=bytes(range(20)),
        properties=props.format({props.UNIQ_KEY: "U1"}),
        body=b"b",
        reconsume_times=1,
    )
    message = of_record(decode_record(encode_record(record)))
    assert message.unique_id == "U1"
    assert (message.topic, message.queue_id, message.body) == ("T", 2, b"b")
    assert message.sys_flag == COMPRESSED  # the layout sets the others
    assert message.born_host == bytes(range(20))
    assert InnerMessage("T", 0, {}, b"").unique_id == ""
