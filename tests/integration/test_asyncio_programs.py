"""Programs of asyncio that use the client, run as people run them."""

import subprocess
import sys
from pathlib import Path

from processes import OurBroker, environment

TWICE = """
import asyncio
import os
import sys
import threading

from twistedmq.aio import Consumer, Message, Producer, StartFrom


async def main(body):
    async with Producer(nameservers=sys.argv[1]) as producer:
        await producer.send(Message("orders", body))
    subscriptions = {"orders": "*"}
    async with Consumer(
        "billing", subscriptions, nameservers=sys.argv[1], start_from=StartFrom.FIRST
    ) as consumer:
        async for message in consumer:
            print(message.body.decode(), flush=True)
            break
    assert [each.name for each in threading.enumerate()] == ["MainThread"]


asyncio.run(main(b"one"))
asyncio.run(main(b"two"))
assert "twisted.internet.reactor" not in sys.modules
"""

FORGETFUL = """
import asyncio
import sys

from twistedmq.aio import Consumer, Message, Producer, StartFrom


async def main():
    producer = await Producer(nameservers=sys.argv[1]).start()
    await producer.send(Message("left", b"open"))
    consumer = Consumer(
        "open", {"left": "*"}, nameservers=sys.argv[1], start_from=StartFrom.FIRST
    )
    messages = aiter(await consumer.start())
    print((await anext(messages)).body.decode())
    return producer, consumer


left = asyncio.run(main())
assert not any(each._core._running for each in left)
"""

FORKED = """
import asyncio
import os
import sys

from twistedmq.aio import Message, Producer
from twistedmq.remoting.errors import ForkedError


async def main():
    async with Producer(nameservers=sys.argv[1]) as producer:
        await producer.send(Message("orders", b"parent"))
        child = os.fork()
        if not child:
            try:
                asyncio.run(send(producer))
            except ForkedError as error:
                os._exit(0 if error.made_in == os.getppid() else 1)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        await producer.send(Message("orders", b"parent again"))
        print("well")


async def send(producer):
    await producer.send(Message("orders", b"child"))


asyncio.run(main())
"""


def printed_by(text: str, folder: Path, nameservers: str) -> list[str]:
    """Run a program, in which everything left open or undone counts as an error."""
    program = folder / "program.py"
    program.write_text(text)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program), nameservers],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.split("\n")[:-1]


def test_programs_of_asyncio(tmp_path: Path) -> None:
    with OurBroker(store="memory") as broker:
        # one loop after the other, and that the first is committed shows in the second
        assert printed_by(TWICE, tmp_path, broker.namesrv) == ["one", "two"]
        assert printed_by(FORGETFUL, tmp_path, broker.namesrv) == ["open"]
        assert printed_by(FORKED, tmp_path, broker.namesrv) == ["well"]
