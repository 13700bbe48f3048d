import pytest

from twistedmq.store.batch_queue import (
    BatchView,
    first_number,
    messages_in,
    number_of,
    offset_by_time,
)
from twistedmq.store.queue_state import BATCH_ENTRY_BYTES, BatchQueueState


@pytest.fixture
def view() -> BatchView:
    """Entries of 3, 1, 4 and 2 messages, stored at 70, 71, 71 and 80; one was removed.

    Its first message is at offset 10.
    """
    state = BatchQueueState("B", 0)
    state.first_entry = state.next_entry = state.written_entry = 5
    state.min_offset = 10
    base = 10
    for count, stored in ((3, 70), (1, 71), (4, 71), (2, 80)):
        state.add(1000 + base, 50, 0, stored, base, count)
        base += count
    return BatchView.of(state)


def test_a_view_knows_where_its_entries_are(view: BatchView) -> None:
    assert (view.tail_entry, view.first_entry, view.next_entry) == (5, 5, 9)
    assert len(view.in_tail(7, 99)) == 2 * BATCH_ENTRY_BYTES


@pytest.mark.parametrize(
    ("offset", "number"),
    [(10, 5), (12, 5), (13, 6), (14, 7), (17, 7), (18, 8), (19, 8), (20, 9)],
)
def test_the_entry_that_holds_an_offset(
    view: BatchView, offset: int, number: int
) -> None:
    assert number_of(view, offset, view.in_tail) == number


def test_what_no_file_has_lies_before(view: BatchView) -> None:
    view.first_entry = 0

    def read(number: int, count: int) -> bytes:
        return view.in_tail(number, count) if number >= 5 else b""

    assert number_of(view, 0, read) == 5
    assert number_of(view, 13, read) == 6
    assert first_number(0, 9, read, lambda entry: True) == 9


@pytest.mark.parametrize(
    ("time_ms", "lower", "upper"),
    [(0, 10, 10), (70, 10, 10), (71, 13, 14), (75, 18, 18), (80, 18, 18), (99, 18, 18)],
)
def test_offsets_by_time(view: BatchView, time_ms: int, lower: int, upper: int) -> None:
    assert offset_by_time(view, time_ms, False, view.in_tail) == lower
    assert offset_by_time(view, time_ms, True, view.in_tail) == upper


def test_a_queue_without_entries_has_no_times() -> None:
    view = BatchView.of(BatchQueueState("B", 0))
    assert offset_by_time(view, 7, False, view.in_tail) == 0


@pytest.mark.parametrize(
    ("encoded", "count"),
    [
        (b"", 1),
        (b"INNER_NUM\x0112\x02", 12),
        (b"a\x01b\x02INNER_NUM\x010\x02", 1),
        (b"INNER_NUM\x01x\x02", 1),
        (b"INNER_NUM\x0199999\x02", 32767),
        ("INNER_NUM\x01²\x02".encode(), 1),
    ],
)
def test_how_many_messages_a_record_counts_for(encoded: bytes, count: int) -> None:
    assert messages_in(encoded) == count
