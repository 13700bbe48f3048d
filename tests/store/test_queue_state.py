from twistedmq.store.queue_state import (
    BATCH_ENTRY,
    ENTRY,
    FILLER_SIZE,
    BatchQueueState,
    QueueState,
    QueueTable,
    add_entries,
    arrivals_of,
    give_back_offsets,
    take_offsets,
)
from twistedmq.testing.batches import Told, batch_of


def entries(state: QueueState, offset: int, count: int) -> list[int]:
    packed = state.in_tail(offset, count)
    assert packed is not None
    return [physical for physical, _, _ in ENTRY.iter_unpack(packed)]


def test_offsets_are_taken_and_given_back() -> None:
    queues = QueueTable()
    batch = batch_of([Told(), Told(queue_id=1), Told()])
    states, offsets = take_offsets(queues, batch)
    assert offsets == [0, 0, 1]
    give_back_offsets(queues, states)
    assert not queues
    assert take_offsets(queues, batch)[1] == [0, 0, 1]


def test_entries_go_to_the_tails() -> None:
    queues = QueueTable()
    states, _ = take_offsets(queues, batch_of([Told(), Told(queue_id=1), Told()]))
    assert add_entries(states, [100, 50, 70], [1, 2, 3], 1000) == [1000, 1100, 1150]
    assert entries(queues["Orders", 0], 0, 9) == [1000, 1150]
    assert entries(queues["Orders", 0], 1, 9) == [1150]
    assert arrivals_of(states, [1, 2, 3], 9) == [
        ("Orders", 0, 2, 3, 9),
        ("Orders", 1, 1, 2, 9),
    ]


def test_a_tail_is_shortened_but_for_what_no_file_has() -> None:
    state = QueueState("T", 0)
    for n in range(10):
        state.tail += ENTRY.pack(n, 1, 0)
        state.next_offset += 1
    before = state.tail
    state.written_offset = 4
    state.shorten(2)
    assert (state.tail_offset, entries(state, 4, 1)) == (4, [4])
    assert state.in_tail(3, 1) is None
    state.written_offset = 10
    state.shorten(2)
    assert entries(state, 8, 9) == [8, 9]
    state.shorten(0)
    assert not state.tail
    assert len(before) == 200  # a thread may still read the old one


def test_a_queue_without_files_forgets_its_end() -> None:
    state = QueueState("T", 0)
    for n in range(4):
        state.tail += ENTRY.pack(10 * n, 10, 0)
        state.next_offset += 1
    state.drop_from(20)
    assert (state.next_offset, entries(state, 0, 9)) == (2, [0, 10])
    state.restart(7)
    assert (state.min_offset, state.next_offset, state.tail_offset) == (7, 7, 7)


def batch_queue() -> BatchQueueState:
    """Entries of 3, 1 and 4 messages."""
    state = BatchQueueState("B", 0)
    state.add(1000, 50, 0, 70, 0, 3)
    state.add(1050, 10, 5, 71, 3, 1)
    state.add(1060, 60, 0, 72, 4, 4)
    return state


def test_a_batch_topic_gets_batch_queues() -> None:
    queues = QueueTable()
    queues.batch_topics = {"B"}
    assert isinstance(queues["B", 0], BatchQueueState)
    assert not isinstance(queues["T", 0], BatchQueueState)


def test_batch_entries_are_numbered_by_themselves() -> None:
    state = batch_queue()
    assert (state.min_offset, state.next_offset) == (0, 8)
    assert (state.next_entry, state.tail_entry) == (3, 0)
    raw = b"".join(
        field.to_bytes(size, signed=True)
        for field, size in (
            (1060, 8), (60, 4), (0, 8), (72, 8), (4, 8), (4, 2), (-1, 4), (0, 4)
        )
    )  # fmt: skip
    assert state.tail[-46:] == raw
    assert BATCH_ENTRY.size == 46


def test_the_tail_of_a_batch_queue_is_shortened() -> None:
    state = batch_queue()
    state.written_entry = 1
    assert len(state.unwritten(9)) == 2 * 46
    state.shorten(0)
    assert state.tail_entry == 1
    assert len(state.unwritten(1)) == 46


def test_a_batch_queue_forgets_its_end() -> None:
    state = batch_queue()
    state.drop_from(1050)
    assert (state.next_offset, state.next_entry) == (3, 1)
    state.restart(9)
    assert (state.min_offset, state.next_offset, state.next_entry) == (9, 9, 0)


def test_the_first_entries_go_by_physical_and_by_queue_offset() -> None:
    state = QueueState("T", 0)
    for place in (0, 100, 200):
        state.tail += ENTRY.pack(place, 100, 0)
        state.next_offset += 1
    state.tail += ENTRY.pack(0, FILLER_SIZE, 0)
    state.tail += ENTRY.pack(400, 100, 0)
    state.next_offset += 2
    assert [state.first_from(at) for at in (0, 1, 200, 201, 401)] == [0, 1, 2, 4, 5]
    state.begin_at(2)
    state.begin_at(1)
    assert (state.min_offset, state.next_offset) == (2, 5)
    assert entries(state, 2, 1) == [200]
    assert state.first_from(400) == 4
    state.begin_at(5)
    assert (state.min_offset, state.next_offset, state.tail) == (5, 5, b"")


def test_the_first_entries_of_a_batch_queue_go_too() -> None:
    state = BatchQueueState("T", 0)
    for place, base, count in ((0, 0, 3), (100, 3, 1), (200, 4, 10)):
        state.add(place, 100, 0, 1, base, count)
    assert [state.first_from(at) for at in (0, 1, 150, 201)] == [0, 3, 4, 14]
    state.begin_at(3)
    state.begin_at(0)
    assert (state.min_offset, state.next_offset, state.first_entry) == (3, 14, 1)
    assert [e[0] for e in BATCH_ENTRY.iter_unpack(state.tail)] == [100, 200]
    assert state.first_from(150) == 4
    state.begin_at(14)
    assert (state.min_offset, state.first_entry, state.tail) == (14, 3, b"")
