from twistedmq.store.queue_state import (
    ENTRY,
    FILLER_SIZE,
    QueueState,
    QueueTable,
    add_entries,
    add_logged,
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


def test_logged_entries_go_where_the_record_says() -> None:
    queues = QueueTable()
    entry = ENTRY.pack(500, 10, 0)
    state, anew = add_logged(queues, ("T", 0, 7), entry)
    assert (state.min_offset, state.next_offset, anew) == (7, 8, False)
    add_logged(queues, ("T", 0, 8), entry)
    assert (state.min_offset, state.next_offset) == (7, 9)


def test_a_gap_is_filled_with_what_stands_for_nothing() -> None:
    queues = QueueTable()
    state, _ = add_logged(queues, ("T", 0, 0), ENTRY.pack(500, 10, 0))
    add_logged(queues, ("T", 0, 3), ENTRY.pack(600, 10, 0))
    sizes = [size for _, size, _ in ENTRY.iter_unpack(state.in_tail(0, 9) or b"")]
    assert sizes == [10, FILLER_SIZE, FILLER_SIZE, 10]


def test_a_lower_offset_begins_the_queue_anew() -> None:
    queues = QueueTable()
    for offset in (0, 1, 2):
        add_logged(queues, ("T", 0, offset), ENTRY.pack(offset, 10, 0))
    state, anew = add_logged(queues, ("T", 0, 0), ENTRY.pack(900, 10, 0))
    assert anew
    assert (state.next_offset, entries(state, 0, 9)) == (1, [900])
