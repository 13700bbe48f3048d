"""Queues and index follow the log, and the times of topics."""

from collections.abc import Iterator

import pytest
from retention_kit import LOG, ROOT, SEGMENT, StoreRig, heard

from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import ReadStatus
from twistedmq.store.retention import HOUR_MS
from twistedmq.testing import Told, batch_of, store_context
from twistedmq.testing.contracts.case import records_of, value_of
from twistedmq.testing.contracts.queue_kinds import BATCH_TOPIC, bundle, light


@pytest.fixture
def rig() -> Iterator[StoreRig]:
    with heard(StoreRig()) as rig:
        yield rig


class TestQueuesFollow:
    def test_queues_begin_where_the_log_does(self, rig: StoreRig) -> None:
        places = rig.fill(4)
        rig.store.append(batch_of([Told(topic="Young")]))
        count = rig.count()
        rig.use_disk(86)
        rig.pass_time(20)
        kept = [n for n, at in enumerate(places) if at >= 3 * SEGMENT]
        assert rig.store.queue_bounds("Orders", 0) == (kept[0], count)
        assert rig.store.queue_bounds("Young", 0) == (0, 1)
        below = rig.read(kept[0] - 1)
        assert below.status is ReadStatus.OFFSET_TOO_SMALL
        assert below.next_offset == kept[0]
        first = records_of(rig.read(kept[0]).records)[0]
        assert first.physical_offset == places[kept[0]]
        assert value_of(rig.store.offset_by_time("Orders", 0, 0, False)) == kept[0]
        assert value_of(rig.store.store_time("Orders", 0, kept[0] - 1)) == -1
        assert value_of(rig.store.record_at(places[0])) is None

    def test_a_queue_without_messages_keeps_its_offsets(self, rig: StoreRig) -> None:
        rig.store.append(batch_of([Told(topic="Old"), Told(topic="Old")]))
        rig.fill(2)
        rig.use_disk(86)
        rig.pass_time(20)
        assert rig.store.queue_bounds("Old", 0) == (2, 2)
        assert rig.read(0, "Old").status is ReadStatus.OFFSET_TOO_SMALL
        rig.restart()
        assert rig.store.queue_bounds("Old", 0) == (2, 2)
        assert rig.store.append(batch_of([Told(topic="Old")])).queue_offsets == [2]
        assert rig.store.queue_bounds("Old", 0) == (2, 3)

    def test_files_of_queues_and_index_go_too(self, rig: StoreRig) -> None:
        rig.fill(3)
        many = [Told(topic="Many", keys=f"a{n} b{n}") for n in range(300)]
        rig.store.append(batch_of(many))
        rig.fill(5)
        rig.restart()
        queue, index = ROOT / "consumequeue" / "Many" / "0", ROOT / "index"
        assert len(rig.files.list(queue)) == 6
        assert len(rig.files.list(index)) > 2
        rig.use_disk(86)
        rig.pass_time(20)
        assert rig.files.list(queue) == [f"{5000:020d}"]  # the last one stays
        assert len(rig.files.list(index)) == 1
        assert rig.store.queue_bounds("Many", 0) == (300, 300)

    @pytest.mark.parametrize("end", ["stop", "kill"])
    def test_a_restart_agrees(self, rig: StoreRig, end: str) -> None:
        rig.fill(5)
        rig.store.append(batch_of([Told(topic="Young")]))
        rig.use_disk(86)
        rig.pass_time(20)
        rig.use_disk(50)
        before = rig.store.queue_bounds("Orders", 0), rig.store.log_bounds()
        assert before[0][0] > 0
        if end == "stop":
            rig.restart()
        else:
            rig.files.kill_program()
            rig.open()
        assert (rig.store.queue_bounds("Orders", 0), rig.store.log_bounds()) == before
        assert rig.store.queue_bounds("Young", 0) == (0, 1)
        assert rig.read(before[0][0]).count > 0

    def test_a_kill_before_queues_followed_is_made_up_for(self) -> None:
        rig = StoreRig()
        rig.fill(5)
        rig.restart()
        for base in rig.segments()[:3]:  # as if killed right after that
            rig.files.remove(LOG / f"{base:020d}")
        rig.files.kill_program()
        rig.open()
        assert rig.store.log_bounds()[0] == 3 * SEGMENT
        low, high = rig.store.queue_bounds("Orders", 0)
        assert 0 < low < high
        assert rig.read(low).status is ReadStatus.FOUND


class TestTopicsWithATimeOfTheirOwn:
    def test_their_queues_begin_later(self, rig: StoreRig) -> None:
        rig.store.reserve(lambda: {"Short": 2})
        for _ in range(5):
            rig.store.append(batch_of([Told(topic="Short"), Told(topic="Long")]))
            rig.pass_time(1)
            rig.now_ms += HOUR_MS
        rig.pass_time(80)
        assert rig.store.queue_bounds("Short", 0) == (4, 5)
        assert rig.store.queue_bounds("Long", 0) == (0, 5)
        assert rig.read(0, "Short").status is ReadStatus.OFFSET_TOO_SMALL
        rig.now_ms += HOUR_MS
        rig.pass_time(80)
        assert rig.store.queue_bounds("Short", 0) == (5, 5)

    def test_a_restart_keeps_to_it(self, rig: StoreRig) -> None:
        rig.store.append(batch_of([Told(topic="Short")]))
        rig.now_ms += 3 * HOUR_MS
        rig.store.append(batch_of([Told(topic="Short")]))
        value_of(rig.store.stop())
        context = store_context(ROOT, rig.files, wall_ms=lambda: rig.now_ms)
        store = FileStore(context)
        store.reserve(lambda: {"Short": 2})
        store.start()
        assert store.queue_bounds("Short", 0) == (1, 2)


class TestSpecialQueues:
    def test_batch_and_light_queues_follow_too(self) -> None:
        rig = StoreRig(
            batch_topics=[BATCH_TOPIC], light_queues_enabled=True, multi_dispatch=True
        )
        for _ in range(50):
            told = [bundle(3), light("%LMQ%a", topic="Plain")]
            rig.store.append(batch_of(told))
        rig.fill(3)
        last = rig.store.append(batch_of([bundle(5), light("%LMQ%a", topic="Plain")]))
        rig.restart()
        folder = ROOT / "batchconsumequeue" / BATCH_TOPIC / "0"
        assert len(rig.files.list(folder)) > 2
        rig.use_disk(86)
        rig.pass_time(20)
        for _ in range(2):
            assert rig.store.queue_bounds(BATCH_TOPIC, 0) == (150, 155)
            assert rig.store.queue_bounds("%LMQ%a", 0) == (50, 51)
            read = rig.read(150, BATCH_TOPIC)
            places = [r.physical_offset for r in records_of(read.records)]
            assert places == last.physical_offsets[:1]
            assert rig.read(149, BATCH_TOPIC).status is ReadStatus.OFFSET_TOO_SMALL
            assert len(rig.files.list(folder)) == 1
            rig.use_disk(50)
            rig.restart()
