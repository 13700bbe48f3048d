from pathlib import Path

import pytest

from twistedmq.store import whole_disk
from twistedmq.store.whole_disk import WholeDisk

needs_the_call = pytest.mark.skipif(
    not whole_disk.is_available(), reason="this system has no syncfs that tells errors"
)


@needs_the_call
def test_a_disk_is_synced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    WholeDisk(tmp_path).sync()


@needs_the_call
def test_the_folder_need_not_exist_yet(tmp_path: Path) -> None:
    WholeDisk(tmp_path / "not" / "yet").sync()


def test_an_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_disk, "_syncfs", lambda: lambda descriptor: -1)
    with pytest.raises(OSError):  # noqa: PT011 (whatever the last error was)
        WholeDisk(tmp_path).sync()
