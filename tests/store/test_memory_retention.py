"""What the store in memory gives up, and when."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.store.interfaces import ReadStatus, StoreFullError
from twistedmq.store.memory import MemoryStore
from twistedmq.store.retention import HOUR_MS
from twistedmq.testing import Told, batch_of, store_context
from twistedmq.testing.contracts.case import records_of, value_of
from twistedmq.testing.contracts.queue_kinds import BATCH_TOPIC, bundle, light


class Rig:
    """A store in memory on the clocks of the test."""

    def __init__(self, **changes: Any) -> None:
        self.now_ms = 1_700_000_000_000
        context = store_context(
            Path("/nowhere"), wall_ms=lambda: self.now_ms, **changes
        )
        self.clock: Clock = context.reactor
        self.store = MemoryStore(context)
        self.store.start()

    def append(self, *messages: Told) -> list[int]:
        return self.store.append(batch_of(messages)).physical_offsets

    def pass_hours(self, hours: float) -> None:
        self.now_ms += int(hours * HOUR_MS)
        self.clock.advance(11)


class TestRoom:
    def test_the_oldest_make_room_for_the_newest(self) -> None:
        rig = Rig(memory_store_bytes=10_000)
        places = []
        for n in range(100):
            places += rig.append(Told(body=b"%d" % n * 400, keys=f"k{n}"))
        low, high = rig.store.queue_bounds("Orders", 0)
        assert high == 100
        assert 80 < low < 99
        assert rig.store.status()["min_offset"] == places[low]
        assert rig.store.status()["disk_ratio"] <= 1
        read = value_of(rig.store.read_queue("Orders", 0, low, 99, 9999, None, None))
        assert records_of(read.records)[0].queue_offset == low
        below = value_of(rig.store.read_queue("Orders", 0, 0, 9, 9999, None, None))
        assert (below.status, below.next_offset) == (ReadStatus.OFFSET_TOO_SMALL, low)
        assert rig.store.record_at(places[low - 1]) is None
        assert rig.store.query("Orders", "k0", 9, 0, 1 << 60, "").physical_offsets == []
        found = rig.store.query("Orders", "k99", 9, 0, 1 << 60, "").physical_offsets
        assert found == [places[99]]
        assert value_of(rig.store.offset_by_time("Orders", 0, 0, False)) == low

    def test_some_is_given_up_at_once(self) -> None:
        rig = Rig(memory_store_bytes=100_000)
        before = []
        for _ in range(3000):
            rig.append(Told())
            before.append(rig.store.status()["min_offset"])
        steps = len(set(before))
        assert 10 < steps < 1000

    def test_full_is_full_where_that_is_forbidden(self) -> None:
        rig = Rig(memory_store_bytes=1000, delete_unexpired=False)
        rig.append(Told(body=b"x" * 500))
        with pytest.raises(StoreFullError, match=r"1000 bytes \(memoryStoreBytes\)"):
            rig.append(Told(body=b"x" * 500))
        assert rig.store.queue_bounds("Orders", 0) == (0, 1)

    def test_what_never_fits_costs_nothing(self) -> None:
        rig = Rig(memory_store_bytes=1000)
        rig.append(Told(body=b"x" * 300))
        with pytest.raises(StoreFullError):
            rig.append(Told(body=b"x" * 1000))
        assert rig.store.queue_bounds("Orders", 0) == (0, 1)


class TestAge:
    def test_old_messages_go_at_any_hour(self) -> None:
        rig = Rig()
        rig.append(Told(), Told(topic="Old"))
        rig.pass_hours(71)
        young = rig.append(Told())
        assert rig.store.queue_bounds("Orders", 0) == (0, 2)
        rig.pass_hours(1)
        assert rig.store.queue_bounds("Orders", 0) == (1, 2)
        assert rig.store.queue_bounds("Old", 0) == (1, 1)
        assert rig.store.log_bounds()[0] == young[0]
        assert rig.store.append(batch_of([Told(topic="Old")])).queue_offsets == [1]

    def test_many_take_some_turns(self) -> None:
        rig = Rig()
        for _ in range(100):
            rig.append(*[Told()] * 100)
        begun: list[int] = []
        begin_at = rig.store._begin_at

        def begin(offset: int) -> None:
            begin_at(offset)
            begun.append(rig.store.queue_bounds("Orders", 0)[0])

        rig.store._begin_at = begin  # type: ignore[method-assign]
        rig.pass_hours(72)
        assert begun[:3] == [4096, 8192, 10_000]

    def test_on_request_at_once(self) -> None:
        rig = Rig()
        rig.append(Told())
        rig.now_ms += 72 * HOUR_MS
        rig.store.expire_now()
        rig.clock.advance(0)
        assert rig.store.queue_bounds("Orders", 0) == (1, 1)

    def test_topics_may_have_a_time_of_their_own(self) -> None:
        rig = Rig()
        rig.store.reserve(lambda: {"Short": 2})
        for _ in range(4):
            rig.append(Told(topic="Short"), Told())
            rig.pass_hours(1)
        assert rig.store.queue_bounds("Short", 0) == (2, 4)
        assert rig.store.queue_bounds("Orders", 0) == (0, 4)

    def test_empty_queues_are_forgotten_on_request(self) -> None:
        rig = Rig()
        rig.append(Told(topic="Gone"), Told(topic="Kept"))
        rig.pass_hours(72)
        rig.append(Told())
        forgetting = rig.store.forget_expired_queues(lambda topic, _: topic == "Kept")
        assert value_of(forgetting) == 1
        assert sorted(rig.store.queues()) == [("Kept", 0), ("Orders", 0)]


class TestTheRest:
    def test_a_replica_is_written_and_cut_behind_what_expired(self) -> None:
        source, rig = Rig(), Rig()
        for target in (source, rig):
            target.append(Told(body=b"x" * 100), Told())
            target.pass_hours(72)
        base, end = rig.store.log_bounds()
        assert base == end > 0
        source.append(Told(body=b"new"), Told(body=b"newer"))
        data = bytes(source.store.log_read(end, 1 << 20))
        rig.store.log_write(end, data[:50])
        rig.store.log_write(end + 50, data[50:])
        assert rig.store.queue_bounds("Orders", 0) == (2, 4)
        with pytest.raises(ValueError, match="no record"):
            rig.store.log_write(end + len(data), b"\x7f" * 200)
        rig.store.log_truncate(end)
        assert rig.store.log_bounds() == (end, end)
        assert rig.store.queue_bounds("Orders", 0) == (2, 2)

    def test_a_stopped_one_is_quiet(self) -> None:
        rig = Rig()
        value_of(rig.store.stop())
        value_of(rig.store.stop())
        assert rig.clock.getDelayedCalls() == []


def test_batch_and_light_queues_expire_too() -> None:
    rig = Rig(
        batch_topics=[BATCH_TOPIC], light_queues_enabled=True, multi_dispatch=True
    )
    for _ in range(3):
        rig.append(bundle(4), light("%LMQ%a"))
        rig.pass_hours(36)
    assert rig.store.queue_bounds(BATCH_TOPIC, 0) == (8, 12)
    assert rig.store.queue_bounds("%LMQ%a", 0) == (2, 3)
    read = value_of(rig.store.read_queue(BATCH_TOPIC, 0, 8, 9, 9999, None, None))
    assert (read.status, read.next_offset) == (ReadStatus.FOUND, 12)
    rig.append(bundle(2))
    assert rig.store.queue_bounds(BATCH_TOPIC, 0) == (8, 14)
    rig.pass_hours(72)
    assert rig.store.queue_bounds(BATCH_TOPIC, 0) == (14, 14)
    assert rig.store.append(batch_of([bundle(2)])).queue_offsets == [14]


def test_special_messages_make_room_too() -> None:
    rig = Rig(memory_store_bytes=10_000, batch_topics=[BATCH_TOPIC])
    for _ in range(100):
        rig.append(bundle(4, b"x" * 400))
    low, high = rig.store.queue_bounds(BATCH_TOPIC, 0)
    assert high == 400
    assert 300 < low < 400
