"""What every IMessageStore must do over restarts, crashes, full disks and slow ones."""
# ruff: noqa: D102 (the name of a test says it)

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from twistedmq.config.store import FlushMode
from twistedmq.store.errors import StoreOpenError
from twistedmq.store.interfaces import (
    Durability,
    IMessageStore,
    ReadStatus,
    StoreFullError,
)
from twistedmq.testing.batches import Told
from twistedmq.testing.contracts.case import StoreCase, records_of, value_of
from twistedmq.testing.workers import HeldWorkers


class StoreLifeContract(StoreCase):
    """Subclasses give ``open_small`` beside ``make_store``.

    What cannot be seen from outside is not held here: torn ends, foreign files, syncs
    that fail or were never made, damage. Those tests are the store's own.
    """

    keeps = True
    """Whether a restart finds the messages again."""

    def open_small(self, directory: Path) -> IMessageStore:
        """Give a ready store that takes a message of 1,000 bytes, but not 1,000."""
        raise NotImplementedError(f"{type(self).__name__} has to give open_small")

    def make_room(self, store: IMessageStore) -> bool:
        """Do what gives a full store of ``open_small`` room; False if nothing does."""
        return False

    def copy_as_killed(self, directory: Path, target: Path) -> None:
        """Bring to *target* what is in *directory* while a store uses it."""
        copytree(directory, target)

    def fill(self, store: IMessageStore) -> None:
        """Give a store something of everything."""
        self.now_ms = 1_700_000_001_000
        self.append(store, Told(keys="k0", tag="a"), Told(queue_id=1), Told("Other"))
        self.now_ms = 1_700_000_002_000
        self.append(store, Told(keys="k1 both"), Told(keys="both", body=b"x" * 3000))
        end = self.append(store, Told("Gone", keys="gone")).end
        store.delete_topic("Gone")
        waiting = store.safe(end)
        if waiting is not None:
            value_of(waiting)
        self.clock.advance(1)

    def seen(self, store: IMessageStore) -> dict[str, Any]:
        """Say everything about the messages of a store."""
        seen: dict[str, Any] = {"end": store.status()["max_offset"]}
        for topic, queue_id in sorted(store.queues()):
            low, high = store.queue_bounds(topic, queue_id)
            found = store.entries(topic, queue_id, low, high - low)
            bodies = [value_of(store.record_at(e.physical_offset)) for e in found]
            times = [value_of(store.store_time(topic, queue_id, low))]
            times.append(
                value_of(store.offset_by_time(topic, queue_id, 1_700_000_002_000, True))
            )
            seen[f"{topic}-{queue_id}"] = (
                (low, high), found, [bytes(b or b"") for b in bodies], times,
            )  # fmt: skip
        seen["keys"] = [self.find(store, key) for key in ("k0", "k1", "both")]
        return seen

    # Restarts

    def test_before_the_start_it_can_be_asked_little(self, tmp_path: Path) -> None:
        store = self.make_store(tmp_path / "never-there")
        assert isinstance(store.durability, Durability)
        store.add_arrival_listener(lambda arrived: None)
        value_of(store.stop())
        assert not (tmp_path / "never-there").exists()

    def test_a_restart_finds_everything_as_it_was(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        self.fill(store)
        before = self.seen(store)
        value_of(store.stop())
        again = self.open(tmp_path)
        if not self.keeps:
            assert again.durability is Durability.MEMORY
            assert again.queues() == []
            return
        assert self.seen(again) == before
        value_of(again.stop())
        assert self.seen(self.open(tmp_path)) == before

    def test_offsets_go_on_after_a_restart(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("a restart of this store finds nothing")
        store = self.open(tmp_path)
        self.fill(store)
        end = store.status()["max_offset"]
        value_of(store.stop())
        again = self.open(tmp_path)
        appended = self.append(again, Told(), Told(queue_id=1), Told("Gone"))
        assert appended.physical_offsets[0] == end
        assert appended.queue_offsets == [3, 1, 0]
        assert [r.queue_offset for r in records_of(self.read(again, 0).records)] == [
            0, 1, 2, 3,
        ]  # fmt: skip
        assert self.read(again, 0, topic="Gone").count == 1

    def test_one_directory_has_one_store(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("this store has no directory")
        store = self.open(tmp_path)
        self.append(store, Told())
        with pytest.raises(StoreOpenError, match=str(tmp_path)):
            self.open(tmp_path)
        assert self.append(store, Told()).queue_offsets == [1]
        value_of(store.stop())
        assert self.open(tmp_path).queue_bounds("Orders", 0) == (0, 2)

    # Crashes

    @pytest.mark.parametrize("mode", list(FlushMode))
    def test_a_killed_one_has_lost_nothing_that_was_safe(
        self, tmp_path: Path, mode: FlushMode
    ) -> None:
        if not self.keeps:
            pytest.skip("this store forgets by design")
        self.changes["flush_mode"] = mode
        store = self.open(tmp_path / "running")
        self.fill(store)
        before = self.seen(store)
        self.copy_as_killed(tmp_path / "running", tmp_path / "left")
        again = self.open(tmp_path / "left")
        assert self.seen(again) == before
        assert self.append(again, Told()).physical_offsets == [before["end"]]

    def test_it_is_killed_again_and_again(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("this store forgets by design")
        count = 0
        for life in range(4):
            store = self.open(tmp_path / f"{life}")
            for _ in range(life + 1):
                end = self.append(store, Told(body=b"%d" % count, keys="all")).end
                count += 1
            waiting = store.safe(end)
            if waiting is not None:
                value_of(waiting)
            read = self.read(store, 0)
            assert read.count == len(self.find(store, "all")) == count
            self.copy_as_killed(tmp_path / f"{life}", tmp_path / f"{life + 1}")

    # Syncs

    def test_sync_flush_promises_the_disk(self, tmp_path: Path) -> None:
        if not self.keeps:
            pytest.skip("this store forgets by design")
        self.changes["flush_mode"] = FlushMode.SYNC
        store = self.open(tmp_path)
        assert store.durability is Durability.DISK
        end = self.append(store, Told()).end
        waiting = store.safe(end)
        assert waiting is None or value_of(waiting) is Durability.DISK
        assert store.status()["flushed_offset"] >= end
        assert store.safe(end) is None

    def test_nobody_is_released_too_early_and_nobody_forgotten(
        self, tmp_path: Path
    ) -> None:
        self.changes["flush_mode"] = FlushMode.SYNC
        held = self.workers = HeldWorkers()
        store = self.make_store(tmp_path)
        store.start()
        held.go_on_all()
        value_of(store.ready)
        released: list[int] = []
        for n in range(5):
            end = self.append(store, Told()).end
            waiting = store.safe(end)
            if waiting is None:
                assert not self.keeps or store.status()["flushed_offset"] >= end
                released.append(n)
            else:
                waiting.addCallback(lambda _, n=n: released.append(n))
        held.go_on_all()
        assert sorted(released) == [0, 1, 2, 3, 4]
        store.stop()
        held.go_on_all()

    # A full disk

    def fill_up(self, store: IMessageStore) -> int:
        """Append until it is full; gives how many messages it took."""
        for taken in range(1000):
            try:
                self.append(store, Told(body=b"x" * 1000))
            except StoreFullError:
                assert taken
                return taken
        raise AssertionError("the store takes 1,000 messages of 1,000 bytes")

    def test_a_full_one_takes_nothing_and_gives_everything(
        self, tmp_path: Path
    ) -> None:
        store = self.stopped_in_the_end(self.open_small(tmp_path))
        taken = self.fill_up(store)
        end = store.status()["max_offset"]
        batch = [Told(body=b"x" * 1000), Told("New", body=b"x" * 1000)]
        with pytest.raises(StoreFullError):
            self.append(store, *batch)
        assert store.queues() == [("Orders", 0)]
        assert store.queue_bounds("Orders", 0) == (0, taken)
        assert store.status()["max_offset"] == end
        assert len(store.entries("Orders", 0, 0, 1000)) == taken
        read = self.read(store, 0, 4)
        assert (read.status, read.count) == (ReadStatus.FOUND, min(taken, 4))

    def test_writes_come_back_with_the_room(self, tmp_path: Path) -> None:
        store = self.stopped_in_the_end(self.open_small(tmp_path))
        taken = self.fill_up(store)
        if not self.make_room(store):
            pytest.skip("nothing gives this store room")
        assert self.append(store, Told()).queue_offsets == [taken]
        assert self.read(store, taken).count == 1

    # Reads that take long

    def test_reads_under_way_do_not_mind_what_happens(self, tmp_path: Path) -> None:
        held = self.workers = HeldWorkers()
        store = self.make_store(tmp_path)
        store.start()
        held.go_on_all()
        value_of(store.ready)
        for n in range(50):
            self.append(store, Told(body=b"%d" % n * 100, keys=f"k{n}"))
            self.append(store, Told("Doomed", body=b"doomed"))

        def began(result: Any) -> list[Any]:
            values: list[Any] = []
            if isinstance(result, Deferred):
                result.addCallback(values.append)
            else:
                values.append(result)
            return values

        def read(offset: int, topic: str = "Orders") -> list[Any]:
            return began(store.read_queue(topic, 0, offset, 10, 1 << 20, None, None))

        first, later, doomed = read(0), read(40), read(0, "Doomed")
        found = began(store.query("Orders", "k7", 9, 0, 1 << 60, ""))
        time = began(store.offset_by_time("Orders", 0, self.now_ms, False))
        for n in range(50, 60):
            self.append(store, Told(body=b"%d" % n * 100))
        store.delete_topic("Doomed")
        last = read(50)
        held.go_on_all()
        for values, offset in ((first, 0), (later, 40), (last, 50)):
            (got,) = values
            offsets = [r.queue_offset for r in records_of(got.records)]
            assert offsets == list(range(offset, offset + got.count))
            assert (got.status, got.next_offset) == (
                ReadStatus.FOUND,
                offset + got.count,
            )
        assert all(r.topic == "Doomed" for r in records_of(doomed[0].records))
        assert len(found[0].physical_offsets) == 1
        assert time == [0]
        store.stop()
        held.go_on_all()
