"""A disk that ran full under our broker: nothing false, and the genuine one goes on."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from load import Sender, problems, read_topic
from two_way import Sent, TwoWay

pytestmark = pytest.mark.interop

TOPIC = "Full"
SETTINGS = {"mappedFileSizeCommitLog": "1048576"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a small file system; ``grow`` makes it larger."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small file system can be mounted here: {error}")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)


def send(address: str, first: int, count: int) -> Sender:
    sender = Sender(address, TOPIC, first=first, count=count)
    sender.start()
    sender.join()
    return sender


def send_until_taken(address: str, number: int) -> Sender:
    """Send one message again and again until it is stored."""
    end = time.monotonic() + 30
    while (sender := send(address, number, 1)).refused:
        assert time.monotonic() < end, sender.refused
    return sender


def test_the_genuine_broker_serves_what_a_full_disk_left(disk: Path) -> None:
    both = TwoWay(disk / "data", SETTINGS)
    sent = both.sent[TOPIC] = Sent(4, 1024)
    with both.ours() as ours:
        filling = send(ours.address, 0, 20_000)
        assert filling.refused, "the disk was not full"
        assert 1000 < len(filling.acked) < 20_000
        stored = read_topic(ours.address, TOPIC)
        assert problems(filling.acked, stored) == []
        grow(disk)
        first = send_until_taken(ours.address, 20_000)
        after = send(ours.address, 20_001, 500)
        assert not after.refused
        assert len(after.acked) == 500
        sent.acked = filling.acked | first.acked | after.acked
        sent.next = 20_501
        assert ours.output.count("messages are refused") <= 2
    both.through_genuine()
