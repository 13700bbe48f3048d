"""The contract of the store holds the rest, over every store that is made of this."""

from collections.abc import Sequence
from pathlib import Path

from twistedmq.store.interfaces import ReadStatus
from twistedmq.store.queue_state import ENTRY
from twistedmq.store.table_reads import TableReads
from twistedmq.testing import store_context


class Reads(TableReads):
    """A queue of three whose first record the log has lost."""

    def __init__(self) -> None:
        super().__init__(store_context(Path("/nowhere")).config)
        self.log = b"a" * 10 + b"b" * 10 + b"c" * 10
        self.min = 10
        state = self._queues["T", 0]
        state.next_offset = 3
        state.tail += b"".join(ENTRY.pack(n * 10, 10, n) for n in range(3))

    def log_bounds(self) -> tuple[int, int]:
        return self.min, len(self.log)

    def _read_log(self, size: int, offset: int) -> bytes:
        return self.log[offset : offset + size]


def bodies(records: Sequence[object]) -> list[bytes]:
    return [bytes(record) for record in records]  # type: ignore[call-overload]


def test_what_the_log_has_lost_is_passed_over() -> None:
    read = Reads().read_queue("T", 0, 0, 9, 9999, None, None)
    assert bodies(read.records) == [b"b" * 10 + b"c" * 10]
    assert (read.count, read.next_offset) == (2, 3)
    lost = Reads().read_queue("T", 0, 0, 9, 9999, lambda code: code == 0, None)
    assert lost.status is ReadStatus.MESSAGE_WAS_REMOVING


def test_what_is_no_record_is_not_given() -> None:
    assert Reads().record_at(10) is None
    assert Reads().record_at(0) is None
    assert Reads().store_time("T", 0, 1) == -1
