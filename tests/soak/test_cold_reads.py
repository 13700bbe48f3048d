"""Cold reads beside a producer: who reads old data from the disk delays no send.

The log is as large as ``$TWISTEDMQ_COLD_GIB`` says, 10 GiB unless told otherwise, or a
third of the free disk if that is less.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from processes import PROJECT, OurBroker

pytestmark = pytest.mark.soak

GIB = 1024**3
SIZE = 4096
RATE = 1000
SECONDS = 20
MOST_DELAY_US = 20_000
"""How much later than without the reader the slowest of a hundred may be answered."""


def rmqload(*arguments: object) -> list[str]:
    folder = PROJECT / "benchmarks" / "rmqload"
    subprocess.run(["go", "build", "-o", "rmqload", "."], cwd=folder, check=True)
    return [str(folder / "rmqload"), *map(str, arguments)]


def load(*arguments: object) -> Any:
    done = subprocess.run(rmqload(*arguments), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def forget_pages(folder: Path) -> int:
    """Have the system forget what it holds of the files; gives their bytes."""
    size = 0
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        size += os.fstat(descriptor).st_blocks * 512
        os.close(descriptor)
    return size


def producer(address: str) -> Any:
    """Send at a fixed rate; latencies count from when a message was due."""
    return load(
        "e2e", "-addr", address, "-topic", "live", "-rate", RATE, "-size", 1024,
        "-warmup", "2s", "-dur", f"{SECONDS}s",
    )  # fmt: skip


def test_cold_reads_do_not_delay_sends(tmp_path: Path) -> None:
    wanted = float(os.environ.get("TWISTEDMQ_COLD_GIB", "10")) * GIB
    count = int(min(wanted, shutil.disk_usage(tmp_path).free / 3)) // (SIZE + 300)
    with OurBroker(tmp_path) as broker:
        load(
            "send", "-addr", broker.address, "-topic", "cold", "-conns", 4,
            "-inflight", 4, "-batch", 16, "-size", SIZE, "-count", count,
        )  # fmt: skip
        producer(broker.address)  # warm
    with OurBroker(tmp_path) as broker:
        size = forget_pages(tmp_path / "store" / "commitlog")
        alone = producer(broker.address)
        reading = subprocess.Popen(
            rmqload(
                "pull", "-addr", broker.address, "-pid", broker.pid, "-topic", "cold",
                "-conns", 1, "-inflight", 8, "-loop", "-dur", f"{SECONDS + 2}s",
            ),
            stdout=subprocess.PIPE,
        )  # fmt: skip
        beside = producer(broker.address)
        read = json.loads(reading.communicate()[0])
    before_us, with_us = (r["ack_latency"]["p99_us"] for r in (alone, beside))
    print(
        f"{size / GIB:.1f} GiB of log, read cold at {read['mb_per_s']:.0f} MB/s: "
        f"p99 of {RATE} sends a second {before_us:.0f} us alone, "
        f"{with_us:.0f} us beside"
    )
    assert read["msgs"] > 0
    assert with_us <= before_us + MOST_DELAY_US
