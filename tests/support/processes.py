"""Our programs as processes of their own, for tests that need the real thing."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twistedmq.store.file_lock import FileLock

PROJECT = Path(__file__).resolve().parents[2]
PLUGINS = ("tls", "lz4", "zstd", "store-sqlite")
IMPORTABLE = [PROJECT, *(PROJECT / "plugins" / name for name in PLUGINS)]
FIRST_PORT, PORTS_A_RUN, MOST_RUNS = 12_000, 500, 40
START_S = 30
STOP_S = 30


class StartError(Exception):
    """The program ended, or was not ready in time."""


def free_ports(count: int) -> list[int]:
    """Give ports that nobody listens on, from below the ephemeral range.

    ``$TWISTEDMQ_PEER_PORTS`` (22000-22099) narrows the choice. The first two of three
    are next but one to each other: a broker listens on its port and on that less 2.
    """
    ports = _ports()
    for start in ports.starts(count):
        with _Held() as held:
            if all(held.take(start + n) for n in range(count)):
                return list(range(start, start + count))
    raise StartError(f"no {count} free ports in {ports.first}-{ports.last}")


class _Ports:
    """Ports that are given round and round: one just given is not used at once."""

    def __init__(self, first: int, last: int, lock: FileLock | None = None) -> None:
        """*lock* is held as long as they are this run's."""
        self.first, self.last = first, last
        self._lock = lock
        self._given = 0

    def starts(self, count: int) -> Iterator[int]:
        """Give where *count* of them begin, each place once."""
        size = self.last - self.first - count
        for _ in range(size):
            start = self._given % size
            self._given += count
            yield self.first + start


@cache
def _ports() -> _Ports:
    """Give ports that no run beside this one takes.

    Else it might take that of a broker that is killed to be started again.
    """
    if span := os.environ.get("TWISTEDMQ_PEER_PORTS"):
        first, last = map(int, span.split("-"))
        return _Ports((first + last) // 2, last)  # the peer kit begins with the first
    for run in range(MOST_RUNS):
        path = Path(tempfile.gettempdir(), f"twistedmq-ports-{run}.lock")
        with suppress(OSError):
            lock = FileLock(path, record_locks=os.name == "posix")
            first = FIRST_PORT + run * PORTS_A_RUN
            return _Ports(first, first + PORTS_A_RUN, lock)
    raise StartError(f"{MOST_RUNS} runs have all the ports there are")


class _Held:
    def __enter__(self) -> Self:
        self._sockets: list[socket.socket] = []
        return self

    def take(self, port: int) -> bool:
        sock = socket.socket()
        self._sockets.append(sock)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        for sock in self._sockets:
            sock.close()


def environment(*more: Path) -> dict[str, str]:
    """Give an environment in which this source tree, and *more*, can be imported."""
    path = os.pathsep.join(map(str, [*more, *IMPORTABLE]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def python(
    *arguments: str | Path, timeout_s: float = 60
) -> subprocess.CompletedProcess:
    """Run this Python to its end, with the source tree importable."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment(),
    )


def twist(*arguments: str | Path, timeout_s: float = 60) -> subprocess.CompletedProcess:
    """Run ``twist`` to its end."""
    return python("-m", "twisted", *arguments, timeout_s=timeout_s)


class OurBroker:
    """``twist rmq`` on free ports, ready when entered, stopped by TERM when left.

    ``settings`` count from the next start on.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        config: Path | None = None,
        settings: dict[str, str] | None = None,
        store: str | None = None,
        importable: tuple[Path, ...] = (),
    ) -> None:
        self._temporary = None if data else tempfile.TemporaryDirectory(prefix="rmq-")
        self.data = data or Path(self._temporary.name)  # type: ignore[union-attr]
        self._config = config
        self.settings = settings or {}
        self._store = store
        self._importable = importable
        fast, self.namesrv_port, self.port, self.http_port = free_ports(4)
        assert fast == self.port - 2
        self.process: subprocess.Popen[bytes] | None = None
        self.seconds_to_ready = 0.0

    @property
    def namesrv(self) -> str:
        """Give HOST:PORT of the name server."""
        return f"127.0.0.1:{self.namesrv_port}"

    @property
    def address(self) -> str:
        """Give HOST:PORT of the broker."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Give the process id."""
        assert self.process is not None
        return self.process.pid

    @property
    def output(self) -> str:
        """Give what it printed and logged, over all starts."""
        return self._output.read_text(errors="replace")

    @property
    def _output(self) -> Path:
        return self.data.parent / f"{self.data.name}.out"

    def command(self) -> list[str]:
        """Give the command line."""
        settings = {
            "listenPort": str(self.port),
            "nsaddrPort": str(self.http_port),
            **self.settings,
        }
        line = [sys.executable, "-m", "twisted", "rmq", "-n", self.namesrv]
        line += ["--data", str(self.data)]
        if self._config:
            line += ["-c", str(self._config)]
        if self._store:
            line += ["--store", self._store]
        for key, value in settings.items():
            line += ["--set", f"{key}={value}"]
        return line

    def start(self) -> Self:
        """Start it; returns when it says ``boot success``."""
        seen = self.output.count("boot success") if self._output.exists() else 0
        began = time.monotonic()
        with self._output.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(),
                stdout=out,
                stderr=out,
                env=environment(*self._importable),
            )
        while self.output.count("boot success") <= seen:
            if self._ended_within(0.01):
                raise StartError(f"ended early:\n{self.output[-3000:]}")
            if time.monotonic() - began > START_S:
                self.kill()
                raise StartError(f"not ready:\n{self.output[-3000:]}")
        self.seconds_to_ready = time.monotonic() - began
        return self

    def _ended_within(self, seconds: float) -> bool:
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> int:
        """End it by TERM; gives the exit status, which is minus the signal."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a crash would."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.process = None
        return status

    def anonymous_mib(self) -> float:
        """Give its anonymous resident memory (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+)", status)
        assert found
        return int(found[1]) / 1024

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            print(self.output[-6000:])
        self.stop()
        self._output.unlink(missing_ok=True)
        if self._temporary:
            self._temporary.cleanup()


class OurNameServer(OurBroker):
    """``twist rmq-namesrv`` alone, with its list over HTTP."""

    @property
    def address(self) -> str:
        """Give HOST:PORT."""
        return self.namesrv

    def command(self) -> list[str]:
        """Give the command line."""
        settings = {
            "listenPort": self.namesrv_port,
            "bindAddress": "127.0.0.1",
            "nsaddrPort": self.http_port,
        }
        line = [sys.executable, "-m", "twisted", "rmq-namesrv"]
        line += ["--data", str(self.data)]
        for key, value in settings.items():
            line += ["--set", f"{key}={value}"]
        return line


def host_and_port(address: str) -> tuple[str, int]:
    """Take HOST:PORT apart; an IPv6 host stands in brackets."""
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Line:
    """A connection to a server, for one request after the other."""

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection(host_and_port(address), 10)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def ask(
        self, code: int, fields: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, str | None, dict[str, str], bytes]:
        """Send one request; gives code, remark, fields, body."""
        header = {
            "code": code,
            "language": "PYTHON",
            "version": 0,
            "opaque": 1,
            "flag": 0,
            "extFields": fields or {},
            "serializeTypeCurrentRPC": "JSON",
        }
        head = json.dumps(header).encode()
        start = struct.pack(">ii", 4 + len(head) + len(body), len(head))
        self._socket.sendall(start + head + body)
        while True:  # what the server asks of us meanwhile is passed over
            answer, got = self._read()
            if answer["flag"] & 1:
                fields = answer.get("extFields") or {}
                return answer["code"], answer.get("remark"), fields, got

    def _read(self) -> tuple[dict[str, Any], bytes]:
        total, size = struct.unpack(">ii", self._stream.read(8))
        header = json.loads(self._stream.read(size & 0xFFFFFF))
        return header, self._stream.read(total - 4 - (size & 0xFFFFFF))


def ask(
    address: str, code: int, fields: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, str | None, dict[str, str], bytes]:
    """Send one request on a new connection; gives code, remark, fields, body."""
    with Line(address) as line:
        return line.ask(code, fields, body)
