#!/usr/bin/env python3
"""How long a call of the genuine mqadmin takes, and how long one of ours, in turn.

Both list the topics and the brokers of one genuine cluster; each call is a process of
its own.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT / "tests" / "interop" / "kit"))

import peer  # noqa: E402

THEIRS = "org.apache.rocketmq.tools.command.MQAdminStartup"
OURS = Path(sys.executable).with_name("mqadmin")


def took_s(command: list[str], wanted: str) -> float:
    """Give how long the call took, which must show *wanted*."""
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took = time.perf_counter() - begun
    assert wanted in done.stdout, done.stdout + done.stderr
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory() as home,
        peer.NameServer() as name_server,
        peer.Broker(name_server) as broker,
    ):
        for verb, wanted in ("topicList", "TBW102"), ("clusterList", broker.address):
            call = [verb, "-n", name_server.address]
            theirs = ["env", f"ROCKETMQ_HOME={home}"]
            theirs += peer.java(THEIRS, *call, heap=256, home=home)
            compare(verb, theirs, [str(OURS), *call], wanted, rounds)


def compare(
    verb: str, theirs: list[str], ours: list[str], wanted: str, rounds: int
) -> None:
    """Make both calls in turn, and print what they took."""
    took: dict[str, list[float]] = {"genuine": [], "ours": []}
    took_s(ours, wanted)  # what is read from the disk the first time
    for _ in range(rounds):
        took["genuine"].append(took_s(theirs, wanted))
        took["ours"].append(took_s(ours, wanted))
    for name, times in took.items():
        shown = f"{median(times):.2f} s ({min(times):.2f} to {max(times):.2f})"
        print(f"{verb}, {name}: {shown}")
    print(f"{verb}: {median(took['ours']) / median(took['genuine']):.3f}x")


if __name__ == "__main__":
    main()
