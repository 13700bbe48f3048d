"""What every IQueueKinds must do: batch queues and light queues."""
# ruff: noqa: D102 (the name of a test says it)

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import pytest
from zope.interface.verify import verifyObject

from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError, TwistedMQError
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.record import Record, decode_records
from twistedmq.protocol.system_flags import INNER_BATCH, NEED_UNWRAP
from twistedmq.store.interfaces import IQueueKinds, QueueRead, ReadStatus
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.case import StoreCase, value_of

BATCH_TOPIC: Final = "Bundles"
MOST_LIGHT: Final = 50
"""The limit of light queues in these tests."""


def bundle(count: int, body: bytes = b"many", **more: Any) -> Told:
    """Give a message that counts for *count*."""
    flags = INNER_BATCH | NEED_UNWRAP
    return Told(
        BATCH_TOPIC, 0, body, sys_flag=flags, more={"INNER_NUM": str(count)}, **more
    )


def light(*names: str, **more: Any) -> Told:
    """Give a message for the light queues *names*."""
    return Told(more={props.INNER_MULTI_DISPATCH: ",".join(names)}, **more)


class QueueKindsContract(StoreCase):
    """Beside what StoreCase says: ``make_store`` gives an IQueueKinds."""

    keeps = True
    """Whether a store keeps its messages when it is stopped."""
    settings: ClassVar[dict[str, Any]] = {
        "light_queues_enabled": True,
        "multi_dispatch": True,
        "max_light_queues": MOST_LIGHT,
        "batch_topics": [BATCH_TOPIC],
    }

    def open_again(self, store: Any, directory: Path) -> Any:
        """Stop *store* and give another one over what it kept."""
        value_of(store.stop())
        return self.open(directory)

    def read_records(
        self, store: Any, topic: str, offset: int, count: int = 32, tags: Any = None
    ) -> tuple[QueueRead, Sequence[Record]]:
        """Read from queue 0; gives the records too."""
        read = value_of(store.read_queue(topic, 0, offset, count, 1 << 20, tags, None))
        return read, decode_records(b"".join(map(bytes, read.records)))

    def test_provides_the_interface(self, store: Any) -> None:
        assert verifyObject(IQueueKinds, store)

    # Batch queues

    def test_a_record_raises_the_offset_by_what_it_holds(self, store: Any) -> None:
        told = [Told(BATCH_TOPIC), bundle(4), Told("Plain"), bundle(2)]
        appended = store.append(batch_of(told))
        assert appended.queue_offsets == [0, 1, 0, 5]
        assert store.queue_bounds(BATCH_TOPIC, 0) == (0, 7)
        assert store.append(batch_of([bundle(3)])).queue_offsets == [7]
        entries = store.entries(BATCH_TOPIC, 0, 0, 9)
        assert [(e.queue_offset, e.count) for e in entries] == [
            (0, 1),
            (1, 4),
            (5, 2),
            (7, 3),
        ]

    def test_a_delayed_message_beside_them_is_due_in_time(self, store: Any) -> None:
        delayed = Told(SCHEDULE_TOPIC, more={props.DELAY: "2"})
        store.append(batch_of([bundle(4), delayed]))
        (entry,) = store.entries(SCHEDULE_TOPIC, 0, 0, 9)
        assert entry.tags_code == self.now_ms + 5000

    def test_the_record_says_where_its_first_message_is(self, store: Any) -> None:
        store.append(batch_of([Told(BATCH_TOPIC), bundle(4), bundle(2)]))
        _, records = self.read_records(store, BATCH_TOPIC, 0)
        assert [r.queue_offset for r in records] == [0, 1, 5]
        held = [props.parse(r.properties) for r in records]
        assert [h.get(props.INNER_BASE) for h in held] == [None, "1", "5"]
        assert held[2][props.INNER_NUM] == "2"

    def test_reads_give_whole_records(self, store: Any) -> None:
        store.append(batch_of([bundle(4, b"a"), bundle(4, b"b"), bundle(4, b"c")]))
        read, records = self.read_records(store, BATCH_TOPIC, 5)
        assert [r.body for r in records] == [b"b", b"c"]
        assert (read.status, read.count) == (ReadStatus.FOUND, 8)
        assert (read.next_offset, read.min_offset, read.max_offset) == (12, 0, 12)
        read, records = self.read_records(store, BATCH_TOPIC, 0, 1)
        assert ([r.body for r in records], read.next_offset) == ([b"a"], 4)
        read, records = self.read_records(store, BATCH_TOPIC, 0, 7)
        assert ([r.body for r in records], read.next_offset) == ([b"a"], 4)
        assert self.read_records(store, BATCH_TOPIC, 12)[0].status is (
            ReadStatus.OFFSET_OVERFLOW_ONE
        )

    def test_tags_are_asked_for_the_record(self, store: Any) -> None:
        told = [bundle(2), Told(BATCH_TOPIC, tag="t"), bundle(2)]
        store.append(batch_of(told))
        tags = props.tags_code("t").__eq__
        read, records = self.read_records(store, BATCH_TOPIC, 0, tags=tags)
        assert ([r.queue_offset for r in records], read.next_offset) == ([2], 5)
        read, _ = self.read_records(store, BATCH_TOPIC, 3, tags=tags)
        assert (read.status, read.next_offset) == (ReadStatus.NO_MATCHED_MESSAGE, 5)

    def test_arrivals_tell_of_the_new_end(self, store: Any) -> None:
        heard: list[Any] = []
        store.add_arrival_listener(heard.extend)
        store.append(batch_of([bundle(5), light("%LMQ%a", tag="x")]))
        ends = {(topic, queue_id): end for topic, queue_id, end, *_ in heard}
        assert ends == {(BATCH_TOPIC, 0): 5, ("Orders", 0): 1, ("%LMQ%a", 0): 1}

    def test_time_finds_where_an_entry_begins(self, store: Any) -> None:
        start = self.now_ms
        for count in (3, 1, 4, 4):
            store.append(batch_of([bundle(count)]))
            self.now_ms += 10
        self.now_ms -= 10
        store.append(batch_of([bundle(2)]))

        def at(ms: int, upper: bool = False) -> object:
            return value_of(store.offset_by_time(BATCH_TOPIC, 0, start + ms, upper))

        assert [at(ms) for ms in (-5, 0, 1, 10, 20, 25, 30, 99)] == [
            0, 0, 3, 3, 4, 8, 8, 12
        ]  # fmt: skip
        assert [at(ms, True) for ms in (-5, 0, 15, 30, 99)] == [0, 0, 4, 12, 12]
        times = [value_of(store.store_time(BATCH_TOPIC, 0, n)) for n in (0, 2, 3, 13)]
        assert times == [start, start, start + 10, start + 30]
        assert value_of(store.store_time(BATCH_TOPIC, 0, 14)) == -1

    def test_many_entries_are_found(self, tmp_path: Path, store: Any) -> None:
        for _ in range(20):
            store.append(batch_of([bundle(3) for _ in range(10)]))
        if self.keeps:
            store = self.open_again(store, tmp_path)
        assert store.queue_bounds(BATCH_TOPIC, 0) == (0, 600)
        for offset in (0, 1, 2, 3, 59, 60, 61, 299, 300, 597, 599):
            (entry,) = store.entries(BATCH_TOPIC, 0, offset, 1)
            assert entry.queue_offset == offset - offset % 3
        offset, seen = 0, 0
        while offset < 600:
            read, records = self.read_records(store, BATCH_TOPIC, offset)
            assert [r.queue_offset for r in records] == list(
                range(offset, read.next_offset, 3)
            )
            offset, seen = read.next_offset, seen + read.count
        assert seen == 600

    def test_batch_queues_go_on_after_a_restart(
        self, tmp_path: Path, store: Any
    ) -> None:
        if not self.keeps:
            pytest.skip("nothing is kept")
        store.append(batch_of([bundle(4), Told(BATCH_TOPIC)]))
        store = self.open_again(store, tmp_path)
        assert store.queue_bounds(BATCH_TOPIC, 0) == (0, 5)
        assert store.append(batch_of([bundle(2)])).queue_offsets == [5]
        assert len(self.read_records(store, BATCH_TOPIC, 0)[1]) == 3

    def test_a_deleted_batch_topic_begins_anew(self, store: Any) -> None:
        store.append(batch_of([bundle(4)]))
        assert store.delete_topic(BATCH_TOPIC) == 1
        assert store.append(batch_of([bundle(2)])).queue_offsets == [0]
        assert len(self.read_records(store, BATCH_TOPIC, 0)[1]) == 1

    # Light queues

    def test_a_message_goes_into_the_light_queues_it_names(self, store: Any) -> None:
        store.append(batch_of([light("%LMQ%a", body=b"1"), Told(body=b"2")]))
        told = [light("%LMQ%b", "%LMQ%a", body=b"3"), light("%LMQ%b", body=b"4")]
        store.append(batch_of(told))
        bodies = {
            topic: [r.body for r in self.read_records(store, topic, 0)[1]]
            for topic in ("Orders", "%LMQ%a", "%LMQ%b")
        }
        assert bodies == {
            "Orders": [b"1", b"2", b"3", b"4"],
            "%LMQ%a": [b"1", b"3"],
            "%LMQ%b": [b"3", b"4"],
        }
        assert set(store.queues()) == {("Orders", 0), ("%LMQ%a", 0), ("%LMQ%b", 0)}
        held = [
            props.parse(r.properties).get(props.INNER_MULTI_QUEUE_OFFSET)
            for r in self.read_records(store, "Orders", 0)[1]
        ]
        assert held == ["0", None, "0,1", "1"]

    def test_offsets_from_elsewhere_do_not_count(self, store: Any) -> None:
        message = light("%LMQ%a", "Other")
        message.more[props.INNER_MULTI_QUEUE_OFFSET] = "99,99"
        store.append(batch_of([message]))
        (record,) = self.read_records(store, "%LMQ%a", 0)[1]
        held = props.parse(record.properties)
        assert held[props.INNER_MULTI_QUEUE_OFFSET] == "0,"
        assert store.queue_bounds("Other", 0) == (0, 0)

    def test_messages_to_be_retried_fill_no_light_queues(self, store: Any) -> None:
        store.append(batch_of([light("%LMQ%a", topic="%RETRY%g")]))
        assert store.queue_bounds("%LMQ%a", 0) == (0, 0)
        assert store.queue_bounds("%RETRY%g", 0) == (0, 1)

    @pytest.mark.parametrize("name", ["%LMQ%a/b", "%LMQ%\0", "%LMQ%" + "x" * 300])
    def test_impossible_names_are_refused(self, store: Any, name: str) -> None:
        store.append(batch_of([Told()]))
        with pytest.raises(MessageIllegalError, match="light queue"):
            store.append(batch_of([Told(), light("%LMQ%ok", name)]))
        assert store.queues() == [("Orders", 0)]
        assert store.queue_bounds("Orders", 0) == (0, 1)

    def test_properties_that_become_too_long_are_refused(self, store: Any) -> None:
        message = light("%LMQ%a")
        message.more["x"] = "y" * 32_720
        with pytest.raises(MessageIllegalError, match="32767"):
            store.append(batch_of([message]))
        assert store.queues() == []

    def test_there_is_a_limit_of_light_queues(self, store: Any) -> None:
        store.append(batch_of([light(*[f"%LMQ%{n}" for n in range(MOST_LIGHT)])]))
        with pytest.raises(TwistedMQError, match="maxLmqConsumeQueueNum"):
            store.append(batch_of([light("%LMQ%0", "%LMQ%more")]))
        assert store.queue_bounds("%LMQ%0", 0) == (0, 1)
        store.append(batch_of([light("%LMQ%0")]))
        store.delete_topic("%LMQ%0")
        store.append(batch_of([light("%LMQ%more")]))
        assert store.queue_bounds("%LMQ%more", 0) == (0, 1)

    def test_light_queues_go_on_after_a_restart(
        self, tmp_path: Path, store: Any
    ) -> None:
        if not self.keeps:
            pytest.skip("nothing is kept")
        store.append(batch_of([light("%LMQ%a"), light("%LMQ%a", "%LMQ%b")]))
        store = self.open_again(store, tmp_path)
        store.append(batch_of([light("%LMQ%b", "%LMQ%a", body=b"last")]))
        assert store.queue_bounds("%LMQ%a", 0) == (0, 3)
        assert store.queue_bounds("%LMQ%b", 0) == (0, 2)
        assert [r.body for r in self.read_records(store, "%LMQ%a", 2)[1]] == [b"last"]
