from typing import Any

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.store.batch_queue import BatchView
from twistedmq.store.batch_reading import (
    batch_entries,
    batch_store_time,
    entries_holding,
    read_batches,
)
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.store.queue_reading import ReadLimits
from twistedmq.store.queue_state import BATCH_ENTRY, BatchQueueState

CONFIG = StoreConfig()


def view() -> BatchView:
    """Ten entries of 4 messages each, 100 bytes a record, tags code as the number."""
    state = BatchQueueState("B", 0)
    for number in range(10):
        state.add(number * 100, 100, number, 7000 + number, number * 4, 4)
    return BatchView.of(state)


def read(
    offset: int,
    most: int = 32,
    *,
    limits: ReadLimits | None = None,
    log_min: int = 0,
    tags: Any = None,
    matches: Any = None,
    damaged: int = -1,
) -> tuple[QueueRead, list[int]]:
    def read_batch(size: int, at: int, queue_offset: int) -> Buffer:
        assert queue_offset == at // 100 * 4
        if at == damaged:
            raise DamagedRecordError(at)
        return b"%d" % (at // 100)

    queue = view()
    limits = limits or ReadLimits(0, (32, 10_000), (8, 500), most)
    found = read_batches(
        queue, offset, CONFIG, limits, log_min, tags, matches, queue.in_tail, read_batch
    )
    return found, [int(bytes(record)) for record in found.records]


def test_whole_records_are_given() -> None:
    found, numbers = read(5, 12)
    assert numbers == [1, 2, 3]
    assert (found.status, found.count, found.size) == (ReadStatus.FOUND, 12, 300)
    assert (found.next_offset, found.min_offset, found.max_offset) == (16, 0, 40)


@pytest.mark.parametrize(("most", "expected"), [(1, [0]), (7, [0]), (8, [0, 1])])
def test_no_more_messages_than_asked_for_but_one_record(
    most: int, expected: list[int]
) -> None:
    assert read(0, most)[1] == expected


def test_limits_of_recent_and_old_records() -> None:
    old = ReadLimits(9999, (32, 10_000), (8, 500), 32)
    assert read(0, limits=old)[1] == [0, 1]
    narrow = ReadLimits(0, (32, 250), (8, 500), 32)
    assert read(0, limits=narrow)[1] == [0, 1]


def test_filters() -> None:
    found, numbers = read(0, tags=lambda code: code in (2, 7))
    assert (numbers, found.next_offset) == ([2, 7], 40)
    found, numbers = read(0, matches=lambda record: bytes(record) == b"9")
    assert (numbers, found.next_offset) == ([9], 40)
    found, _ = read(8, tags=lambda code: False)
    assert (found.status, found.next_offset) == (ReadStatus.NO_MATCHED_MESSAGE, 40)


def test_what_the_log_has_lost_is_passed_over() -> None:
    found, numbers = read(0, log_min=300)
    assert (numbers, found.next_offset) == ([3, 4, 5, 6, 7, 8, 9], 40)
    found, _ = read(0, 2, log_min=300)
    assert (found.status, found.next_offset) == (ReadStatus.MESSAGE_WAS_REMOVING, 8)


def test_what_comes_before_a_damaged_record_is_given_first() -> None:
    found, numbers = read(0, damaged=200)
    assert (numbers, found.next_offset) == ([0, 1], 8)
    with pytest.raises(DamagedRecordError):
        read(8, damaged=200)


def test_single_entries() -> None:
    queue = view()
    raw = entries_holding(queue, 6, 2, queue.in_tail)
    assert [fields[4] for fields in BATCH_ENTRY.iter_unpack(raw)] == [4, 8]
    found = batch_entries(queue, 39, 5, queue.in_tail)
    assert [(e.queue_offset, e.physical_offset, e.count) for e in found] == [
        (36, 900, 4)
    ]
    assert batch_entries(queue, 40, 5, queue.in_tail) == []
    assert batch_store_time(queue, 7, queue.in_tail) == 7001
    assert batch_store_time(queue, -1, queue.in_tail) == -1
