"""Where recovery begins; ``test_recovery`` and ``test_crash`` see what comes of it."""

from pathlib import Path
from typing import Any

import pytest
from power_loss import everything

from twistedmq.store.errors import StoreOpenError
from twistedmq.store.files.paths import file_name
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
QUEUES = ROOT / "consumequeue" / "Orders"


def stopped(files: FakeFiles, count: int = 120, size: int = 20) -> dict[Any, Any]:
    """Leave a store that was stopped in order; gives what it served."""
    store = open_store(ROOT, files)
    for n in range(count):
        body = b"%d" % n * size
        store.append(batch_of([Told(queue_id=n % 2, body=body, keys=f"k{n}")]))
    served = everything(store)
    value_of(store.stop())
    return served


def test_nothing_is_read_of_a_log_that_is_vouched_for() -> None:
    files = FakeFiles()
    served = stopped(files, 2000, 200)
    files.bytes_read = 0
    store = open_store(ROOT, files)
    assert files.bytes_read < store.log_bounds()[1] / 30
    assert everything(store) == served


def test_after_a_crash_only_what_came_after_the_last_vouching_is_read() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    for n in range(500):
        store.append(batch_of([Told(body=b"x" * 1000)]))
        if n == 480:
            value_of(store._voucher.vouch())
    served = everything(store)
    files.kill_program()
    files.bytes_read = 0
    again = open_store(ROOT, files)
    behind = 19 * 1100 + 64 * 1024  # and the rest of the segment, zeros
    assert files.bytes_read < 2 * behind
    assert everything(again) == served


@pytest.mark.parametrize("at", [0, 200, 590, 1190])
def test_a_consume_queue_that_lost_its_end_is_made_anew(at: int) -> None:
    files = FakeFiles()
    served = stopped(files)
    base = at - at % 1000
    entries = files.content(QUEUES / "0" / file_name(base))
    entries[at - base :] = bytes(len(entries) - at + base)
    if not base:
        files.remove(QUEUES / "0" / file_name(1000))
    assert everything(open_store(ROOT, files)) == served


@pytest.mark.parametrize("topic", ["consumequeue", "consumequeue/Orders/1"])
def test_consume_queues_that_are_gone_are_made_anew(topic: str) -> None:
    files = FakeFiles()
    served = stopped(files)
    files.remove(ROOT / topic)
    assert everything(open_store(ROOT, files)) == served


def test_a_log_that_lost_a_file_in_the_middle_is_refused() -> None:
    files = FakeFiles()
    stopped(files, 300, 200)
    del files.content(ROOT / "commitlog" / file_name(65536))[30_000:]
    with pytest.raises(StoreOpenError, match="has 30000 bytes"):
        open_store(ROOT, files)


def test_queues_of_a_log_that_is_gone_are_refused() -> None:
    files = FakeFiles()
    stopped(files)
    files.remove(ROOT / "commitlog")
    with pytest.raises(StoreOpenError, match="no commit log"):
        open_store(ROOT, files)


def test_a_log_that_lost_its_end_is_opened_and_says_so(logged: Any) -> None:
    files = FakeFiles()
    served = stopped(files)
    log = files.content(ROOT / "commitlog" / file_name(0))
    keep = sorted(record.physical_offset for record, _ in served.values())[100]
    del log[keep + 7 :]
    again = everything(open_store(ROOT, files))
    assert len(again) == 100
    assert again.items() <= served.items()
    assert logged("a file was cut or removed")
    assert logged(f"the commit log is cut at {keep}")
