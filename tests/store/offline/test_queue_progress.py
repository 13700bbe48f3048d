from twistedmq.store.log_scan import LoggedRecord
from twistedmq.store.offline.queue_progress import (
    Missing,
    batch_of,
    is_in_queues,
    more,
)


def record(sys_flag: int = 0, encoded: bytes = b"") -> LoggedRecord:
    return LoggedRecord(0, 100, "T", 0, 7, sys_flag, 0, encoded)


def test_halves_of_transactions_by_flag_are_in_no_queue() -> None:
    assert [is_in_queues(record(flag)) for flag in (0, 4, 8, 12)] == [
        True,
        False,
        True,
        False,
    ]


def test_a_batch_says_where_it_begins() -> None:
    assert batch_of(record(0x80, b"INNER_BASE\x0142\x02INNER_NUM\x013\x02")) == (42, 3)
    assert batch_of(record()) == (7, 1)


def test_missing_records_are_counted() -> None:
    missing = more(more(more(None, 5, 100), 6, 200), 4, 300)
    assert missing == Missing(5, 6, 3, 100)
