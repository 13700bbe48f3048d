"""Many calls of the genuine mqadmin in one JVM; see java/Admin.java."""
from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import peer

JVM = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.security.manager=allow"]


class Said(NamedTuple):
    """How a call ended, and what it printed."""

    status: int
    text: str


class Admin:
    """The genuine tool, at work on one name server until left."""

    def __init__(self, namesrv: str) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="twistedmq-peer-")
        self.home = Path(self._home.name)
        command = peer.java(
            "Admin",
            namesrv,
            home=self.home,
            jvm=[*JVM, f"-Drocketmq.client.logRoot={self.home}/logs"],
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.home,
            env={**os.environ, "ROCKETMQ_HOME": str(self.home)},
        )

    def __call__(self, call: str) -> Said:
        """Make a call; gives how it ended."""
        self._in.write("\t".join(shlex.split(call)).encode() + b"\n")
        self._in.flush()
        line = self._out.readline()
        if not line:
            raise peer.PeerError(f"the tool has ended: {call}")
        status, size = map(int, line.split())
        return Said(status, self._out.read(size).decode(errors="replace"))

    @property
    def _in(self):
        return self._process.stdin

    @property
    def _out(self):
        return self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._in.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()
        self._home.cleanup()
