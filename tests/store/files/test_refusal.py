import errno
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from twistedmq.store.disk_use import DiskUse
from twistedmq.store.files.refusal import Refusal
from twistedmq.store.interfaces import StoreFullError
from twistedmq.testing.fake_files import FakeFiles

ROOT = Path("/store")


def refusal(clock: Clock) -> Refusal:
    files = FakeFiles()
    files.disks[ROOT] = DiskUse(97, 3, 100)
    return Refusal(clock, files, ROOT)


def test_a_full_disk_is_told_with_path_and_use(logged: Any) -> None:
    clock = Clock()
    refused = refusal(clock)
    error = OSError(errno.ENOSPC, "No space left on device", "/store/commitlog/0")
    text = str(refused.begin(error))
    assert "/store/commitlog/0 is full (97 % used, 3 bytes free)" in text
    assert logged("is full", "messages are refused", "reads go on")


def test_another_error_is_told_with_its_path() -> None:
    text = str(refusal(Clock()).begin(OSError(errno.EIO, "Input/output error")))
    assert text == "the message cannot be written to /store: Input/output error"


def test_it_is_tried_again_after_a_second(logged: Any) -> None:
    clock = Clock()
    refused = refusal(clock)
    refused.begin(OSError(errno.EIO, "Input/output error"))
    clock.advance(0.9)
    with pytest.raises(StoreFullError, match="Input/output"):
        refused.check()
    clock.advance(0.2)
    refused.check()
    assert refused.until_s  # until a write has succeeded
    refused.end()
    assert not refused.until_s
    assert logged("stored again")


def test_it_is_said_once() -> None:
    said = []
    clock = Clock()
    refused = refusal(clock)
    refused._log = type("", (), {"error": lambda self, *a, **k: said.append(1)})()  # type: ignore[assignment]
    for _ in range(5):
        refused.begin(OSError(errno.EIO, "Input/output error"))
        clock.advance(2)
    assert len(said) == 1
