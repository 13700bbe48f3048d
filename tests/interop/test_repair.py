"""A store that ``rmq store repair`` has mended opens in the genuine broker."""

import json
import subprocess
from pathlib import Path

from processes import python
from two_way import TwoWay

COUNT = 3000
TOPIC = "Mended"


def rmq_store(
    action: str, store: Path, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    return python("-m", "twistedmq.app.rmq", "store", action, str(store), *arguments)


def spoil(store: Path) -> None:
    """Tear the end of the log, a queue, another queue's folder, and the index."""
    described = json.loads(rmq_store("stat", store, "--json").stdout)
    end = described["max_offset"]
    segment = [s for s in described["segments"] if s["base"] <= end][-1]
    with open(segment["path"], "r+b") as file:
        begun = file.read(200)
        file.seek(end - segment["base"])
        file.write(begun)
    queues = store / "consumequeue" / TOPIC
    with open(sorted((queues / "1").iterdir())[0], "r+b") as file:
        file.seek(2000)
        file.write(bytes(400))
    for path in (queues / "2").iterdir():
        path.unlink()
    (queues / "2").rmdir()
    with open(sorted((store / "index").iterdir())[0], "r+b") as file:
        file.seek(10_000)
        file.write(b"spoiled" * 50)


def test_a_mended_store_opens_in_the_genuine_broker(tmp_path: Path) -> None:
    both = TwoWay(
        tmp_path / "data",
        {
            "mappedFileSizeCommitLog": "1048576",
            "mappedFileSizeConsumeQueue": "20000",
            "maxHashSlotNum": "1000",
            "maxIndexNum": "5000",
        },
    )
    with both.ours() as ours:
        both.send(ours.address, TOPIC, COUNT)
    store = tmp_path / "data" / "store"
    assert rmq_store("verify", store).returncode == 0
    spoil(store)
    found = rmq_store("verify", store)
    assert found.returncode == 1
    for kind in ("log-torn", "queue-missing", "index-"):
        assert f"fault  {kind}" in found.stdout
    mended = rmq_store("repair", store, "--yes")
    assert mended.returncode == 0, mended.stderr
    done = rmq_store("verify", store)
    assert done.returncode == 0, done.stdout
    both.through_genuine()
    # both brokers have written to it since: still nothing is found, or made up
    done = rmq_store("verify", store)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout
