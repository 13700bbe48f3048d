from pathlib import Path
from random import Random

import pytest

from twistedmq.testing.disk_content import Left
from twistedmq.testing.simulated_disk import SimulatedDisk

FILE = Path("/data/log")


def written(disk: SimulatedDisk, *pieces: bytes) -> None:
    file = disk.open(FILE, create=True)
    for piece in pieces:
        file.write(piece, file.size())


def durable(disk: SimulatedDisk) -> None:
    disk.open(FILE).sync()
    disk.sync_folder(FILE.parent)
    disk.sync_folder(FILE.parent.parent)


def outcomes(disk: SimulatedDisk, how: Left | None = None) -> set[bytes | None]:
    found: set[bytes | None] = set()
    for seed in range(300):
        left = disk.without_power(disk.moment, Random(seed), how)
        found.add(None if left.size(FILE) is None else bytes(left.content(FILE)))
    return found


def test_what_was_synced_is_there() -> None:
    disk = SimulatedDisk()
    written(disk, b"kept")
    durable(disk)
    assert outcomes(disk) == {b"kept"}


@pytest.mark.parametrize("synced", [(), (FILE.parent,), (FILE.parent.parent,)])
def test_a_file_goes_with_a_name_that_was_not_synced(synced: tuple[Path, ...]) -> None:
    disk = SimulatedDisk()
    written(disk, b"kept")
    disk.open(FILE).sync()
    for folder in synced:
        disk.sync_folder(folder)
    assert outcomes(disk) == {None, b"kept"}
    strict = disk.without_power(disk.moment, Random(0), strict_names=True)
    assert strict.size(FILE) is None


def test_writes_in_order_are_torn_at_the_last() -> None:
    disk = SimulatedDisk()
    written(disk, b"ab")
    durable(disk)
    written(disk, b"cd", b"e" * 100)
    kept = {len(content or b"") for content in outcomes(disk, Left.IN_ORDER)}
    assert {2, 4} <= kept
    assert 3 not in kept  # so few bytes are written wholly or not at all
    assert any(4 < size < 104 for size in kept)


def test_sectors_come_in_any_order() -> None:
    disk = SimulatedDisk()
    written(disk, b"." * 4096 * 3)
    durable(disk)
    file = disk.open(FILE)
    file.write(b"1", 0)
    file.write(b"2", 4096)
    file.write(b"3", 0)
    seen = {(c[0], c[4096]) for c in outcomes(disk, Left.SECTORS) if c}
    assert seen == {(a, b) for a in b".13" for b in b".2"}


def test_a_size_is_of_some_moment() -> None:
    disk = SimulatedDisk()
    written(disk, b"abcdef")
    durable(disk)
    disk.open(FILE).resize(2)
    disk.open(FILE).resize(4)
    kept = outcomes(disk, Left.SECTORS)
    assert {b"abcdef", b"ab", b"ab\0\0"} <= kept
    assert b"" not in kept


def test_the_past_can_be_had() -> None:
    disk = SimulatedDisk()
    written(disk, b"old")
    durable(disk)
    moment = disk.moment
    disk.open(FILE).write(b"new", 0)
    durable(disk)
    assert bytes(disk.without_power(moment, Random(0)).content(FILE)) == b"old"


def test_a_rename_happens_or_not() -> None:
    disk = SimulatedDisk()
    target = FILE.with_name("other")
    written(disk, b"x")
    durable(disk)
    disk.rename(FILE, target)
    seen = set()
    for seed in range(50):
        left = disk.without_power(disk.moment, Random(seed))
        seen.add(tuple(path.name for path in left.paths()))
    assert seen == {("log",), ("other",)}


def test_a_folder_moves_to_another_folder_or_stays() -> None:
    disk = SimulatedDisk()
    written(disk, b"x")
    durable(disk)
    moved = Path("/aside/here")
    disk.make_folder(moved.parent)
    disk.sync_folder(Path("/"))
    disk.rename(FILE.parent, moved)
    assert not disk.is_folder(FILE.parent)
    seen = set()
    for seed in range(50):
        left = disk.without_power(disk.moment, Random(seed))
        seen.add(tuple(map(str, left.paths())))
    assert seen == {("/data/log",), ("/aside/here/log",)}


def test_removed_is_removed() -> None:
    disk = SimulatedDisk()
    written(disk, b"x")
    disk.remove(FILE.parent)
    assert disk.paths() == []
    with pytest.raises(FileNotFoundError):
        disk.open(FILE)
    with pytest.raises(FileNotFoundError):
        disk.rename(FILE, FILE)


def test_a_lock_is_held_until_it_is_let_go() -> None:
    disk = SimulatedDisk()
    lock = disk.lock(FILE)
    with pytest.raises(BlockingIOError):
        disk.lock(FILE)
    del lock
    assert disk.lock(FILE)
