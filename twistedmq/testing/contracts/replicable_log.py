"""What every IReplicableLog must do. Such a log is a store as well."""
# ruff: noqa: D102 (the name of a test says it)

from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from twistedmq.store.interfaces import IReplicableLog
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.case import StoreCase, value_of


class ReplicableLogContract(StoreCase):
    """Copying a log, and cutting one. The stores also provide IMessageStore."""

    keeps = True
    """Whether a restart finds the messages again."""

    def copy(self, source: Any, target: Any, step: int) -> None:
        """Bring *target* up to *source*, *step* bytes at a time."""
        end = source.log_bounds()[1]
        while (at := target.log_bounds()[1]) < end:
            data = bytes(value_of(source.log_read(at, step)))
            assert data
            target.log_write(at, data)

    def test_provides_the_interface(self, tmp_path: Path) -> None:
        assert verifyObject(IReplicableLog, self.open(tmp_path))

    @pytest.mark.parametrize("step", [7, 150, 100_000])
    def test_a_copied_log_serves_the_same(self, tmp_path: Path, step: int) -> None:
        master = self.open(tmp_path / "master")
        slave = self.open(tmp_path / "slave")
        heard: list[Any] = []
        slave.add_arrival_listener(heard.extend)
        for n in range(4):
            messages = [Told(queue_id=n % 2, tag=f"t{n}", keys=f"k{n}"), Told("Other")]
            master.append(batch_of(messages))
        self.copy(master, slave, step)
        assert slave.log_bounds() == master.log_bounds()
        for topic, queue_id in master.queues():
            assert slave.entries(topic, queue_id, 0, 9) == master.entries(
                topic, queue_id, 0, 9
            )
        query = ("Orders", "k2", 9, 0, 1 << 60, "")
        assert value_of(slave.query(*query)).physical_offsets == (
            value_of(master.query(*query)).physical_offsets
        )
        assert ("Orders", 1, 2) in {arrival[:3] for arrival in heard}

    def test_bytes_must_begin_at_the_end(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        with pytest.raises(ValueError, match="ends at"):
            store.log_write(10, b"x")

    def test_a_truncated_log_has_forgotten(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        kept = store.append(batch_of([Told(keys="a"), Told(), Told("Other")]))
        store.append(batch_of([Told(keys="a"), Told("Third")]))
        store.log_truncate(kept.end)
        assert store.log_bounds() == (0, kept.end)
        assert store.queue_bounds("Orders", 0) == (0, 2)
        assert store.queue_bounds("Third", 0) == (0, 0)
        hits = value_of(store.query("Orders", "a", 9, 0, 1 << 60, ""))
        assert hits.physical_offsets == kept.physical_offsets[:1]
        again = store.append(batch_of([Told()]))
        assert again.physical_offsets == [kept.end]
        assert again.queue_offsets == [2]

    def test_reading_ends_at_the_end(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert bytes(value_of(store.log_read(0, 100))) == b""
        end = store.append(batch_of([Told(), Told()])).end
        assert bytes(value_of(store.log_read(end, 100))) == b""
        whole = b""
        while len(whole) < end:
            piece = bytes(value_of(store.log_read(len(whole), 50)))
            assert 0 < len(piece) <= 50
            whole += piece
        assert bytes(value_of(store.log_read(0, end))) == whole

    def test_a_record_counts_once_it_is_whole(self, tmp_path: Path) -> None:
        master = self.open(tmp_path / "master")
        slave = self.open(tmp_path / "slave")
        end = master.append(batch_of([Told(keys="a")])).end
        data = bytes(value_of(master.log_read(0, end)))
        slave.log_write(0, data[:-1])
        assert slave.log_bounds() == (0, end - 1)
        assert slave.status()["dispatched_offset"] == 0
        assert slave.queues() == []
        slave.log_write(end - 1, data[-1:])
        assert slave.queue_bounds("Orders", 0) == (0, 1)
        assert self.find(slave, "a") == [0]

    def test_rubbish_leaves_the_log_as_it_was(self, tmp_path: Path) -> None:
        master = self.open(tmp_path / "master")
        slave = self.open(tmp_path / "slave")
        end = master.append(batch_of([Told(), Told()])).end
        data = bytes(value_of(master.log_read(0, end)))
        slave.log_write(0, data[:100])
        before = slave.log_bounds(), slave.queues()
        with pytest.raises(ValueError, match="no record"):
            slave.log_write(100, b"\x7f" * 400)
        assert (slave.log_bounds(), slave.queues()) == before
        slave.log_write(100, data[100:])
        assert slave.log_bounds() == (0, end)

    def test_a_slave_becomes_master(self, tmp_path: Path) -> None:
        master = self.open(tmp_path / "master")
        slave = self.open(tmp_path / "slave")
        whole = master.append(batch_of([Told(body=b"one")])).end
        end = master.append(batch_of([Told(body=b"two")])).end
        slave.log_write(0, bytes(value_of(master.log_read(0, end)))[:-5])
        slave.log_truncate(slave.status()["dispatched_offset"])
        assert slave.log_bounds() == (0, whole)
        appended = slave.append(batch_of([Told(body=b"mine")]))
        assert (appended.physical_offsets, appended.queue_offsets) == ([whole], [1])
        record = value_of(slave.record_at(whole))
        assert record is not None
        assert b"mine" in bytes(record)

    def test_a_restarted_slave_goes_on(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("a restart of this store finds nothing")
        master = self.open(tmp_path / "master")
        slave = self.open(tmp_path / "slave")
        whole = master.append(batch_of([Told(keys="a"), Told("Other")])).end
        end = master.append(batch_of([Told(keys="b")])).end
        slave.log_write(0, bytes(value_of(master.log_read(0, end)))[:-5])
        value_of(slave.stop())
        again = self.open(tmp_path / "slave")
        assert whole <= again.log_bounds()[1] < end
        assert again.status()["dispatched_offset"] == whole
        self.copy(master, again, 64)
        assert again.queue_bounds("Orders", 0) == (0, 2)
        assert self.find(again, "b") == [whole]

    def test_what_was_cut_off_does_not_come_back(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("a restart of this store finds nothing")
        store = self.open(tmp_path)
        kept = store.append(batch_of([Told(keys="a")]))
        store.append(batch_of([Told(keys="a"), Told("Third")]))
        store.log_truncate(kept.end)
        value_of(store.stop())
        again = self.open(tmp_path)
        assert again.log_bounds() == (0, kept.end)
        assert again.queues() == [("Orders", 0)]
        assert self.find(again, "a") == kept.physical_offsets
