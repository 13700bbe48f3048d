"""What every IMessageStore must do while it runs; ``store_life`` is about the rest."""
# ruff: noqa: D102 (the name of a test says it)

import pytest
from zope.interface.verify import verifyObject

from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.properties import tags_code
from twistedmq.store.interfaces import IMessageStore, ReadStatus
from twistedmq.testing.batches import Told
from twistedmq.testing.contracts.case import StoreCase, records_of, value_of


class MessageStoreContract(StoreCase):
    """Appending, reading and finding, as every store does it."""

    def test_provides_the_interface(self, store: IMessageStore) -> None:
        assert verifyObject(IMessageStore, store)

    def test_offsets_rise_by_one_in_each_queue(self, store: IMessageStore) -> None:
        first = self.append(store, Told(queue_id=1), Told(queue_id=2), Told(queue_id=1))
        second = self.append(store, Told(queue_id=1))
        assert first.queue_offsets == [0, 0, 1]
        assert second.queue_offsets == [2]
        assert store.queue_bounds("Orders", 1) == (0, 3)
        assert sorted(store.queues()) == [("Orders", 1), ("Orders", 2)]

    def test_physical_offsets_rise_and_end_where_the_next_begins(
        self, store: IMessageStore
    ) -> None:
        first = self.append(store, Told(), Told(body=b"x" * 100))
        second = self.append(store, Told())
        assert first.physical_offsets == sorted(set(first.physical_offsets))
        assert second.physical_offsets == [first.end]

    def test_what_went_in_comes_out(self, store: IMessageStore) -> None:
        self.append(store, *(Told(body=b"%d" % n) for n in range(5)))
        read = self.read(store, 1, 3)
        assert (read.status, read.next_offset, read.count) == (ReadStatus.FOUND, 4, 3)
        assert (read.min_offset, read.max_offset) == (0, 5)
        assert [r.queue_offset for r in records_of(read.records)] == [1, 2, 3]
        assert sum(map(len, read.records)) == read.size

    def test_neighbours_leave_as_one_buffer(self, store: IMessageStore) -> None:
        self.append(store, Told(), Told(), Told(topic="Other"), Told())
        assert len(self.read(store, 0).records) == 2

    def test_the_clock_is_in_the_records(self, store: IMessageStore) -> None:
        self.now_ms = 1_800_000_000_123
        appended = self.append(store, Told())
        assert appended.store_ms == 1_800_000_000_123
        assert records_of(self.read(store, 0).records)[0].store_ms == appended.store_ms
        assert value_of(store.store_time("Orders", 0, 0)) == appended.store_ms
        assert value_of(store.store_time("Orders", 0, 1)) == -1

    @pytest.mark.parametrize(
        ("offset", "status", "next_offset"),
        [
            (-1, ReadStatus.OFFSET_TOO_SMALL, 0),
            (2, ReadStatus.OFFSET_OVERFLOW_ONE, 2),
            (3, ReadStatus.OFFSET_OVERFLOW_BADLY, 2),
        ],
    )
    def test_an_offset_outside_is_put_right(
        self, store: IMessageStore, offset: int, status: ReadStatus, next_offset: int
    ) -> None:
        self.append(store, Told(), Told())
        read = self.read(store, offset)
        assert (read.status, read.next_offset, read.count) == (status, next_offset, 0)

    def test_an_unknown_queue_is_empty(self, store: IMessageStore) -> None:
        assert store.queue_bounds("Nowhere", 0) == (0, 0)
        read = self.read(store, 7, topic="Nowhere")
        assert (read.status, read.next_offset) == (ReadStatus.NO_MATCHED_LOGIC_QUEUE, 0)
        assert store.entries("Nowhere", 0, 0, 10) == []
        assert store.queues() == []

    def test_one_record_is_given_however_large(self, store: IMessageStore) -> None:
        self.append(store, Told(body=b"x" * 2000), Told())
        read = value_of(store.read_queue("Orders", 0, 0, 32, 100, None, None))
        assert (read.count, read.next_offset) == (1, 1)

    def test_bytes_are_limited(self, store: IMessageStore) -> None:
        self.append(store, *(Told(body=b"x" * 100) for _ in range(10)))
        one = self.read(store, 0, 1).size
        read = value_of(store.read_queue("Orders", 0, 0, 32, 3 * one, None, None))
        assert read.count == 3

    def test_tags_are_filtered_by_their_code(self, store: IMessageStore) -> None:
        self.append(store, *(Told(tag="ab"[n % 2]) for n in range(6)))
        wanted = tags_code("b")
        read = value_of(
            store.read_queue("Orders", 0, 0, 2, 9999, lambda code: code == wanted, None)
        )
        assert [r.queue_offset for r in records_of(read.records)] == [1, 3]
        assert read.next_offset == 4
        none = value_of(
            store.read_queue("Orders", 0, 0, 9, 9999, lambda code: False, None)
        )
        assert (none.status, none.next_offset) == (ReadStatus.NO_MATCHED_MESSAGE, 6)

    def test_records_can_be_looked_at(self, store: IMessageStore) -> None:
        self.append(store, Told(body=b"no"), Told(body=b"yes"), Told(body=b"no"))
        read = value_of(
            store.read_queue(
                "Orders", 0, 0, 9, 9999, None, lambda record: b"yes" in bytes(record)
            )
        )
        assert [r.queue_offset for r in records_of(read.records)] == [1]
        assert read.next_offset == 3

    def test_entries_say_where_records_are(self, store: IMessageStore) -> None:
        appended = self.append(store, Told(tag="a"), Told())
        first, second = store.entries("Orders", 0, 0, 10)
        assert first.physical_offset == appended.physical_offsets[0]
        assert first.tags_code == tags_code("a")
        assert second.queue_offset == 1
        assert second.size == appended.end - appended.physical_offsets[1]

    def test_entries_of_delayed_messages_say_when_they_are_due(
        self, store: IMessageStore
    ) -> None:
        told: list[int] = []
        store.add_arrival_listener(
            lambda grown: told.extend(arrival[3] for arrival in grown)
        )
        waits = [Told(SCHEDULE_TOPIC, 0, tag="a", more={"DELAY": n}) for n in "123"]
        plain = Told(tag="a", more={"DELAY": "1"})
        no_level = Told(SCHEDULE_TOPIC, 1, tag="a")
        self.append(store, plain, *waits, no_level)
        due_ms = [self.now_ms + delay for delay in (1000, 5000, 10_000)]
        entries = store.entries(SCHEDULE_TOPIC, 0, 0, 9)
        assert [entry.tags_code for entry in entries] == due_ms
        (there,) = store.entries("Orders", 0, 0, 9)
        (without,) = store.entries(SCHEDULE_TOPIC, 1, 0, 9)
        assert there.tags_code == without.tags_code == tags_code("a")
        assert told == [tags_code("a"), due_ms[-1], tags_code("a")]

    def test_a_record_is_found_by_its_place(self, store: IMessageStore) -> None:
        appended = self.append(store, Told(body=b"first"), Told(body=b"second"))
        record = value_of(store.record_at(appended.physical_offsets[1]))
        assert record is not None
        assert b"second" in bytes(record)
        assert len(record) == appended.end - appended.physical_offsets[1]

    @pytest.mark.parametrize("wrong", [-5, 3, 1 << 40])
    def test_no_record_begins_elsewhere(self, store: IMessageStore, wrong: int) -> None:
        self.append(store, Told(), Told())
        assert value_of(store.record_at(wrong)) is None

    @pytest.mark.parametrize(
        ("time_ms", "lower", "upper"),
        [(5, 0, 0), (10, 0, 1), (15, 2, 1), (20, 2, 3), (30, 4, 4), (99, 5, 4)],
    )
    def test_an_offset_is_found_by_time(
        self, store: IMessageStore, time_ms: int, lower: int, upper: int
    ) -> None:
        for self.now_ms in (10, 10, 20, 20, 30):
            self.append(store, Told())
        assert value_of(store.offset_by_time("Orders", 0, time_ms, False)) == lower
        assert value_of(store.offset_by_time("Orders", 0, time_ms, True)) == upper

    def test_messages_are_found_by_key(self, store: IMessageStore) -> None:
        self.now_ms = 1_700_000_000_000
        appended = self.append(
            store,
            Told(keys="order-1 shop-7", unique_key="U1"),
            Told(keys="order-2 shop-7", tag="new"),
            Told(topic="Other", keys="order-1"),
        )
        one, two, _ = appended.physical_offsets

        def found(key: str, index_type: str = "", end_ms: int = 1 << 60) -> list[int]:
            hits = store.query("Orders", key, 32, 0, end_ms, index_type)
            return value_of(hits).physical_offsets

        assert found("order-1") == [one]
        assert found("shop-7") == [two, one]
        assert found("U1") == [one]
        assert found("new") == []
        assert found("new", "T") == [two]
        assert found("order-1", end_ms=1_600_000_000_000) == []
        assert found("order-3") == []

    def test_listeners_hear_of_each_queue_once_a_batch(
        self, store: IMessageStore
    ) -> None:
        heard: list[tuple[str, int, int, int, int]] = []
        store.add_arrival_listener(heard.extend)
        self.append(store, Told(), Told(queue_id=3), Told(tag="last"))
        assert sorted(heard) == [
            ("Orders", 0, 2, tags_code("last"), self.now_ms),
            ("Orders", 3, 1, 0, self.now_ms),
        ]

    def test_a_deleted_topic_begins_anew(self, store: IMessageStore) -> None:
        self.append(store, Told(), Told(queue_id=1), Told(topic="Other"))
        assert store.delete_topic("Orders") == 2
        assert store.delete_topic("Orders") == 0
        assert store.queue_bounds("Orders", 0) == (0, 0)
        assert store.queues() == [("Other", 0)]
        assert self.append(store, Told(body=b"new")).queue_offsets == [0]
        assert self.read(store, 0).count == 1

    def test_what_is_stored_becomes_safe(self, store: IMessageStore) -> None:
        end = self.append(store, Told()).end
        waiting = store.safe(end)
        assert waiting is None or value_of(waiting) is store.durability

    def test_the_status_has_the_figures(self, store: IMessageStore) -> None:
        end = self.append(store, Told()).end
        status = store.status()
        assert status["min_offset"] == 0
        assert status["max_offset"] == end
        assert status["flushed_offset"] <= end
        assert status["dispatched_offset"] == end
        assert 0 <= status["disk_ratio"] <= 1

    def test_a_batch_of_many_sizes_and_queues_is_whole(
        self, store: IMessageStore
    ) -> None:
        told = [
            Told(topic=f"T{n % 3}", queue_id=n % 2, body=b"%d" % n * (n * 7 % 900))
            for n in range(300)
        ]
        appended = self.append(store, *told)
        assert appended.physical_offsets == sorted(set(appended.physical_offsets))
        assert appended.end > appended.physical_offsets[-1]
        for message, physical_offset in zip(
            told, appended.physical_offsets, strict=True
        ):
            record = value_of(store.record_at(physical_offset))
            assert record is not None
            assert message.body in bytes(record)
        for topic in ("T0", "T1", "T2"):
            for queue_id in (0, 1):
                assert store.queue_bounds(topic, queue_id) == (0, 50)
                found = store.entries(topic, queue_id, 0, 99)
                assert [e.queue_offset for e in found] == list(range(50))

    def test_odd_names_and_addresses_are_kept(self, store: IMessageStore) -> None:
        long_topic = "t" * 200
        v6 = bytes(range(16)) + b"\0\0\x30\x39"
        self.append(store, Told(long_topic, body=b"", born_host=v6), Told("%RETRY%g"))
        (record,) = records_of(self.read(store, 0, topic=long_topic).records)
        assert record.topic == long_topic
        assert self.read(store, 0, topic="%RETRY%g").count == 1

    def test_entries_outside_the_bounds_are_none(self, store: IMessageStore) -> None:
        self.append(store, Told(), Told())
        assert store.entries("Orders", 0, -1, 5) == []
        assert store.entries("Orders", 0, 2, 5) == []
        assert [e.queue_offset for e in store.entries("Orders", 0, 1, 5)] == [1]

    def test_what_was_given_does_not_change(self, store: IMessageStore) -> None:
        self.append(store, Told(body=b"first"))
        given = self.read(store, 0).records
        copy = [bytes(buffer) for buffer in given]
        self.append(store, *(Told(body=b"x" * 900) for _ in range(100)))
        store.delete_topic("Orders")
        assert [bytes(buffer) for buffer in given] == copy

    def test_stopping_twice_does_no_harm(self, store: IMessageStore) -> None:
        self.append(store, Told())
        value_of(store.stop())
        value_of(store.stop())
