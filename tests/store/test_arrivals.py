from typing import Any

from twistedmq.protocol.system_flags import TRANSACTION_ROLLBACK
from twistedmq.store.arrivals import Arrivals, index_items, logged_index_items
from twistedmq.store.log_scan import LoggedRecord
from twistedmq.store.queue_state import QueueState
from twistedmq.testing.batches import Told, batch_of


def test_a_listener_that_fails_does_not_stop_the_others(logged_failures: Any) -> None:
    arrivals = Arrivals()
    heard: list[Any] = []
    arrivals.add(lambda arrived: 1 / 0)
    arrivals.add(heard.extend)
    arrivals.tell([QueueState("T", 1, 5)], [7], 99)
    assert heard == [("T", 1, 5, 7, 99)]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1


def test_the_end_of_a_transaction_is_not_indexed() -> None:
    batch = batch_of([Told(), Told(sys_flag=TRANSACTION_ROLLBACK), Told()])
    items = index_items(batch, [0, 100, 200], 5)
    assert [item.physical_offset for item in items] == [0, 200]


def test_records_of_the_log_are_indexed_alike() -> None:
    records = [
        LoggedRecord(n, 100, "T", 0, n, flag, 5, b"")
        for n, flag in ((0, 0), (1, TRANSACTION_ROLLBACK))
    ]
    assert [i.physical_offset for i in logged_index_items(records)] == [0]
