"""Consumers over real sockets, while their broker crashes, stalls, and comes again."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from processes import OurBroker
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread

from twistedmq import Consumer, Message, Producer, ReceivedMessage, StartFrom
from twistedmq.client.session import ClientSettings

pytestmark = pytest.mark.soak

reactor: Any = installed_reactor


class Book:
    """What was acknowledged to the producer, and what consumers got."""

    def __init__(self, producer: Producer) -> None:
        self.acked: set[bytes] = set()
        self.got: Counter[bytes] = Counter()
        self.reached: dict[Any, int] = {}
        self.wrong: list[str] = []
        self._producer = producer
        self._number = 0

    def send(self) -> None:
        self._number += 1
        body = b"%d" % self._number
        sent = self._producer.send(Message("orders", body))
        sent.addCallbacks(lambda _: self.acked.add(body), lambda _: None)

    def consume(self, message: ReceivedMessage) -> None:
        self.got[message.body] += 1
        reached = self.reached.get(message.queue, -1)
        if message.queue_offset > reached + 1:
            self.wrong.append(f"{message.queue_offset} came after {reached}")
        self.reached[message.queue] = max(reached, message.queue_offset)

    @property
    def is_complete(self) -> bool:
        return self.acked <= set(self.got)


def wait(seconds: float) -> Deferred[None]:
    return deferLater(reactor, seconds)


@pytest.mark.parametrize("orderly", [False, True], ids=["concurrent", "in order"])
@pytest_twisted.ensureDeferred
async def test_a_broker_that_crashes_and_stalls(tmp_path: Path, orderly: bool) -> None:
    with OurBroker(tmp_path / "data") as broker:
        settings = ClientSettings(nameservers=broker.namesrv, route_poll_s=0.5)
        producer = Producer("shop", settings=settings, timeout_s=10)
        book = Book(producer)

        def member() -> tuple[Consumer, Deferred[None]]:
            consumer = Consumer(
                "billing",
                {"orders": "*"},
                orderly=orderly,
                start_from=StartFrom.FIRST,
                settings=settings,
            )
            return consumer, consumer.run(book.consume)

        async with producer:
            await producer.send(Message("orders", b"0"))
            one, two = member(), member()
            load = LoopingCall(book.send)
            loading = load.start(0.01)
            await wait(1)
            await deferToThread(broker.kill)  # and with it the name server
            await deferToThread(broker.start)
            await wait(1)
            os.kill(broker.pid, signal.SIGSTOP)
            await wait(1.5)
            os.kill(broker.pid, signal.SIGCONT)
            await two[0].close()
            await two[1]
            await wait(0.5)
            load.stop()
            await loading
            for _ in range(400):
                if book.is_complete:
                    break
                await wait(0.1)
        missing = book.acked - set(book.got)
        assert not missing, f"{len(missing)} of {len(book.acked)} lost"
        assert len(book.acked) > 50
        if orderly:
            assert not book.wrong
        # what was consumed and not committed when the broker went, at the most
        assert book.got.total() - len(book.got) <= 300
        await one[0].close()
        await one[1]
