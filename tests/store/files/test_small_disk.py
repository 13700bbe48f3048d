"""A disk that is really full: a small file system, and a limit on the size of files."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from power_loss import everything

from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.stores import open_store, store_context

DISK = "size=3m"
BODY = b"x" * 10_000


Change = Callable[[], object]


@contextmanager
def small_disk(path: Path) -> Iterator[tuple[Change, Change]]:
    """Mount a small file system at *path*; gives what makes it smaller and larger."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small file system can be mounted here: {error}")
    try:
        larger = ["mount", "-o", "remount,size=64m", str(path)]
        yield lambda: None, lambda: subprocess.run(larger, check=True)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@contextmanager
def small_files(path: Path) -> Iterator[tuple[Change, Change]]:
    """Give what keeps files from growing, and what lets them grow again."""
    path.mkdir()
    resource = pytest.importorskip("resource", reason="no limits on the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    try:
        yield lambda: limit(200_000), lambda: limit(before[0])
    finally:
        limit(before[0])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither")
@pytest.mark.parametrize("limited", [small_disk, small_files])
def test_a_full_disk_acknowledges_nothing_and_comes_back(
    tmp_path: Path, limited: Callable[[Path], Any]
) -> None:
    root = tmp_path / "disk" / "store"
    with limited(root.parent) as (shrink, grow):
        context = store_context(root, segment_bytes=1024 * 1024, index_enabled=False)
        store = FileStore(context)
        acked = 1
        store.start()
        value_of(store.ready)
        store.append(batch_of([Told(body=BODY)]))
        shrink()
        with suppress(StoreFullError):
            while True:
                store.append(batch_of([Told(body=BODY)]))
                acked += 1
        assert 10 < acked < 900
        assert len(everything(store)) == acked
        context.reactor.advance(2)
        with pytest.raises(StoreFullError, match=str(root)):
            store.append(batch_of([Told(body=BODY)]))
        grow()
        for _ in range(6):
            context.reactor.advance(2)
        for _ in range(20):
            store.append(batch_of([Told(body=BODY)]))
        served = everything(store)
        assert len(served) == acked + 20
        value_of(store.stop())
        again = open_store(root, segment_bytes=1024 * 1024, index_enabled=False)
        assert everything(again) == served
        value_of(again.stop())
