"""Old files of the commit log go: by age, by disk use, slowly."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from retention_kit import LOG, ROOT, SEGMENT, StoreRig, at_hour, heard

from twistedmq.store.interfaces import ReadStatus
from twistedmq.store.retention import HOUR_MS
from twistedmq.testing import Told, batch_of
from twistedmq.testing.contracts.case import value_of
from twistedmq.testing.workers import HeldWorkers


@pytest.fixture
def rig() -> Iterator[StoreRig]:
    with heard(StoreRig()) as rig:
        yield rig


class TestAge:
    def test_files_of_three_days_go_at_four(self, rig: StoreRig) -> None:
        rig.fill(5)
        filled_ms = rig.now_ms
        rig.jump(at_hour(4, filled_ms + 48 * HOUR_MS) + 1)
        assert len(rig.segments()) == 5
        rig.jump(at_hour(3, filled_ms + 72 * HOUR_MS))
        assert len(rig.segments()) == 5
        rig.jump(at_hour(4, filled_ms + 72 * HOUR_MS))
        assert rig.segments() == [4 * SEGMENT]
        assert rig.store.status()["min_offset"] == 4 * SEGMENT

    def test_younger_files_stay(self, rig: StoreRig) -> None:
        rig.fill(3)
        rig.jump(rig.now_ms + 40 * HOUR_MS)
        rig.fill(6)
        rig.jump(at_hour(4, rig.now_ms + 32 * HOUR_MS))
        # The third one was still being written to later on.
        assert rig.segments() == [n * SEGMENT for n in (2, 3, 4, 5)]

    def test_the_hour_passes_and_comes_again(self, rig: StoreRig) -> None:
        rig.fill(3)
        rig.jump(at_hour(5, rig.now_ms + 80 * HOUR_MS))
        assert len(rig.segments()) == 3
        rig.configure(delete_hours=(5, 16))
        rig.jump(at_hour(16, rig.now_ms))
        assert len(rig.segments()) == 1

    def test_a_jumping_clock_takes_no_more_than_is_old_by_it(
        self, rig: StoreRig
    ) -> None:
        rig.fill(3)
        start_ms = rig.now_ms
        for hours in (-1000, 50, -3, 71, -10_000, 0):
            rig.jump(at_hour(4, start_ms + hours * HOUR_MS - 26 * HOUR_MS))
        assert len(rig.segments()) == 3
        rig.jump(at_hour(4, start_ms + 5000 * HOUR_MS))
        assert rig.segments() == [2 * SEGMENT]
        rig.jump(start_ms)
        assert rig.fill(4)
        rig.jump(at_hour(4, start_ms + 10 * HOUR_MS))
        assert rig.segments() == [n * SEGMENT for n in (2, 3, 4, 5)]

    def test_on_request_at_any_hour(self, rig: StoreRig) -> None:
        rig.fill(4)
        rig.store.expire_now()
        rig.pass_time(1)
        assert len(rig.segments()) == 4
        rig.jump(at_hour(12, rig.now_ms + 73 * HOUR_MS))
        rig.store.expire_now()
        rig.pass_time(1, 0.1)
        assert len(rig.segments()) == 1
        rig.fill(3)
        rig.jump(at_hour(12, rig.now_ms + 73 * HOUR_MS))
        assert len(rig.segments()) == 3  # asked once, not for ever


class TestDiskUse:
    def test_expired_files_go_at_any_hour_from_75_percent(self, rig: StoreRig) -> None:
        rig.fill(3)
        rig.jump(at_hour(12, rig.now_ms + 80 * HOUR_MS))
        rig.use_disk(75)
        rig.pass_time(20)
        assert len(rig.segments()) == 3
        rig.use_disk(76)
        rig.pass_time(20)
        assert len(rig.segments()) == 1

    def test_files_go_before_their_time_from_85_percent(self, rig: StoreRig) -> None:
        rig.fill(3)
        rig.use_disk(85)
        rig.pass_time(20)
        assert len(rig.segments()) == 3
        rig.use_disk(86)
        rig.pass_time(20)
        assert rig.segments() == [2 * SEGMENT]

    def test_no_more_than_must(self, rig: StoreRig) -> None:
        rig.fill(6)
        remove = rig.files.remove

        def removed(path: Path) -> None:
            remove(path)
            if path.parent == LOG:
                rig.use_disk(rig.files.disk.percent - 1)

        rig.files.remove = removed  # type: ignore[method-assign]
        rig.use_disk(87)
        rig.pass_time(30)
        assert len(rig.segments()) == 4

    def test_not_before_their_time_where_that_is_forbidden(self, rig: StoreRig) -> None:
        rig.configure(delete_unexpired=False)
        rig.fill(3)
        rig.use_disk(95)
        rig.pass_time(30)
        assert len(rig.segments()) == 3

    def test_the_last_file_stays_and_that_is_said_once(self, rig: StoreRig) -> None:
        rig.fill(2)
        rig.use_disk(88)
        rig.pass_time(60)
        assert rig.segments() == [SEGMENT]
        assert len([s for s in rig.said if "nothing is left" in s]) == 1


class TestSlowly:
    def test_one_file_a_turn_and_so_many_a_look(self) -> None:
        rig = StoreRig(segment_bytes=4096, delete_batch=10, clean_interval_ms=1000)
        for _ in range(1000):
            rig.store.append(batch_of([Told(body=b"x" * 3000)]))
        assert len(rig.segments()) == 1000
        rig.jump(at_hour(12, rig.now_ms + 73 * HOUR_MS))
        removed: list[float] = []
        remove = rig.files.remove

        def removing(path: Path) -> None:
            if path.parent == LOG:
                removed.append(rig.context.reactor.seconds())
            remove(path)

        rig.files.remove = removing  # type: ignore[method-assign]
        rig.store.expire_now()
        rig.pass_time(1.05, 0.05)
        assert len(removed) == 10
        assert all(b - a > 0.09 for a, b in pairwise(removed))
        rig.pass_time(250, 0.1)
        assert len(rig.segments()) == 1
        assert rig.store.queue_bounds("Orders", 0) == (999, 1000)

    def test_a_stop_in_the_middle_is_clean(self, rig: StoreRig) -> None:
        rig.fill(6)
        rig.use_disk(86)
        rig.pass_time(10.05, 0.05)
        left = len(rig.segments())
        assert 1 < left < 6
        value_of(rig.store.stop())
        assert rig.context.reactor.getDelayedCalls() == []
        rig.use_disk(50)
        rig.open()
        assert len(rig.segments()) == left
        assert rig.read(rig.store.queue_bounds("Orders", 0)[0]).count > 0


class TestFailures:
    def test_what_cannot_be_removed_is_said_once_and_tried_again(
        self, rig: StoreRig
    ) -> None:
        rig.fill(4)
        oldest = LOG / f"{0:020d}"
        rig.files.stuck.add(oldest)
        rig.use_disk(86)
        rig.pass_time(300)
        assert len(rig.segments()) == 4
        assert rig.read(0).status is ReadStatus.FOUND
        assert rig.store.log_bounds()[0] == 0
        (said,) = [s for s in rig.said if "cannot be deleted" in s]
        assert str(oldest) in said
        assert "redeleteHangedFileInterval" in said
        rig.files.stuck.clear()
        rig.pass_time(125)
        assert len(rig.segments()) == 1

    def test_a_queue_file_that_fails_later_is_tried_again_too(
        self, rig: StoreRig
    ) -> None:
        rig.fill(2)
        rig.use_disk(86)
        rig.pass_time(20)
        rig.use_disk(50)
        self.test_a_queue_file_that_cannot_be_removed_is_tried_again(rig)

    def test_a_log_cut_to_its_last_file_keeps_that(self) -> None:
        for steps in range(100):
            rig = StoreRig(workers := HeldWorkers())
            places = rig.fill(2)
            rig.use_disk(86)
            rig.pass_time(10)
            for _ in range(steps):
                workers.go_on()
            if rig.store.status()["min_offset"]:
                break  # it was too late
            rig.store.log_truncate(places[2])
            workers.go_on_all()
            assert rig.segments() == [0]
        assert steps > 2

    def test_a_queue_file_that_cannot_be_removed_is_tried_again(
        self, rig: StoreRig
    ) -> None:
        many = [Told(topic="Many") for n in range(300)]
        rig.store.append(batch_of(many))
        rig.fill(3)
        rig.restart()
        queue = ROOT / "consumequeue" / "Many" / "0"
        rig.files.stuck.add(queue / f"{1000:020d}")
        rig.use_disk(86)
        rig.pass_time(60)
        assert rig.store.queue_bounds("Many", 0) == (300, 300)
        assert len(rig.files.list(queue)) > 1
        assert len([s for s in rig.said if "cannot be deleted" in s]) == 1
        rig.files.stuck.clear()
        rig.pass_time(125)
        assert len(rig.files.list(queue)) == 1

    def test_a_file_that_somebody_else_removed_is_let_go(self, rig: StoreRig) -> None:
        rig.fill(3)
        rig.files.remove(LOG / f"{0:020d}")
        rig.jump(at_hour(4, rig.now_ms))
        assert rig.store.log_bounds()[0] == SEGMENT
        assert rig.segments() == [SEGMENT, 2 * SEGMENT]
