from transaction_kit import TransactionSide
from write_side import HOST, NOW_MS

from twistedmq.admin.open_halves import OpenHalf, open_halves
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC
from twistedmq.protocol.record import Record


def test_halves_that_nobody_ended_are_listed() -> None:
    side = TransactionSide()
    side.check_back.startService()
    first, second = side.begin(KEYS="k1"), side.begin(KEYS="k2")
    side.end(first)
    side.let_pass(30)
    found = open_halves(side.stored(HALF_TOPIC), side.stored(OP_HALF_TOPIC))
    again = side.stored(HALF_TOPIC)[-1]
    assert [(half.keys, half.times_asked) for half in found] == [("k2", 0), ("k2", 1)]
    from_offset = side.progress()[0]
    (stuck,) = open_halves(side.stored(HALF_TOPIC)[from_offset:], [])
    assert stuck == OpenHalf(
        topic="T",
        group="p",
        message_id="U1",
        offset_id=offset_id(HOST, again.physical_offset),
        keys="k2",
        queue_offset=2,
        born_ms=NOW_MS,
        times_asked=1,
    )
    assert second.queue_offset == 1
    side.check_back.stopService()


def test_a_record_that_says_nothing_is_listed_all_the_same() -> None:
    (bare,) = open_halves([Record(topic=HALF_TOPIC)], [])
    assert (bare.topic, bare.group, bare.message_id) == ("", "", "")
