"""What every IReplicableLog must do. Such a log is a store as well."""
# ruff: noqa: D102 (the name of a test says it)

from pathlib import Path
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from twistedmq.store.interfaces import IReplicableLog
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of


class ReplicableLogContract:
    """Subclasses give ``make_store``, which may be called several times a test."""

    def make_store(self, directory: Path) -> Any:
        """Make a store that also provides IReplicableLog, not started yet."""
        raise NotImplementedError

    def open(self, directory: Path) -> Any:
        """Give a store that is ready."""
        store = self.make_store(directory)
        store.start()
        value_of(store.ready)
        return store

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
