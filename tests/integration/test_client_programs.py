"""Programs that use the client, ended as people end them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import OurBroker, environment

PROGRAM = """
import signal
import sys

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from twistedmq import Consumer, Message, Producer, StartFrom

# What a shell starts with & has it ignored, and so has all that the shell starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


async def main():
    async with Producer(nameservers=sys.argv[1]) as producer:
        await producer.send(Message("orders", sys.argv[2].encode()))
    subscriptions = {"orders": "*"}
    async with Consumer(
        "billing", subscriptions, nameservers=sys.argv[1], start_from=StartFrom.FIRST
    ) as consumer:
        async for message in consumer:
            print(message.body.decode(), flush=True)


react(lambda reactor: Deferred.fromCoroutine(main()))
"""


def read_and_end(program: Path, nameservers: str, body: str, how: int) -> str:
    """Run the program until it got a message, and end it; gives all it printed."""
    with subprocess.Popen(
        [sys.executable, str(program), nameservers, body],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(how)
        try:
            rest, _ = process.communicate(timeout=20)
        finally:
            process.kill()  # or leaving the block would wait for it
    assert process.returncode == 0
    return first + rest


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_endless_loop_in_peace(
    tmp_path: Path, how: signal.Signals
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with OurBroker(store="memory") as broker:
        assert read_and_end(program, broker.namesrv, "one", how) == "one\n"
        # that the first was committed shows in that it does not come again
        assert read_and_end(program, broker.namesrv, "two", how) == "two\n"
