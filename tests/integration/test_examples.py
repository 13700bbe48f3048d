"""The programs of ``docs/examples/apps``, run as their texts say."""

import asyncio
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest
from processes import OurBroker, environment, free_ports
from source_tree import PROJECT

from twistedmq.aio import Message, Producer

APPS = PROJECT / "docs" / "examples" / "apps"
PATIENCE_S = 60.0

UVICORN = [sys.executable, "-m", "uvicorn", "--no-access-log"]

ASGI = """
import asyncio

from twistedmq import Consumer, Message, Producer, StartFrom
from twistedmq.aio import attach

reactor = producer = None


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    loop = asyncio.get_running_loop()
    sent = producer.send(Message("orders", scope["path"].encode()))
    receipt = await sent.asFuture(loop)
    # a name is resolved, and a file written, in a thread: that hangs on a reactor
    # which was not started
    from twisted.internet.threads import deferToThread
    word = await deferToThread(lambda: b"sent ").asFuture(loop)
    start = {"type": "http.response.start", "status": 200, "headers": []}
    await send(start)
    body = word + receipt.queue.topic.encode()
    await send({"type": "http.response.body", "body": body})


async def lifespan(receive, send):
    global reactor, producer
    loop = asyncio.get_running_loop()
    await receive()
    reactor = attach(install=True)
    from twisted.internet import reactor as installed
    assert installed is reactor
    producer = await Producer(reactor=reactor).start().asFuture(loop)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await producer.close().asFuture(loop)
    await send({"type": "lifespan.shutdown.complete"})
"""


@pytest.fixture(scope="module")
def broker() -> Iterator[OurBroker]:
    with OurBroker(store="memory") as running:
        # so that nobody has to wait until a topic comes to be
        asyncio.run(send_first(running.namesrv))
        yield running


async def send_first(nameservers: str) -> None:
    async with Producer(nameservers=nameservers) as producer:
        message = Message("orders", b'{"number": "first", "amount": 1}')
        await producer.send(message)


class Site:
    """A program that serves HTTP."""

    def __init__(self, command: list[str], folder: Path, broker: OurBroker) -> None:
        [self.port] = free_ports(1)
        env = {**environment(), "NAMESRV_ADDR": broker.namesrv}
        self.process = subprocess.Popen(
            [*command, str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
            cwd=folder,
        )

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        headers = {"content-type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/{path}"
        request = urllib.request.Request(url, body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            read: bytes = answer.read()
        return read

    def until(self, path: str, wanted: bytes = b"") -> bytes:
        """Ask until the answer has *wanted* in it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                answer = self.ask(path)
                if wanted in answer:
                    return answer
            except HTTPError:
                raise
            except OSError:
                pass
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"no {wanted!r}: {self.process.communicate()[0]}")

    def end(self) -> str:
        """Give all that it printed until it was told to end, and had."""
        self.process.send_signal(signal.SIGTERM)
        try:
            printed, _ = self.process.communicate(timeout=PATIENCE_S)
        finally:
            self.process.kill()
        # uvicorn gives the signal on to itself when it has closed all
        assert self.process.returncode in {0, -signal.SIGTERM}
        return str(printed)


@contextmanager
def served(command: list[str], folder: Path, broker: OurBroker) -> Iterator[Site]:
    site = Site(command, folder, broker)
    try:
        yield site
    finally:
        site.process.kill()


def test_a_plain_script(broker: OurBroker) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(APPS / "plain_script.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**environment(), "NAMESRV_ADDR": broker.namesrv},
    )
    assert not done.stderr
    lines = done.stdout.splitlines()
    assert [each.split()[0] for each in lines] == ["sent"] * 3 + ["got"] * 3
    assert sorted(lines[3:]) == [f"got hello {n}" for n in range(3)]


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ([*UVICORN, "fastapi_app:app", "--port"], "of-fastapi"),
        ([sys.executable, str(APPS / "twisted_app.py")], "of-twisted"),
    ],
)
def test_web_applications(broker: OurBroker, command: list[str], number: str) -> None:
    with served(command, APPS, broker) as site:
        site.until("billed")
        order = json.dumps({"number": number, "amount": 7}).encode()
        assert "message" in json.loads(site.ask("orders", order))
        billed = json.loads(site.until("billed", number.encode()))
        assert billed[number] == 7
        printed = site.end()
    assert "Traceback" not in printed


def test_attach_under_uvicorn(broker: OurBroker, tmp_path: Path) -> None:
    (tmp_path / "asgi_app.py").write_text(ASGI)
    command = [*UVICORN, "asgi_app:app", "--port"]
    with served(command, tmp_path, broker) as site:
        assert site.until("hello") == b"sent orders"
        printed = site.end()
    assert "Application shutdown complete" in printed
    assert "Traceback" not in printed
