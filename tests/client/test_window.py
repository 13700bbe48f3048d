import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.window import Limits, QueueWindow


def test_an_empty_window_commits_where_it_goes_on() -> None:
    window = QueueWindow(7)
    assert window.committable == 7
    window.fetched((), 12)  # all filtered away
    assert window.committable == 12


def test_the_lowest_unacked_offset_may_be_committed() -> None:
    window = QueueWindow(0)
    window.fetched([(0, 10), (1, 10), (4, 10)], 6)
    assert window.ack(1)
    assert window.committable == 0
    assert window.ack(0)
    assert window.committable == 4
    assert window.ack(4)
    assert window.committable == 6
    assert window.size_bytes == len(window) == 0


def test_an_ack_counts_once_and_only_here() -> None:
    window = QueueWindow(0)
    window.fetched([(0, 10)], 1)
    assert 0 in window
    assert not window.ack(5)
    assert window.ack(0)
    assert not window.ack(0)


def test_room_ends_with_the_number_of_messages() -> None:
    window = QueueWindow(0, Limits(messages=2))
    window.fetched([(0, 1)], 1)
    assert window.has_room
    window.fetched([(1, 1)], 2)
    assert not window.has_room
    window.ack(1)
    assert window.has_room


def test_room_ends_with_their_bytes() -> None:
    window = QueueWindow(0, Limits(size_bytes=100))
    window.fetched([(0, 100)], 1)
    assert not window.has_room


def test_room_ends_with_the_span_that_one_slow_message_makes() -> None:
    window = QueueWindow(0, Limits(span=10))
    window.fetched([(0, 1)], 1)
    window.fetched((), 10)
    assert window.has_room
    window.fetched((), 11)
    assert not window.has_room


def test_after_a_reset_older_acks_come_to_nothing() -> None:
    window = QueueWindow(0)
    window.fetched([(0, 10), (1, 10)], 2)
    window.reset(100)
    assert not window.ack(0)
    assert window.committable == window.next_offset == 100
    assert window.has_room


@given(st.data())
def test_nothing_unacked_is_ever_behind_the_committable_offset(
    data: st.DataObject,
) -> None:
    window = QueueWindow(0)
    unacked: set[int] = set()
    committed = 0
    for _ in range(data.draw(st.integers(1, 8))):
        start = window.next_offset
        kept = data.draw(st.lists(st.booleans(), max_size=6))
        offsets = [start + n for n, keep in enumerate(kept) if keep]
        window.fetched([(offset, 1) for offset in offsets], start + len(kept))
        unacked.update(offsets)
        for offset in data.draw(st.sets(st.sampled_from(sorted(unacked) or [0]))):
            assert window.ack(offset) == (offset in unacked)
            unacked.discard(offset)
        assert window.committable == min(unacked, default=window.next_offset)
        assert window.committable >= committed
        assert len(window) == window.size_bytes == len(unacked)
        committed = window.committable


@pytest.mark.parametrize(
    ("queues", "messages", "size_bytes"), [(1, 100, 1000), (3, 40, 333), (500, 1, 2)]
)
def test_a_queue_has_its_part_of_what_all_may_have(
    queues: int, messages: int, size_bytes: int
) -> None:
    limits = Limits(messages=100, size_bytes=5000, span=7)
    in_all = Limits(messages=120, size_bytes=1000, span=1)
    shared = limits.shared(in_all, queues)
    assert shared == Limits(messages=messages, size_bytes=size_bytes, span=7)
