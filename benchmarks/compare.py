#!/usr/bin/env python3
"""Puts the same load on the genuine broker and on ours, in turn, and prints ratios.

The genuine broker comes from the peer kit (JDK, Maven), the load from rmqload (Go).
What follows the options of this program goes to suite.py, such as --rounds 5 --secs 5.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path.insert(0, str(PROJECT / "tests" / "interop" / "kit"))

import peer  # noqa: E402

PLUGINS = [str(PROJECT / "plugins" / name) for name in ("tls", "lz4", "zstd")]


def genuine(home: Path, flush: str) -> str:
    """Give ADDRESS=COMMAND of a genuine broker that registers nowhere."""
    port = peer.free_port((-2, 0, 1))
    settings = {
        "brokerIP1": "127.0.0.1",
        "listenPort": port,
        "haListenPort": port + 1,
        "bindAddress": "127.0.0.1",
        "storePathRootDir": home / "store",
        "storePathCommitLog": home / "store" / "commitlog",
        "flushDiskType": flush,
        "brokerName": "genuine",  # a topic of this name exists there
    }
    home.mkdir()
    conf = home / "broker.conf"
    conf.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    main = "org.apache.rocketmq.broker.BrokerStartup"
    command = shlex.join(peer.java(main, "-c", str(conf), heap=768, home=home))
    return f"127.0.0.1:{port}=env ROCKETMQ_HOME={home} {command}"


def ours(home: Path, flush: str) -> str:
    """Give ADDRESS=COMMAND of our broker, its name server in the same process."""
    port, namesrv, http = peer.free_port((-2, 0)), peer.free_port(), peer.free_port()
    command = [sys.executable, "-m", "twisted", "rmq", "-n", f"127.0.0.1:{namesrv}"]
    command += ["--data", str(home), "--set", f"listenPort={port}"]
    command += ["--set", f"nsaddrPort={http}", "--set", f"flushDiskType={flush}"]
    return f"127.0.0.1:{port}={shlex.join(command)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--header", default="json,binary")
    parser.add_argument("--only", default="send,pull,pop,delay,tx,storm")
    parser.add_argument("--topics", default="10,1000", help="steps of storm")
    parser.add_argument("--flush", default="ASYNC_FLUSH")
    parser.add_argument("--ours-alone", action="store_true")
    parser.add_argument("--out", default=str(HERE / "results" / "suite.jsonl"))
    mine, others = parser.parse_known_args()
    Path(mine.out).parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="rmq-bench-", ignore_cleanup_errors=True
    ) as text:
        folder = Path(text)
        command = [sys.executable, str(HERE / "suite.py"), *others]
        if not mine.ours_alone:
            command += ["--server", f"java@{genuine(folder / 'java', mine.flush)}"]
        command += ["--server", f"ours@{ours(folder / 'ours', mine.flush)}"]
        command += ["--header", mine.header, "--only", mine.only]
        command += ["--topics", mine.topics, "--out", mine.out]
        path = os.pathsep.join([str(PROJECT), *PLUGINS])
        done = subprocess.run(
            command, check=False, cwd=folder, env={**os.environ, "PYTHONPATH": path}
        )
        if done.returncode:
            for log in folder.glob("*.log"):
                print(f"{log.name}:\n{log.read_text()[-2000:]}", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
