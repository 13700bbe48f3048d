"""``rmq top`` on a terminal, as people see it and end it."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from codecs import getincrementaldecoder

from processes import OurBroker, environment, python

COLUMNS, LINES = 60, 20
PROGRAM = """
import signal

from twistedmq.app.rmq import main

# What a shell starts with & has it ignored, and so has all that the shell starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
LEAVE = "\x1b[?25h\x1b[?1049l"


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *command: str) -> None:
        self.out = ""
        self._decoder = getincrementaldecoder("utf-8")()
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (LINES, COLUMNS))
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment(), "TERM": "xterm"},
        )
        os.close(theirs)

    def read_until(self, end: str | None, timeout_s: float = 20) -> None:
        """Read until *end* was drawn; None: until the program closes it."""
        limit_s = time.monotonic() + timeout_s
        while end is None or end not in self.out:
            left_s = max(0, limit_s - time.monotonic())
            assert select.select([self._ours], [], [], left_s)[0], self.out
            try:
                more = os.read(self._ours, 65536)
            except OSError:  # what Linux says at the end of a terminal
                more = b""
            if not more:
                assert end is None, self.out
                return
            self.out += self._decoder.decode(more)

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


def test_a_signal_leaves_the_terminal_clean() -> None:
    with OurBroker(store="memory") as broker:
        where = ("-n", broker.namesrv)
        sent = python("-m", "twistedmq.app.rmq", "send", "orders", "x", *where)
        assert sent.returncode == 0
        for how in (signal.SIGINT, signal.SIGTERM):
            watch_and_end(how, *where)


def watch_and_end(how: signal.Signals, *where: str) -> None:
    terminal = Terminal("top", "--interval", "0.1", *where)
    try:
        for _ in range(3):
            terminal.read_until("\x1b[J")
            picture, _, terminal.out = terminal.out.partition("\x1b[J")
            lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", picture).splitlines()
            assert any(line.startswith("orders ") for line in lines)
            assert max(map(len, lines)) <= COLUMNS
        terminal.process.send_signal(how)
        terminal.read_until(None)
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()
    assert terminal.out.endswith(LEAVE)
