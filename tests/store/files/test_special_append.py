from pathlib import Path

import pytest

from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing import FakeFiles, Told, batch_of
from twistedmq.testing.contracts.queue_kinds import BATCH_TOPIC, bundle, light
from twistedmq.testing.stores import open_store

ROOT = Path("/store")


def test_a_batch_rolls_over_into_the_next_segment() -> None:
    store = open_store(ROOT, FakeFiles(), batch_topics=[BATCH_TOPIC])
    told = [bundle(3, b"x" * 30_000), light("%LMQ%a", body=b"y" * 30_000)] * 3
    appended = store.append(batch_of(told))
    assert appended.queue_offsets == [0, 0, 3, 1, 6, 2]
    assert len({place // 65536 for place in appended.physical_offsets}) == 3
    assert store.queue_bounds("%LMQ%a", 0) == (0, 3)


def test_what_cannot_be_stored_takes_no_offsets() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files, batch_topics=[BATCH_TOPIC])
    store.append(batch_of([bundle(2)]))
    with pytest.raises(MessageIllegalError, match="does not fit"):
        store.append(batch_of([bundle(3), light("%LMQ%a", body=b"x" * 70_000)]))
    files.room_bytes = 0
    with pytest.raises(StoreFullError):
        store.append(batch_of([bundle(3), light("%LMQ%a"), Told("New")]))
    assert store.queues() == [(BATCH_TOPIC, 0)]
    assert store.queue_bounds(BATCH_TOPIC, 0) == (0, 2)


def test_records_may_be_sealed() -> None:
    store = open_store(
        ROOT, FakeFiles(), batch_topics=[BATCH_TOPIC], seals_records=True
    )
    store.append(batch_of([bundle(3), light("%LMQ%a")]))
    read = store.read_queue(BATCH_TOPIC, 0, 0, 9, 1 << 20, None, None)
    assert read.count == 3  # type: ignore[union-attr]
    assert b"__CRC32#" in bytes(read.records[0])  # type: ignore[union-attr]
    assert store.queue_bounds("%LMQ%a", 0) == (0, 1)
