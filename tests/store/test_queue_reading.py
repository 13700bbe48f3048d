from collections.abc import Sequence
from typing import Any

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.store.queue_reading import (
    ReadLimits,
    entries_wanted,
    read_selected,
    refused,
)
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE

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


def pack_entries(*entries: tuple[int, int]) -> bytes:
    return b"".join(ENTRY.pack(start, size, 7) for start, size in entries)


def read(entries: bytes, **changes: Any) -> tuple[QueueRead, list[list[int]]]:
    asked: list[list[int]] = []

    def read_pieces(starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        asked.extend([a, b] for a, b in zip(starts, ends, strict=True))
        return [bytes(b - a) for a, b in zip(starts, ends, strict=True)]

    arguments: dict[str, Any] = {
        "limits": ReadLimits(0, (32, 1000), (8, 500)),
        "log_min": 0,
        "tags": None,
        "matches": None,
    }
    found = read_selected(
        entries,
        50,
        (0, 100),
        **arguments | changes,
        read_log=lambda size, _: bytes(size),
        read_pieces=read_pieces,
    )
    return found, asked


EVERYTHING: Any = [None, lambda _: True]
"""No filter, which is answered by columns, and one that lets everything pass."""


@pytest.mark.parametrize("tags", EVERYTHING)
@pytest.mark.parametrize(
    ("entries", "spans"),
    [
        ([(0, 10)], [[0, 10]]),
        ([(0, 10), (10, 5), (15, 5)], [[0, 20]]),
        ([(0, 10), (20, 5), (30, 5)], [[0, 10], [20, 25], [30, 35]]),
        ([(0, 10), (10, 5), (30, 5), (35, 1)], [[0, 15], [30, 36]]),
    ],
)
def test_neighbours_are_one_piece(
    tags: Any, entries: list[tuple[int, int]], spans: list[list[int]]
) -> None:
    found, asked = read(pack_entries(*entries), tags=tags)
    assert asked == spans
    assert (found.status, found.count) == (ReadStatus.FOUND, len(entries))
    assert found.next_offset == 50 + len(entries)
    assert found.size == sum(size for _, size in entries)


@pytest.mark.parametrize("tags", EVERYTHING)
def test_limits_cut_a_read_short(tags: Any) -> None:
    many = pack_entries(*((n * 100, 40) for n in range(40)))
    found, _ = read(many, tags=tags)
    assert (found.count, found.next_offset) == (25, 75)  # 1000 bytes
    found, _ = read(many, tags=tags, limits=ReadLimits(0, (3, 1000), (8, 500)))
    assert found.count == 3
    found, _ = read(many, tags=tags, limits=ReadLimits(9999, (32, 1000), (8, 500)))
    assert found.count == 8  # old data
    found, _ = read(pack_entries((0, 5000)), tags=tags)
    assert found.count == 1  # however large


@pytest.mark.parametrize("tags", EVERYTHING)
def test_what_is_gone_is_passed_over(tags: Any) -> None:
    entries = pack_entries((0, 10), (10, 10), (50, 10))
    found, asked = read(entries, tags=tags, log_min=20)
    assert (found.count, found.next_offset, asked) == (1, 53, [[50, 60]])
    gap = pack_entries((30, FILLER_SIZE), (50, 10))
    found, asked = read(gap, tags=tags)
    assert (found.count, asked) == (1, [[50, 60]])
