"""What the file store refuses, and deletes on request."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from retention_kit import ROOT, StoreRig, heard

from twistedmq.store.disk_use import DiskUse
from twistedmq.store.interfaces import ReadStatus, StoreFullError
from twistedmq.testing import Told, batch_of
from twistedmq.testing.contracts.case import value_of


@pytest.fixture
def rig() -> Iterator[StoreRig]:
    with heard(StoreRig()) as rig:
        yield rig


class TestFullDisk:
    def test_sends_are_refused_from_90_percent_and_reads_go_on(
        self, rig: StoreRig
    ) -> None:
        rig.configure(delete_unexpired=False)
        rig.fill(2)
        rig.use_disk(91)
        rig.pass_time(1)
        with pytest.raises(StoreFullError, match=r"commitlog is 91 % used.*90 %.*Rat"):
            rig.store.append(batch_of([Told()]))
        assert rig.read(0).status is ReadStatus.FOUND
        assert "91 %" in rig.store.status()["problem"]
        assert rig.store.status()["disk_ratio"] == 0.91
        rig.use_disk(90)
        rig.pass_time(1)
        assert rig.store.append(batch_of([Told()]))
        assert rig.store.status()["problem"] is None

    def test_a_replica_is_written_to_as_long_as_it_goes(self, rig: StoreRig) -> None:
        end = rig.store.append(batch_of([Told(), Told()])).end
        data = bytes(value_of(rig.store.log_read(0, end)))
        other = StoreRig()
        other.use_disk(95)
        other.pass_time(1)
        with pytest.raises(StoreFullError):
            other.store.append(batch_of([Told()]))
        other.store.log_write(0, data)
        assert other.store.queue_bounds("Orders", 0) == (0, 2)

    def test_free_bytes_count_too(self, rig: StoreRig) -> None:
        rig.configure(min_free_bytes=20 << 30)
        rig.use_disk(81)
        rig.pass_time(1)
        with pytest.raises(StoreFullError, match="minFreeDiskBytes"):
            rig.store.append(batch_of([Told()]))

    def test_one_of_several_folders_with_room_is_enough(self) -> None:
        rig = StoreRig(log_folders="/a,/b,/store", read_only_log_folders="/store")
        for folder, percent in (("/a", 99), ("/b", 50), ("/store", 10)):
            rig.files.disks[Path(folder)] = DiskUse(percent, 100 - percent, 100)
        rig.pass_time(1)
        assert rig.store.append(batch_of([Told()]))
        rig.files.disks[Path("/b")] = DiskUse(92, 8, 100)
        rig.pass_time(1)
        with pytest.raises(StoreFullError, match="/b is 92 %"):
            rig.store.append(batch_of([Told()]))
        assert rig.store.status()["disk_ratios"] == {"/a": 0.99, "/b": 0.92}


class TestOnRequest:
    def test_empty_queues_are_forgotten(self, rig: StoreRig) -> None:
        for topic in ("Gone", "Kept"):
            rig.store.append(batch_of([Told(topic=topic)] * 3))
        rig.fill(2)
        rig.use_disk(86)
        rig.pass_time(20)
        forgetting = rig.store.forget_expired_queues(lambda topic, _: topic == "Kept")
        assert value_of(forgetting) == 1
        assert sorted(rig.store.queues()) == [("Kept", 0), ("Orders", 0)]
        assert rig.files.list(ROOT / "consumequeue" / "Gone" / "0") == []
        rig.pass_time(1)
        rig.restart()
        assert sorted(rig.store.queues()) == [("Kept", 0), ("Orders", 0)]

    def test_many_take_some_turns(self, rig: StoreRig) -> None:
        rig.store.append(batch_of([Told(queue_id=n) for n in range(50)]))
        rig.fill(2, "Other")
        rig.use_disk(86)
        rig.pass_time(20)
        done: list[int] = []
        rig.store.forget_expired_queues(lambda *_: False).addCallback(done.append)
        assert not done
        rig.pass_time(1, 0.01)
        assert done == [50]
