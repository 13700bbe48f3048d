from pathlib import Path

import pytest

from twistedmq.store.errors import StoreOpenError
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import SMALL, open_store, store_context


def test_a_store_is_ready_and_small() -> None:
    store = open_store(Path("/store"), FakeFiles(), vouch_bytes=1)
    assert store.append(batch_of([Told()])).queue_offsets == [0]


def test_settings_can_be_changed() -> None:
    context = store_context(Path("/store"), FakeFiles(), vouch_bytes=1)
    assert context.config.value.vouch_bytes == 1
    assert context.config.value.segment_bytes == SMALL.segment_bytes


def test_a_store_that_cannot_be_opened_raises() -> None:
    files = FakeFiles()
    store = open_store(Path("/store"), files)
    with pytest.raises(StoreOpenError, match="another broker"):
        open_store(Path("/store"), files)
    assert store
