"""Any moment of a store's life, as a loss of power leaves it; see ``power_loss``."""

from pathlib import Path
from random import Random

import pytest
from power_loss import power_losses

from twistedmq.store.json_file import AtomicJsonFile
from twistedmq.testing.simulated_disk import SimulatedDisk

SEEDS = 40
CASES = 38


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_was_promised_is_kept(seed: int) -> None:
    assert power_losses(seed, CASES, steps=30) >= CASES


@pytest.mark.parametrize("seed", range(20))
def test_a_json_file_is_the_last_synced_or_a_later_one(seed: int) -> None:
    random = Random(seed)
    disk = SimulatedDisk()
    path = Path("/config/offsets.json")
    disk.make_folder(path.parent)
    disk.sync_folder(path.parent.parent)
    file = AtomicJsonFile(disk, path)
    saved: list[int] = []
    for n in range(6):
        file.save_now(b'{"n": %d, "fill": "%s"}' % (n, b"x" * random.randrange(900)))
        saved.append(disk.moment)
    for moment in range(saved[0], disk.moment + 1):
        left = AtomicJsonFile(disk.without_power(moment, random), path).load()
        assert left is not None
        number = int(left.split(b",")[0].removeprefix(b'{"n": '))
        assert left.endswith(b'"}')
        durable = sum(at <= moment for at in saved) - 1
        assert number in (durable, durable + 1)
