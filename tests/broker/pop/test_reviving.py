"""What was not acknowledged comes back. Days and many tries pass in milliseconds."""

from typing import Any

import pytest
from pop_side import REVIVE_TOPIC, PopSide, restarted
from twisted.internet.defer import Deferred, fail, succeed

from twistedmq.protocol import loose_json
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import PopCheckPoint
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.record import RecordError
from twistedmq.store.interfaces import StoreFullError


def side_with(*bodies: bytes, **config: Any) -> PopSide:
    side = PopSide(**config)
    side.topic("T", 1)
    side.send(*bodies)
    side.revive.startService()
    return side


@pytest.mark.parametrize(("v2", "name"), [(False, "%RETRY%G_T"), (True, "%RETRY%G+T")])
def test_what_is_not_acknowledged_comes_back(v2: bool, name: str) -> None:
    side = side_with(b"a", b"b", b"c", retry_topic_v2=v2, read_retry_topic_v1=not v2)
    first_ms = side.now_ms
    _, middle, _ = side.pop()
    side.ack(middle)
    side.pass_time(11)
    assert side.pop() == []
    side.pass_time(4)
    again = side.pop()
    assert [each.body for each in again] == [b"a", b"c"]
    assert {each.record.topic for each in again} == {"T"}
    assert {each.record.reconsume_times for each in again} == {1}
    for each in again:
        properties = props.parse(each.record.properties)
        assert properties[props.FIRST_POP_TIME] == str(first_ms)
        assert each.handle.split(" ")[4] == ("2" if v2 else "1")
    assert side.topics.get(name) is not None
    side.ack(*again)
    side.pass_time(15)
    assert side.pop() == []
    assert side.in_flight.count(("T", "G", 0)) == 0
    assert len(side.book) == 0


def test_sixteen_tries_of_three_days() -> None:
    side = side_with(b"a")
    side.config.set(type(side.config.value)(revive_interval_ms=60_000))
    three_days_ms = 3 * 24 * 3600 * 1000
    for times in range(17):
        (message,) = side.pop(invisible_time=three_days_ms)
        assert message.record.reconsume_times == times
        first = props.parse(message.record.properties).get(props.FIRST_POP_TIME)
        assert first == (None if not times else "1700000000000")
        side.pass_time(three_days_ms / 1000 + 60, step=3600)
        side.pass_time(180, step=60)


def test_a_held_pop_gets_what_comes_back() -> None:
    side = side_with(b"a")
    side.pop()
    waiting = side.begin_pop(poll_time=30_000)
    side.pass_time(15)
    assert waiting[0].remark == "FOUND"


def test_acks_are_known_after_a_restart() -> None:
    side = side_with(b"a", b"b")
    message, _ = side.pop()
    side.ack(message)
    again = restarted(side, 2)
    again.revive.startService()
    again.pass_time(15)
    assert [each.body for each in again.pop()] == [b"b"]


def test_after_a_restart_late_timers_are_waited_for() -> None:
    side = side_with(b"a")
    side.pop()
    again = restarted(side, 1)
    again.timers_behind_ms = 60_000
    again.revive.startService()
    again.pass_time(30)
    assert again.pop() == []
    again.timers_behind_ms = 0
    again.pass_time(2)
    assert [each.body for each in again.pop()] == [b"a"]


def test_progress_is_committed_only_behind_what_is_safe(monkeypatch: Any) -> None:
    side = side_with(b"a")
    side.pop()
    unsafe: Deferred[Any] = Deferred()
    monkeypatch.setattr(side.store, "safe", lambda _: unsafe)
    side.pass_time(15)
    assert side.offsets.query("CID_RMQ_SYS_REVIVE_GROUP", REVIVE_TOPIC, 0) == -1
    unsafe.callback(None)
    assert side.offsets.query("CID_RMQ_SYS_REVIVE_GROUP", REVIVE_TOPIC, 0) == 0


def test_a_full_disk_keeps_it_for_later(monkeypatch: Any) -> None:
    side = side_with(b"a")
    side.pop()

    def full(_: object) -> None:
        raise StoreFullError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(side.store, "append", full)
        side.pass_time(20)
    side.pass_time(2)
    assert [each.body for each in side.pop()] == [b"a"]


def test_what_belongs_to_nobody_is_dropped() -> None:
    side = side_with(b"a")
    side.pop()
    side.topics.delete("T")
    side.pass_time(15)
    assert side.topics.get("%RETRY%G_T") is None
    assert side.offsets.query("CID_RMQ_SYS_REVIVE_GROUP", REVIVE_TOPIC, 0) == 0


def test_messages_that_are_gone_are_passed_over(monkeypatch: Any) -> None:
    side = side_with(b"a", b"b")
    side.pop()
    read_queue = side.store.read_queue

    def gone(topic: str, queue_id: int, offset: int, *more: Any) -> Any:
        start = max(offset, 1) if topic == "T" else offset
        return read_queue(topic, queue_id, start, *more)

    monkeypatch.setattr(side.store, "read_queue", gone)
    side.pass_time(15)
    assert side.in_flight.count(("T", "G", 0)) == 0
    monkeypatch.undo()
    assert [each.body for each in side.pop()] == [b"b"]


def test_what_cannot_be_read_is_tried_again_later(monkeypatch: Any) -> None:
    side = side_with(b"a", b"b")
    side.pop()
    read_queue = side.store.read_queue

    def torn(topic: str, *more: Any) -> Any:
        read = read_queue(topic, *more)
        return fail(RecordError("torn")) if topic == "T" else succeed(read)

    with monkeypatch.context() as patched:
        patched.setattr(side.store, "read_queue", torn)
        side.pass_time(15)
    fresh = [loose_json.decode(r.body, type=PopCheckPoint) for r in side.kept()[1:]]
    assert [each.start_offset for each in fresh] == [0, 1]
    assert {(each.rewritten, each.invisible_ms) for each in fresh} == {("1", 20_000)}
    side.pass_time(15)
    assert [each.body for each in side.pop()] == [b"a", b"b"]


def test_what_is_tried_later_waits_in_its_queue_where_timers_take_nothing(
    monkeypatch: Any,
) -> None:
    def refuse(deliver_ms: int, now_ms: int) -> int | None:
        if deliver_ms == 1_700_000_019_000:
            raise MessageIllegalError("no room at that time")
        return None

    side = PopSide(slot_for=refuse)
    side.topic("T", 1)
    side.send(b"a")
    side.revive.startService()
    side.pop()
    read_queue = side.store.read_queue

    def torn(topic: str, *more: Any) -> Any:
        if topic == "T":
            raise RecordError("torn")
        return read_queue(topic, *more)

    with monkeypatch.context() as patched:
        patched.setattr(side.store, "read_queue", torn)
        side.pass_time(15)
    assert side.pop() == []
    side.pass_time(10)
    assert [each.body for each in side.pop()] == [b"a"]


def test_what_cannot_be_read_for_days_may_be_given_up(monkeypatch: Any) -> None:
    side = side_with(b"a", drop_after_max_rewrites=True)
    side.config.set(
        type(side.config.value)(drop_after_max_rewrites=True, revive_interval_ms=60_000)
    )
    side.pop()
    read_queue = side.store.read_queue

    def torn(topic: str, *more: Any) -> Any:
        if topic == "T":
            raise RecordError("torn")
        return read_queue(topic, *more)

    monkeypatch.setattr(side.store, "read_queue", torn)
    side.pass_time(12 * 3600, step=120)
    assert len(side.kept()) == 18
    side.pass_time(12 * 3600, step=120)
    assert len(side.kept()) == 18


@pytest.mark.parametrize("jump_ms", [3_600_000, -3_600_000])
def test_a_clock_that_jumps_brings_messages_back_once(jump_ms: int) -> None:
    side = side_with(b"a")
    side.pop()
    side.now_ms += jump_ms
    side.pass_time(3)
    early = side.pop()
    side.now_ms -= jump_ms
    side.pass_time(15)
    late = side.pop()
    assert [each.body for each in [*early, *late]] == [b"a"]
