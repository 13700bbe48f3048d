from dataclasses import replace
from pathlib import Path
from random import Random

from twistedmq.store.files.folders import make_folder, mark_running, ran_since_boot
from twistedmq.store.files.paths import StorePaths
from twistedmq.testing.simulated_disk import SimulatedDisk
from twistedmq.testing.stores import SMALL


def test_what_was_made_is_there_for_good() -> None:
    disk = SimulatedDisk()
    paths = StorePaths(replace(SMALL, root_directory=Path("/deep/down/store")))
    make_folder(disk, paths.commit_log)
    mark_running(disk, paths)
    left = disk.without_power(disk.moment, Random(0), strict_names=True)
    assert left.is_folder(paths.commit_log)
    assert left.content(paths.abort)
    moment = disk.moment
    make_folder(disk, paths.commit_log)
    assert disk.moment == moment  # nothing is new, so nothing is synced


def test_the_mark_tells_the_run_of_the_machine() -> None:
    disk = SimulatedDisk()
    paths = StorePaths(replace(SMALL, root_directory=Path("/store")))
    assert not ran_since_boot(disk, paths)
    make_folder(disk, paths.root)
    disk.open(paths.abort, create=True).write(b"a mark of a genuine broker, longer", 0)
    assert not ran_since_boot(disk, paths)
    mark_running(disk, paths)
    assert ran_since_boot(disk, paths)
    assert not ran_since_boot(disk.without_power(disk.moment, Random(0)), paths)
