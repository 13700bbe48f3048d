from pop_side import PopSide

from twistedmq.broker.pop.retried import under_topic
from twistedmq.protocol import properties as props
from twistedmq.protocol.record import decode_records
from twistedmq.store.interfaces import QueueRead


def test_a_retried_message_is_shown_under_the_topic_asked_for() -> None:
    side = PopSide()
    side.send(b"a", b"b", topic="%RETRY%G_T")
    read = side.store.read_queue("%RETRY%G_T", 0, 0, 9, 1 << 20, None, None)
    assert isinstance(read, QueueRead)
    shown = under_topic(read.records, "T", lambda queue, offset: f"h {queue} {offset}")
    records = [record for buffer in shown for record in decode_records(buffer)]
    assert [(r.topic, r.body, r.queue_offset) for r in records] == [
        ("T", b"a", 0),
        ("T", b"b", 1),
    ]
    assert props.parse(records[1].properties)[props.POP_CK] == "h 0 1"
    again = under_topic(shown, "T", lambda *_: "other")
    (first, _) = [decode_records(buffer)[0] for buffer in again]
    assert props.parse(first.properties)[props.POP_CK] == "h 0 0"
