"""What is too old goes, and nothing else does."""

from pathlib import Path

import pytest
from twistedmq_sqlite.store import SqliteStore
from zope.interface.verify import verifyObject

from twistedmq.store.interfaces import ReadStatus
from twistedmq.store.retention import HOUR_MS
from twistedmq.store.retention_interfaces import IRetention
from twistedmq.testing import Told
from twistedmq.testing.contracts import StoreCase, value_of

DAY_MS = 24 * HOUR_MS


class TestExpiry(StoreCase):
    def make_store(self, directory: Path) -> SqliteStore:
        return SqliteStore(self.context(directory), directory / "messages.db")

    @pytest.fixture
    def filled(self, tmp_path: Path) -> SqliteStore:
        """A queue with ten messages, one a day, and one of the first day only."""
        store: SqliteStore = self.open(tmp_path)
        self.append(store, Told("Once", keys="once"))
        for _ in range(10):
            self.append(store, Told(body=b"x" * 100, keys="k"))
            self.now_ms += DAY_MS
        return store

    def pass_time(self) -> None:
        self.clock.pump([10.0] + [0.1] * 20)

    def test_provides_the_interface(self, filled: SqliteStore) -> None:
        assert verifyObject(IRetention, filled)

    def test_messages_are_kept_for_three_days(
        self, filled: SqliteStore, tmp_path: Path
    ) -> None:
        self.pass_time()
        assert filled.queue_bounds("Orders", 0) == (8, 10)
        assert filled.queue_bounds("Once", 0) == (1, 1)
        begin, end = filled.log_bounds()
        assert (begin, end) == (
            filled.entries("Orders", 0, 8, 1)[0].physical_offset,
            filled.status()["max_offset"],
        )
        assert self.read(filled, 7).status is ReadStatus.OFFSET_TOO_SMALL
        assert self.read(filled, 8).count == 2
        assert len(self.find(filled, "k")) == 2
        assert self.find(filled, "once", "Once") == []
        assert value_of(filled.record_at(0)) is None
        value_of(filled.stop())
        again = self.open(tmp_path)
        assert again.log_bounds() == (begin, end)
        assert again.queue_bounds("Orders", 0) == (8, 10)
        assert again.queue_bounds("Once", 0) == (1, 1)
        assert self.append(again, Told(), Told("Once")).queue_offsets == [10, 1]

    def test_the_last_message_stays(self, filled: SqliteStore) -> None:
        self.now_ms += 90 * DAY_MS
        end = filled.log_bounds()[1]
        self.pass_time()
        assert filled.queue_bounds("Orders", 0) == (9, 10)
        assert self.append(filled, Told()).physical_offsets == [end]

    def test_many_go_over_many_turns(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        for _ in range(6):
            self.append(store, *(Told(queue_id=n % 3, keys="k") for n in range(400)))
        self.now_ms += 4 * DAY_MS
        fresh = self.append(store, Told())
        store.expire_now()
        assert 0 < store.log_bounds()[0] < fresh.physical_offsets[0]
        self.pass_time()
        assert store.log_bounds() == (fresh.physical_offsets[0], fresh.end)
        assert store.queue_bounds("Orders", 1) == (798, 798)
        left = store._database.connection.execute("SELECT count(*) FROM keys")
        assert left.fetchone() == (0,)

    def test_topics_may_expire_earlier(
        self, filled: SqliteStore, tmp_path: Path
    ) -> None:
        filled.reserve(lambda: {"Orders": 36})
        self.pass_time()
        assert filled.queue_bounds("Orders", 0) == (9, 10)
        value_of(filled.stop())
        assert self.open(tmp_path).queue_bounds("Orders", 0) == (9, 10)

    def test_empty_queues_are_forgotten_when_nobody_needs_them(
        self, filled: SqliteStore
    ) -> None:
        self.pass_time()
        assert value_of(filled.forget_expired_queues(lambda *_: True)) == 0
        assert value_of(filled.forget_expired_queues(lambda *_: False)) == 1
        assert filled.queues() == [("Orders", 0)]
        assert self.append(filled, Told("Once")).queue_offsets == [0]

    def test_a_topic_that_began_anew_keeps_its_new_messages(
        self, filled: SqliteStore
    ) -> None:
        filled.delete_topic("Orders")
        assert self.append(filled, Told(), Told()).queue_offsets == [0, 1]
        self.pass_time()
        assert filled.queue_bounds("Orders", 0) == (0, 2)
        assert self.read(filled, 0).count == 2
