from pathlib import Path

import pytest

from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import open_store

ROOT = Path("/store")
SEGMENT = 64 * 1024


def test_the_rest_of_a_segment_is_blank() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    placed = store.append(
        batch_of([Told(body=b"x" * 40_000), Told(body=b"y" * 40_000), Told()])
    )
    assert placed.physical_offsets[1] == SEGMENT
    first = files.content(ROOT / "commitlog" / f"{0:020d}")
    at = first.rindex(b"\xcb\xd4\x31\x94") - 4
    assert int.from_bytes(first[at : at + 4]) == SEGMENT - at
    assert store.append(batch_of([Told()])).physical_offsets == [placed.end]


@pytest.mark.parametrize("spare", range(-2, 12))
def test_a_blank_always_has_room(spare: int) -> None:
    store = open_store(ROOT, FakeFiles())
    small = store.append(batch_of([Told(body=b"")])).end
    store.append(batch_of([Told(body=b"x" * (SEGMENT - 2 * small - spare))]))
    store.append(batch_of([Told()]))
    begins = store.log_bounds()[1]
    # a record may end 8 bytes before the end of a segment, no later
    assert (begins > SEGMENT + small + 5) == (spare < 8)
    assert store.queue_bounds("Orders", 0) == (0, 3)


def test_a_record_larger_than_a_segment_is_refused() -> None:
    files = FakeFiles()
    store = open_store(ROOT, files)
    kept = store.append(batch_of([Told()]))
    with pytest.raises(MessageIllegalError, match="does not fit"):
        store.append(batch_of([Told(), Told(body=b"x" * SEGMENT)]))
    assert store.log_bounds() == (0, kept.end)
    assert store.queue_bounds("Orders", 0) == (0, 1)
    assert len(files.list(ROOT / "commitlog")) == 1
