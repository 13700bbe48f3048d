from pathlib import Path

import pytest
from store_vectors import unpack

from twistedmq.store.files.checkpoint import (
    Checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from twistedmq.store.files_layer import RealFiles
from twistedmq.testing.fake_files import FakeFiles

PATH = Path("/store/checkpoint")


def test_the_genuine_one_is_read(tmp_path: Path) -> None:
    root, manifest = unpack("clean", tmp_path)
    told = manifest["checkpoint"]
    path = root / "checkpoint"
    found = read_checkpoint(RealFiles(), path)
    assert found.log_ms == told["physicMsgTimestamp"]
    assert found.queues_ms == told["logicsMsgTimestamp"]
    assert found.index_ms == told["indexMsgTimestamp"]
    before = path.read_bytes()
    write_checkpoint(RealFiles(), path, found)
    assert path.read_bytes() == before


def test_without_one_nothing_is_safe() -> None:
    assert read_checkpoint(FakeFiles(), PATH) == Checkpoint()
    assert Checkpoint().safe_ms == 0


@pytest.mark.parametrize(("log_ms", "queues_ms"), [(10_000, 9_000), (9_000, 10_000)])
def test_the_earlier_time_counts_with_some_slack(log_ms: int, queues_ms: int) -> None:
    assert Checkpoint(log_ms, queues_ms).safe_ms == 6_000
