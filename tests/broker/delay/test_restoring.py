import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.delay.diversion import DelayDiversion
from twistedmq.broker.delay.restoring import columns, restore
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol import properties as props
from twistedmq.protocol.record import Record, encode_record
from twistedmq.protocol.system_flags import BORN_HOST_V6
from twistedmq.store.delay_levels import DelayLevels

V6 = b"\x01" * 16 + (99).to_bytes(4)


def waiting(properties: dict[str, str], **more: object) -> bytes:
    fields = {
        "topic": "SCHEDULE_TOPIC_XXXX",
        "body": b"hello",
        "properties": props.format(properties),
    }
    return encode_record(Record(**fields | more))  # type: ignore[arg-type]


HOME = {"REAL_TOPIC": "T", "REAL_QID": "3"}


def test_a_message_gets_its_place_back_and_keeps_everything_else() -> None:
    held = {"KEYS": "k", "DELAY": "1", "TAGS": "a", "WAIT": "true", **HOME}
    record = waiting(
        held, flag=5, sys_flag=1, born_ms=17, born_host=V6, reconsume_times=2
    )
    batch = columns(restore([record]).messages)
    assert (batch.topics, batch.queue_ids) == (["T"], [3])
    assert props.parse(batch.properties[0]) == held
    assert batch.tags_codes == [props.tags_code("a")]
    assert batch.bodies == [b"hello"]
    assert (batch.flags, batch.born_ms, batch.reconsume_times) == ([5], [17], [2])
    assert batch.sys_flags == [1]  # the layout knows how long the hosts are
    assert BORN_HOST_V6 & batch.sys_flags[0] == 0
    assert batch.born_hosts == [V6]


def test_records_in_a_row_come_in_their_order() -> None:
    rows = [waiting({**HOME, "REAL_QID": str(n)}) for n in range(4)]
    restored = restore([b"".join(rows[:3]), rows[3]])
    assert [m.queue_id for m in restored.messages] == [0, 1, 2, 3]
    assert restored.left_out == []


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"REAL_TOPIC": "T"},
        {"REAL_QID": "1"},
        {"REAL_TOPIC": "", "REAL_QID": "1"},
        {"REAL_TOPIC": "T", "REAL_QID": "-1"},
        {"REAL_TOPIC": "T", "REAL_QID": "x"},
        {"REAL_TOPIC": "RMQ_SYS_TRANS_HALF_TOPIC", "REAL_QID": "0"},
    ],
)
def test_what_has_no_home_is_left_out_alone(properties: dict[str, str]) -> None:
    odd = waiting(properties, physical_offset=777)
    restored = restore([waiting(HOME) + odd + waiting(HOME)])
    assert len(restored.messages) == 2
    assert [o.physical_offset for o in restored.left_out] == [777]
    assert restored.left_out[0].problem


def test_a_broken_record_is_left_out_alone() -> None:
    broken = bytearray(waiting(HOME, physical_offset=777))
    broken[92] ^= 1  # in the body
    restored = restore([waiting(HOME) + bytes(broken) + waiting(HOME)])
    assert len(restored.messages) == 2
    assert [o.physical_offset for o in restored.left_out] == [777]


text = st.text(st.characters(exclude_characters="\x01\x02", codec="utf-8"), max_size=9)


@given(
    topic=st.sampled_from(["T", "%RETRY%g", "x" * 100]),
    queue_id=st.integers(0, 1 << 30),
    own=st.dictionaries(text.filter(bool), text, max_size=4),
    body=st.binary(max_size=20),
    level=st.integers(1, 30),
)
def test_what_was_diverted_comes_back(
    topic: str, queue_id: int, own: dict[str, str], body: bytes, level: int
) -> None:
    asked = InnerMessage(topic, queue_id, own | {"DELAY": str(level)}, body)
    diverted = DelayDiversion(DelayLevels("1s 2s"))(asked)
    assert diverted is not None
    waits = diverted.message
    record = Record(
        topic=waits.topic,
        queue_id=waits.queue_id,
        body=waits.body,
        properties=props.format(waits.properties),
    )
    (back,) = restore([encode_record(record)]).messages
    assert (back.topic, back.queue_id, back.body) == (topic, queue_id, body)


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    restore([data, waiting(HOME)[:-1] + data])
