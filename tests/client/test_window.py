import pytest
from client_kit import received
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.errors import ArgumentError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.window import Limits, QueueWindow


def some(*offsets: int, size: int = 10) -> list[ReceivedMessage]:
    return [received(offset=offset, stored_bytes=size) for offset in offsets]


def test_an_empty_window_commits_where_it_goes_on() -> None:
    window = QueueWindow(7)
    assert window.committable == 7
    window.fetched((), 12)  # all filtered away
    assert window.committable == 12


def test_the_lowest_unacked_offset_may_be_committed() -> None:
    window = QueueWindow(0)
    zero, one, four = some(0, 1, 4)
    window.fetched([zero, one, four], 6)
    assert window.ack(one)
    assert window.committable == 0
    assert window.ack(zero)
    assert window.committable == 4
    assert window.ack(four)
    assert window.committable == 6
    assert window.size_bytes == len(window) == 0


def test_an_ack_counts_once_and_only_here() -> None:
    window = QueueWindow(0)
    message, elsewhere = some(0, 5)
    window.fetched([message], 1)
    assert message in window
    assert not window.ack(elsewhere)
    assert window.ack(message)
    assert not window.ack(message)


def test_room_ends_with_the_number_of_messages() -> None:
    window = QueueWindow(0, Limits(messages=2))
    zero, one = some(0, 1)
    window.fetched([zero], 1)
    assert window.has_room
    window.fetched([one], 2)
    assert not window.has_room
    window.ack(one)
    assert window.has_room


def test_room_ends_with_their_bytes() -> None:
    window = QueueWindow(0, Limits(size_bytes=100))
    window.fetched(some(0, size=100), 1)
    assert not window.has_room


def test_room_ends_with_the_span_that_one_slow_message_makes() -> None:
    window = QueueWindow(0, Limits(span=10))
    window.fetched(some(0), 1)
    window.fetched((), 10)
    assert window.has_room
    window.fetched((), 11)
    assert not window.has_room


def test_after_a_reset_older_acks_come_to_nothing() -> None:
    window = QueueWindow(0)
    zero, one = some(0, 1)
    window.fetched([zero, one], 2)
    window.reset(100)
    assert not window.ack(zero)
    assert window.committable == window.next_offset == 100
    assert window.has_room


def test_nor_do_they_ack_the_same_messages_fetched_again() -> None:
    window = QueueWindow(0)
    before, after = some(0, 0)
    window.fetched([before], 1)
    window.reset(0)
    window.fetched([after], 1)
    assert before not in window
    assert not window.ack(before)
    assert window.committable == 0
    assert window.ack(after)


def test_another_can_stand_for_a_message() -> None:
    window = QueueWindow(0)
    first, second, never = some(0, 0, 0)
    window.fetched([first], 1)
    window.exchange(never, received())
    window.exchange(first, second)
    assert not window.ack(first)
    assert window.ack(second)
    assert window.size_bytes == len(window) == 0


@given(st.data())
def test_nothing_unacked_is_ever_behind_the_committable_offset(
    data: st.DataObject,
) -> None:
    window = QueueWindow(0)
    unacked: dict[int, ReceivedMessage] = {}
    committed = 0
    for _ in range(data.draw(st.integers(1, 8))):
        start = window.next_offset
        kept = data.draw(st.lists(st.booleans(), max_size=6))
        offsets = [start + n for n, keep in enumerate(kept) if keep]
        messages = some(*offsets, size=1)
        window.fetched(messages, start + len(kept))
        unacked.update(zip(offsets, messages, strict=True))
        for offset in data.draw(st.sets(st.sampled_from(sorted(unacked) or [0]))):
            message = unacked.pop(offset, None)
            assert window.ack(message or received(offset=offset)) == bool(message)
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


@pytest.mark.parametrize("limit", ["messages", "size_bytes", "span"])
def test_a_limit_that_lets_nothing_in_is_refused(limit: str) -> None:
    with pytest.raises(ArgumentError, match=f"{limit} is 0, not at least 1"):
        Limits(**{limit: 0})
