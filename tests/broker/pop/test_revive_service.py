from typing import Any

from pop_side import REVIVE_TOPIC, PopSide
from twisted.internet.defer import Deferred

from twistedmq.broker.pop.revive_service import READ_COUNT
from twistedmq.protocol.record import RecordError
from twistedmq.testing.batches import Told, batch_of

REVIVE_GROUP = "CID_RMQ_SYS_REVIVE_GROUP"


def side_with(*bodies: bytes) -> PopSide:
    side = PopSide()
    side.topic("T", 1)
    side.send(*bodies)
    side.revive.startService()
    return side


def committed(side: PopSide, queue_id: int = 0) -> int:
    return side.offsets.query(REVIVE_GROUP, REVIVE_TOPIC, queue_id)


def test_it_goes_on_behind_what_is_committed() -> None:
    side = side_with(b"a")
    side.ack(*side.pop())
    side.pass_time(15)
    assert committed(side) == 1
    side.revive.stopService()
    side.revive.startService()
    assert [queue.next_offset for queue in side.revive.queues] == [2, 0]
    side.pass_time(2)
    assert committed(side) == 1
    assert committed(side, 1) == -1


def test_a_long_queue_is_read_in_slices(monkeypatch: Any) -> None:
    side = side_with()
    told = [Told(topic=REVIVE_TOPIC, body=b"{}")] * (3 * READ_COUNT)
    side.store.append(batch_of(told))
    read_queue, counts = side.store.read_queue, []

    def counting(*asked: Any) -> Any:
        read = read_queue(*asked)
        counts.append(read.count)
        return read

    monkeypatch.setattr(side.store, "read_queue", counting)
    side.pass_time(2)
    assert max(counts) <= READ_COUNT
    assert side.revive.queues[0].next_offset == 3 * READ_COUNT
    assert committed(side) == 3 * READ_COUNT - 1


def test_what_makes_no_sense_is_passed_over_and_logged() -> None:
    side = side_with(b"a")
    for tag, body in [("ck", b"nonsense"), ("ack", b"[]"), ("bAck", b'{"aol":7}')]:
        told = Told(topic=REVIVE_TOPIC, tag=tag, body=body)
        side.store.append(batch_of([told]))
    side.pop()
    side.pass_time(15)
    assert [each.body for each in side.pop()] == [b"a"]


def test_a_damaged_message_is_passed_over(monkeypatch: Any) -> None:
    side = side_with(b"a")
    told = Told(topic=REVIVE_TOPIC, body=b"{}")
    side.store.append(batch_of([told]))
    read_queue = side.store.read_queue

    def torn(topic: str, queue_id: int, offset: int, *more: Any) -> Any:
        if topic == REVIVE_TOPIC and offset == 0:
            raise RecordError("torn")
        return read_queue(topic, queue_id, offset, *more)

    monkeypatch.setattr(side.store, "read_queue", torn)
    side.pop()
    side.pass_time(15)
    assert [each.body for each in side.pop()] == [b"a"]


def test_the_end_waits_for_the_round(monkeypatch: Any) -> None:
    side = side_with(b"a")
    side.pop()
    unsafe: Deferred[Any] = Deferred()
    monkeypatch.setattr(side.store, "safe", lambda _: unsafe)
    side.pass_time(15)
    ends: list[Any] = []
    side.revive.stopService().addCallback(ends.append)
    assert ends == []
    unsafe.callback(None)
    assert ends == [None]
    assert not [c for c in side.clock.getDelayedCalls() if c.getTime() > 20]


def test_an_error_ends_a_round_and_not_the_service(
    monkeypatch: Any, logged_failures: Any
) -> None:
    side = side_with(b"a")
    side.pop()

    def broken(*_: object) -> bool:
        raise RecordError("no retry topic")

    with monkeypatch.context() as patched:
        patched.setattr(side.reviving, "revive", broken)
        side.pass_time(2)
    assert logged_failures.flush(RecordError)
    side.pass_time(15)
    assert [each.body for each in side.pop()] == [b"a"]
