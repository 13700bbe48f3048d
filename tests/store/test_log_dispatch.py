import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol import properties as props
from twistedmq.store.log_dispatch import LogDispatch
from twistedmq.store.log_scan import LoggedRecord
from twistedmq.store.queue_state import (
    BATCH_ENTRY,
    ENTRY,
    FILLER_SIZE,
    BatchQueueState,
    QueueState,
    QueueTable,
)
from twistedmq.testing.stores import SMALL


def record(
    offset: int, physical: int = 500, topic: str = "T", **more: str
) -> LoggedRecord:
    return LoggedRecord(physical, 10, topic, 0, offset, 0, 77, props.format(more))


@pytest.fixture
def queues() -> QueueTable:
    table = QueueTable()
    table.batch_topics = {"B"}
    return table


@pytest.fixture
def dispatch(queues: QueueTable) -> LogDispatch:
    return LogDispatch(queues, SMALL)


def entries(state: QueueState) -> list[tuple[int, ...]]:
    return list(ENTRY.iter_unpack(state.tail))


def test_entries_go_where_the_record_says(
    dispatch: LogDispatch, queues: QueueTable
) -> None:
    done = dispatch.add(record(7, 5000, TAGS="a"))
    assert (done.tags_code, done.begun_anew) == (97, [])
    (state,) = done.states
    assert (state.min_offset, state.next_offset) == (7, 8)
    dispatch.add(record(8, 6000))
    assert (state.min_offset, state.next_offset) == (7, 9)
    assert queues["T", 0] is state


def test_a_gap_is_filled_with_what_stands_for_nothing(
    dispatch: LogDispatch, queues: QueueTable
) -> None:
    dispatch.add(record(0))
    dispatch.add(record(3))
    sizes = [size for _, size, _ in entries(queues["T", 0])]
    assert sizes == [10, FILLER_SIZE, FILLER_SIZE, 10]
    assert dispatch.gaps == [("T", 0, 3, 1, 500)]


def test_offset_zero_begins_the_queue_anew(
    dispatch: LogDispatch, queues: QueueTable
) -> None:
    for offset in (0, 1, 2):
        dispatch.add(record(offset))
    done = dispatch.add(record(0, 900))
    assert done.begun_anew == done.states == [queues["T", 0]]
    assert entries(queues["T", 0]) == [(900, 10, 0)]


@pytest.mark.parametrize("offset", [1, 3, 10])
def test_an_offset_that_cannot_follow_is_left_out(
    dispatch: LogDispatch, queues: QueueTable, offset: int
) -> None:
    for good in range(4):
        dispatch.add(record(good))
    assert dispatch.add(record(offset)).states == []
    assert dispatch.misplaced == [("T", 0, offset, 4, 500)]
    assert queues["T", 0].next_offset == 4


def test_light_queues_are_filled_where_they_are_on(
    dispatch: LogDispatch, queues: QueueTable
) -> None:
    light = {
        "INNER_MULTI_DISPATCH": "%LMQ%a,%LMQ%b",
        "INNER_MULTI_QUEUE_OFFSET": "0,0",
    }
    done = dispatch.add(record(0, **light))
    assert [(s.topic, s.queue_id) for s in done.states] == [
        ("T", 0),
        ("%LMQ%a", 0),
        ("%LMQ%b", 0),
    ]
    assert entries(queues["%LMQ%b", 0]) == [(500, 10, 0)]
    off = LogDispatch(QueueTable(), StoreConfig())
    assert [s.topic for s in off.add(record(0, **light)).states] == ["T"]


def test_a_batch_queue_counts_messages(
    dispatch: LogDispatch, queues: QueueTable
) -> None:
    dispatch.add(record(5, 200, "B"))
    dispatch.add(record(6, 210, "B", INNER_NUM="4", INNER_BASE="6"))
    dispatch.add(record(12, 220, "B", INNER_NUM="0"))
    state = queues["B", 0]
    assert isinstance(state, BatchQueueState)
    found = [fields[4:6] for fields in BATCH_ENTRY.iter_unpack(state.tail)]
    assert found == [(5, 1), (6, 4), (12, 1)]
    assert (state.min_offset, state.next_offset) == (5, 13)
    assert dispatch.gaps == [("B", 0, 12, 10, 220)]
    anew = dispatch.add(record(0, 230, "B"))
    assert anew.begun_anew == [state]
    assert (state.next_offset, state.next_entry) == (1, 1)


def test_what_is_gone_of_a_topic_is_left_out(queues: QueueTable) -> None:
    dispatch = LogDispatch(queues, SMALL, {"T": 600})
    assert dispatch.add(record(7, 599)).states == []
    assert ("T", 0) not in queues
    dispatch.add(record(0, 600))
    assert queues["T", 0].next_offset == 1
