import pytest

from twistedmq.broker.delay.waiting import NEVER, WaitingQueue
from twistedmq.store.interfaces import QueueEntry

DELAY_MS = 5000


def entries(*due_ms: int) -> list[QueueEntry]:
    return [QueueEntry(n, n * 100, 100, due) for n, due in enumerate(due_ms)]


@pytest.fixture
def queue() -> WaitingQueue:
    return WaitingQueue(1, DELAY_MS, 0)


def test_what_is_due_is_counted_up_to_the_first_that_is_not(
    queue: WaitingQueue,
) -> None:
    assert queue.due(entries(90, 100, 101, 3100), 100, 7.0) == 2
    assert queue.look_s == pytest.approx(7.001)


def test_if_all_are_due_there_may_be_more(queue: WaitingQueue) -> None:
    assert queue.due(entries(90, 100), 100, 7.0) == 2
    assert queue.look_s == 7.0


def test_nothing_is_early(queue: WaitingQueue) -> None:
    assert queue.due(entries(5000), 0, 0.0) == 0
    assert queue.look_s == 5.0
    assert queue.due(entries(5000), 4999, 4.999) == 0
    assert queue.due(entries(5000), 5000, 5.0) == 1


def test_a_clock_set_back_lets_it_wait_its_delay_at_most(queue: WaitingQueue) -> None:
    hour_ms = 3_600_000
    old = entries(hour_ms + 1000, hour_ms + 2000)  # stored before the clock went back
    assert queue.due(old, 0, 10.0) == 0
    assert queue.look_s == 15.0
    assert queue.due(old, 1, 14.9) == 0
    assert queue.look_s == 15.0
    assert queue.due(old, 5000, 15.0) == 2


def test_what_was_stored_after_the_clock_went_back_is_not_early_for_it(
    queue: WaitingQueue,
) -> None:
    mixed = entries(3_600_000, 9_000)
    assert queue.due(mixed, 4_000, 10.0) == 0
    assert queue.due(mixed, 8_000, 15.0) == 1
    assert queue.look_s == pytest.approx(16.0)
    assert queue.due(mixed[1:], 9_000, 16.0) == 1


def test_a_clock_set_forward_makes_it_due(queue: WaitingQueue) -> None:
    assert queue.due(entries(5000), 0, 0.0) == 0
    assert queue.due(entries(5000), 3_600_000, 0.5) == 1


def test_a_level_that_was_made_shorter_counts_from_now() -> None:
    queue = WaitingQueue(0, 1000, 0)
    assert queue.due(entries(7_200_000), 0, 0.0) == 0
    assert queue.look_s == 1.0


def test_a_level_that_is_no_more_goes_by_the_entries() -> None:
    queue = WaitingQueue(17, None, 0)
    assert queue.due(entries(7_200_000), 0, 0.0) == 0
    assert queue.look_s == 7200.0


def test_only_an_idle_queue_has_news_to_tell(queue: WaitingQueue) -> None:
    assert queue.look_s == NEVER
    assert queue.grew(5000, 3.0)
    assert queue.look_s == 8.0
    assert not queue.grew(1, 3.0)
    assert queue.look_s == 8.0


@pytest.mark.parametrize(
    ("offset", "bounds", "goes_on"),
    [(5, (0, 9), 5), (5, (7, 9), 7), (5, (0, 3), 3), (0, (0, 0), 0)],
)
def test_an_offset_outside_is_put_right(
    offset: int, bounds: tuple[int, int], goes_on: int
) -> None:
    assert WaitingQueue(0, 1000, offset).moved_into(*bounds) == goes_on
