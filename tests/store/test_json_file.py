from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from client_kit import held
from gate import Gate
from twisted.logger import LogLevel, globalLogPublisher

from twistedmq.store.files_layer import RealFiles
from twistedmq.store.json_file import AtomicJsonFile, TornFileError
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.workers import HeldWorkers

PATH = Path("/config/topics.json")
BACKUP = Path("/config/topics.json.bak")


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


@pytest.fixture
def warned() -> Iterator[list[str]]:
    seen: list[str] = []

    def observe(event: Any) -> None:
        if event["log_level"] is LogLevel.warn:
            seen.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield seen
    globalLogPublisher.removeObserver(observe)


def saved_twice(files: FakeFiles) -> AtomicJsonFile:
    file = AtomicJsonFile(files, PATH)
    file.save_now(b"old")
    file.save_now(b"new")
    return file


@pytest.mark.parametrize("torn", [b"", b"\0\0\0\0", b" \n"])
def test_an_empty_file_gives_way_to_the_backup(torn: bytes, warned: list[str]) -> None:
    files = FakeFiles()
    file = saved_twice(files)
    files.content(PATH)[:] = torn
    assert file.load() == b"old"
    assert warned == [
        "/config/topics.json is empty: the 3 bytes of topics.json.bak are taken "
        "instead, which may lack the last changes"
    ]


def test_a_missing_file_gives_way_to_the_backup(warned: list[str]) -> None:
    files = FakeFiles()
    file = saved_twice(files)
    files.remove(PATH)
    assert file.load() == b"old"
    assert "/config/topics.json is missing: the 3 bytes" in warned[0]


def test_what_cannot_be_used_gives_way_to_the_backup(warned: list[str]) -> None:
    file = saved_twice(FakeFiles())
    assert file.load(refuse_old) == b"old"
    assert "topics.json cannot be read (not wanted): the 3 bytes" in warned[0]
    assert len(warned) == 1


def test_a_whole_file_is_taken_whatever_the_backup_is(warned: list[str]) -> None:
    files = FakeFiles()
    file = saved_twice(files)
    files.content(BACKUP)[:] = b""
    assert file.load() == b"new"
    assert warned == []


def refuse_all(data: bytes) -> None:
    raise ValueError("torn at byte 7")


@pytest.mark.parametrize("backup", [None, b"", b"\0" * 9, b"other"])
def test_where_both_are_torn_nothing_begins(backup: bytes | None) -> None:
    files = FakeFiles()
    file = saved_twice(files)
    if backup is None:
        files.remove(BACKUP)
    else:
        files.content(BACKUP)[:] = backup
    before = {path: bytes(files.content(path)) for path in files.paths()}
    with pytest.raises(TornFileError, match=r"torn at byte 7.*topics\.json\.bak") as e:
        file.load(refuse_all)
    assert e.value.path == PATH
    assert {path: bytes(files.content(path)) for path in files.paths()} == before


def test_an_empty_file_without_a_backup_is_not_begun_anew() -> None:
    files = FakeFiles()
    files.open(PATH, create=True)
    with pytest.raises(TornFileError, match=r"is empty, and .*\.bak is missing"):
        AtomicJsonFile(files, PATH).load()


def test_a_good_backup_is_not_replaced_by_a_torn_file() -> None:
    files = FakeFiles()
    file = saved_twice(files)
    files.content(PATH)[:] = b""
    file.load()
    file.save_now(b"newer")
    assert bytes(files.content(PATH)) == b"newer"
    assert bytes(files.content(BACKUP)) == b"old"
    file.save_now(b"newest")
    assert bytes(files.content(BACKUP)) == b"newer"


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


def test_what_a_thread_comes_to_late_does_not_replace_what_is_newer() -> None:
    """As at the end: the last state is saved at once, whatever threads are at."""
    workers = HeldWorkers()
    files = FakeFiles()
    file = AtomicJsonFile(files, PATH, workers)
    saved = [held(file.save(b"first")), held(file.save(b"second"))]
    file.save_now(b"last")
    workers.go_on_all()
    assert saved == [[None], [None]]
    assert file.load() == b"last"
    assert files.size(BACKUP) is None


class SlowFiles(FakeFiles):
    """Files of which the first takes its time to open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    def open(self, path: Path, *, create: bool = False) -> Any:
        if not self.gate.is_reached:
            self.gate.go_through()
        return super().open(path, create=create)


def test_two_threads_do_not_write_at_the_same_time() -> None:
    files = SlowFiles()
    file = AtomicJsonFile(files, PATH)
    threads = [Thread(target=file.save_now, args=(data,)) for data in (b"1", b"2")]
    threads[0].start()
    files.gate.wait_reached()
    threads[1].start()
    threads[1].join(0.05)
    assert threads[1].is_alive()
    files.gate.open()
    for thread in threads:
        thread.join(20)
    assert file.load() == b"2"
    assert bytes(files.open(BACKUP).read(9, 0)) == b"1"
