"""Our mqadmin, many calls in one process of its own, beside the genuine tool's.

Run as a program it reads a line a call, the arguments between tabs, and answers with
"STATUS BYTES BYTES", a line end, what was printed and what was told as wrong.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from twistedmq.app.mqadmin import main, parsing, table


class OurSaid(NamedTuple):
    """How a call ended, what it printed, and what it told as wrong."""

    status: int
    text: str
    error: str


class OurTool:
    """Our tool, at work on one name server until left."""

    def __init__(self, namesrv: str) -> None:
        # consumerStatus writes into the folder in which it is called
        self._home = tempfile.TemporaryDirectory(prefix="our-mqadmin-")
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).absolute()],
            cwd=self._home.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "NAMESRV_ADDR": namesrv},
        )

    def __call__(self, call: str) -> OurSaid:
        """Make a call; gives how it ended."""
        given, told = self._process.stdin, self._process.stdout
        assert given is not None
        assert told is not None
        given.write("\t".join(shlex.split(call)).encode() + b"\n")
        given.flush()
        status, *sizes = map(int, told.readline().split())
        text, error = (told.read(size).decode() for size in sizes)
        return OurSaid(status, text, error)

    @staticmethod
    def has(call: str) -> bool:
        """Whether there is such a verb."""
        return table.find(call.split(maxsplit=1)[0]) is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.wait(10)
        self._home.cleanup()


async def serve(reactor: Any, read: Callable[[], bytes]) -> None:
    """Make calls until there are no more."""
    from twisted.internet.threads import deferToThread  # noqa: PLC0415

    while line := await deferToThread(read):
        said = await call(reactor, line.decode().rstrip("\n").split("\t"))
        texts = [text.encode() for text in said[1:]]
        head = f"{said.status} {len(texts[0])} {len(texts[1])}\n"
        sys.stdout.buffer.write(b"".join([head.encode(), *texts]))
        sys.stdout.buffer.flush()


async def call(reactor: Any, words: list[str]) -> OurSaid:
    """Make one call."""
    out, err = StringIO(), StringIO()
    status = 0
    verb = table.find(words[0])
    assert verb is not None, words
    try:
        with redirect_stderr(err):
            options = parsing.parse(verb, words[1:])
        await main.run_verb(reactor, verb, options, out, err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return OurSaid(status, out.getvalue(), err.getvalue())


def run(reactor: Any) -> Any:
    """Serve, as ``react`` wants it."""
    from twisted.internet.defer import ensureDeferred  # noqa: PLC0415

    return ensureDeferred(serve(reactor, sys.stdin.buffer.readline))


if __name__ == "__main__":
    from twisted.internet.task import react

    react(run)
