from pathlib import Path
from typing import Any

import pytest

from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.workers import HeldWorkers

PATH = Path("/config/topics.json")


def refuse_old(data: bytes) -> None:
    if b"old" not in data:
        raise ValueError("not wanted")


def test_there_is_nothing_at_first(tmp_path: Path) -> None:
    assert AtomicJsonFile(RealFiles(), tmp_path / "x.json").load() is None


def test_the_last_save_is_loaded_and_the_one_before_kept(tmp_path: Path) -> None:
    file = AtomicJsonFile(RealFiles(), tmp_path / "config" / "x.json")
    file.save_now(b"old")
    file.save_now(b"new")
    assert file.load() == b"new"
    assert (tmp_path / "config" / "x.json.bak").read_bytes() == b"old"
    assert sorted(p.name for p in (tmp_path / "config").iterdir()) == [
        "x.json",
        "x.json.bak",
    ]


@pytest.mark.parametrize("torn", [b"", b"\0\0\0\0", b" \n"])
def test_an_empty_file_gives_way_to_the_backup(torn: bytes) -> None:
    files = FakeFiles()
    file = AtomicJsonFile(files, PATH)
    file.save_now(b"old")
    file.save_now(b"new")
    files.content(PATH)[:] = torn
    assert file.load() == b"old"


def test_what_cannot_be_used_gives_way_to_the_backup() -> None:
    file = AtomicJsonFile(FakeFiles(), PATH)
    file.save_now(b"old")
    file.save_now(b"new")
    assert file.load(refuse_old) == b"old"


def test_a_failed_save_leaves_the_former_content(logged_failures: Any) -> None:
    files = FakeFiles()
    file = AtomicJsonFile(files, PATH)
    file.save_now(b"old")
    files.room_bytes = 1
    failed: list[Any] = []
    file.save(b"newer").addErrback(failed.append)
    assert failed[0].check(OSError)
    assert file.load() == b"old"


def test_power_loss_leaves_one_of_the_two_whole() -> None:
    files = FakeFiles()
    file = AtomicJsonFile(files, PATH)
    file.save_now(b"old")
    files.kill_power()
    assert file.load() == b"old"


def test_saves_in_threads_do_not_overtake_each_other() -> None:
    workers = HeldWorkers()
    file = AtomicJsonFile(FakeFiles(), PATH, workers)
    done: list[int] = []
    for n in range(4):
        file.save(b"%d" % n).addCallback(lambda _, n=n: done.append(n))
    assert workers.waiting == 1
    workers.go_on()
    assert (done, file.load()) == ([0], b"0")
    workers.go_on()  # the newest, for all who wait
    assert (done, file.load()) == ([0, 1, 2, 3], b"3")
    assert workers.waiting == 0
