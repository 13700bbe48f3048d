from pathlib import Path

import pytest

from twistedmq.store.files.commit_log import CommitLog
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.replication import Follower
from twistedmq.store.queue_state import QueueTable
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import SMALL, open_store


def follower() -> tuple[Follower, CommitLog, QueueTable]:
    files, queues = FakeFiles(), QueueTable()
    log = CommitLog(
        files, Path("/slave/commitlog"), SMALL.segment_bytes, OpenFiles(files, 4)
    )
    log.load()
    return Follower(log, SMALL, queues), log, queues


def master_log(count: int) -> bytes:
    """A log of two segments, blank included."""
    store = open_store(Path("/master"), FakeFiles())
    for n in range(count):
        store.append(batch_of([Told(body=b"x" * 9000, tag=f"t{n}", keys=f"k{n}")]))
    low, end = store.log_bounds()
    return b"".join(
        bytes(store.log_read(at, min(65536, end - at)))  # type: ignore[arg-type]
        for at in range(low, end, 65536)
    )


@pytest.mark.parametrize("step", [1000, 9137, 65536, 70_000])
def test_records_count_once_they_are_whole(step: int) -> None:
    data = master_log(10)
    slave, log, queues = follower()
    items = 0
    for at in range(0, len(data), step):
        items += len(slave.write(data[at : at + step]).index_items)
        assert slave.end == min(at + step, len(data))
        assert log.end <= slave.end
    assert items == 10
    assert log.end == len(data)
    assert queues["Orders", 0].next_offset == 10


def test_what_is_no_record_is_taken_back() -> None:
    data = master_log(1)
    slave, log, _ = follower()
    slave.write(data[:100])
    with pytest.raises(ValueError, match="no record"):
        slave.write(b"\x11" * len(data))
    assert (slave.end, log.end) == (100, 0)
    assert len(slave.write(data[100:]).states) == 1


def test_it_goes_on_where_the_log_was_cut() -> None:
    data = master_log(2)
    slave, log, _ = follower()
    slave.write(data[:-10])
    half = len(data) // 2
    log.truncate(half)
    slave.truncated(half)
    assert len(slave.write(data[half:]).states) == 1
