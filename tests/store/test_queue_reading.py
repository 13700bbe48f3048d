from typing import Any

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.store.interfaces import ReadStatus
from twistedmq.store.queue_reading import ReadLimits, entries_wanted, refused

CONFIG = StoreConfig()


@pytest.mark.parametrize(
    ("offset", "bounds", "status", "next_offset"),
    [
        (5, (0, 0), ReadStatus.NO_MESSAGE_IN_QUEUE, 0),
        (1, (2, 9), ReadStatus.OFFSET_TOO_SMALL, 2),
        (9, (2, 9), ReadStatus.OFFSET_OVERFLOW_ONE, 9),
        (12, (2, 9), ReadStatus.OFFSET_OVERFLOW_BADLY, 9),
    ],
)
def test_where_nothing_is(
    offset: int, bounds: tuple[int, int], status: ReadStatus, next_offset: int
) -> None:
    answer = refused(offset, *bounds)
    assert answer is not None
    assert (answer.status, answer.next_offset) == (status, next_offset)
    assert (answer.min_offset, answer.max_offset) == bounds


def test_within_the_bounds_there_is_something() -> None:
    assert refused(2, 2, 9) is None


def test_a_filter_looks_further() -> None:
    anything: Any = bool
    assert entries_wanted(CONFIG, 32, None, None) == 32
    assert entries_wanted(CONFIG, 0, None, None) == 1
    assert entries_wanted(CONFIG, 32, anything, None) == 800
    assert entries_wanted(CONFIG, 1000, None, anything) == 1000


def test_settings_and_wishes_limit_a_read() -> None:
    limits = ReadLimits.of(CONFIG, 16, 10, 0)
    assert limits.recent == (16, 100)
    assert limits.old == (8, 100)
    limits = ReadLimits.of(CONFIG, 1000, 1 << 40, 0)
    assert limits.recent == (32, 256 * 1024)
    assert limits.old == (8, 64 * 1024)
