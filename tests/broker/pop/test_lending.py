"""What happens to a pop whose checkpoint cannot be written; the rest: test_handlers."""

from typing import Any

from pop_side import PopSide, lent

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record import decode_records
from twistedmq.store.interfaces import StoreFullError


def no_longer_than_a_day(deliver_ms: int, now_ms: int) -> int | None:
    if deliver_ms - now_ms > 86_400_000:
        raise MessageIllegalError("timerMaxDelaySec")
    return None


def full(_: object) -> None:
    raise StoreFullError("the disk is full")


def test_a_checkpoint_that_may_not_wait_so_long() -> None:
    side = PopSide(slot_for=no_longer_than_a_day)
    side.topic("T", 1)
    side.send(b"a")
    reply = side.pop_reply(invisible_time=90_000_000)
    assert (reply.code, reply.remark) == (13, "timerMaxDelaySec")
    assert side.in_flight.count(("T", "G", 0)) == 0
    assert [each.body for each in side.pop()] == [b"a"]


def test_with_a_full_disk_nothing_is_lent(monkeypatch: Any) -> None:
    side = PopSide()
    side.topic("T", 1)
    side.send(b"a", b"b")

    with monkeypatch.context() as patched:
        patched.setattr(side.store, "append", full)
        reply = side.pop_reply()
        assert reply.code == ResponseCode.SERVICE_NOT_AVAILABLE
        side.pop_reply(exp="none")  # passing over needs no record
    assert len(side.book) == 0
    assert [each.body for each in side.pop()] == []
    assert side.offsets.query("G", "T", 0) == 2


def test_with_a_full_disk_messages_are_lent_later(monkeypatch: Any) -> None:
    side = PopSide()
    side.topic("T", 1)
    side.send(b"a", b"b")

    with monkeypatch.context() as patched:
        patched.setattr(side.store, "append", full)
        side.pop_reply()
    assert side.in_flight.count(("T", "G", 0)) == 0
    assert [each.body for each in side.pop()] == [b"a", b"b"]


def test_checkpoints_take_turns_in_the_revive_queues() -> None:
    side = PopSide()
    side.topic("T", 1)
    for _ in range(4):
        side.send(b"a")
        side.pop()
    assert [record.queue_id for record in side.kept()] == [0, 0, 1, 1]


def test_retried_messages_can_be_shown_as_they_are() -> None:
    side = PopSide(show_retry_topic=True)
    side.topic("T", 1)
    side.topic("%RETRY%G_T", 1)
    side.send(b"again", topic="%RETRY%G_T")
    reply = side.pop_reply()
    assert isinstance(reply.body, list)
    (record,) = decode_records(reply.body[0])
    assert record.topic == "%RETRY%G_T"
    (message,) = lent(reply)
    assert message.handle.split(" ")[4] == "1"
