"""Our client in the places of the genuine one: what mirrors of its scenarios need."""

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from twistedmq import Consumer, Message, Producer, ReceivedMessage, StartFrom
from twistedmq.admin.client import Admin
from twistedmq.client.message import SendStatus
from twistedmq.client.reading import TopicReader
from twistedmq.client.session import ClientSettings

reactor: Any = installed_reactor
RUN = f"{os.getpid():x}"
_numbers = count(1)


def wait(seconds: float) -> Deferred[None]:
    return deferLater(reactor, seconds)


async def until(
    what: str,
    true: Callable[[], bool | Awaitable[bool]],
    timeout_s: float = 20,
    instead: Callable[[], object] = lambda: "",
) -> None:
    """Wait for what another process does, and does not tell.

    Where it does not, what *instead* gives is shown.
    """
    end = reactor.seconds() + timeout_s
    while True:
        answer = true()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return
        late = reactor.seconds() >= end
        assert not late, f"not in {timeout_s} s: {what}; {instead()}"
        await wait(0.05)


def unique(stem: str) -> str:
    return f"{stem}_{RUN}_{next(_numbers)}"


def bodies(stem: str, number: int) -> list[bytes]:
    return [f"{stem}-{n}".encode() for n in range(number)]


class Cluster:
    """One cluster under test, with what a scenario needs of it."""

    def __init__(self, namesrv: str, address: str) -> None:
        self.namesrv = namesrv
        self.address = address

    @property
    def fast(self) -> ClientSettings:
        """Settings with which a route change is seen soon."""
        return ClientSettings(nameservers=self.namesrv, route_poll_s=1.0)

    def producer(self, **options: Any) -> Producer:
        return Producer(unique("P"), settings=self.fast, timeout_s=10, **options)

    def consumer(self, group: str, topic: str, tags: str = "*", **options: Any) -> Any:
        usual = {"start_from": StartFrom.FIRST, "settings": self.fast}
        return Consumer(group, {topic: tags}, **usual | options)

    def admin(self) -> Admin:
        return Admin(settings=self.fast)

    async def topic(self, queues: int, **attributes: str) -> str:
        topic = unique("T")
        async with self.admin() as admin:
            dotted = {k.replace("_", "."): v for k, v in attributes.items()}
            await admin.topics.create(topic, queues=queues, attributes=dotted)

            async def routed() -> bool:
                return topic in await admin.topics.names()

            await until(f"route of {topic}", routed)
        return topic

    async def send(
        self, producer: Producer, topic: str, tag: str | None, wanted: Sequence[bytes]
    ) -> None:
        for body in wanted:
            receipt = await producer.send(
                Message(topic, body, tag=tag, keys=body.decode())
            )
            assert receipt.status is SendStatus.OK

    async def drain(self, topic: str, number: int) -> list[ReceivedMessage]:
        """Give all messages of a topic, and see that no more come."""
        got: list[ReceivedMessage] = []
        reader = TopicReader(topic, start_from=StartFrom.FIRST, settings=self.fast)
        async with reader:

            async def read() -> None:
                async for message in reader:
                    got.append(message)  # noqa: PERF401 - seen as they come

            reading = Deferred.fromCoroutine(read())
            what = f"{number} messages in {topic}"
            await until(what, lambda: len(got) >= number, instead=lambda: got)
            await wait(0.3)
            await reader.close()
            await reading
        assert len(got) == number
        return got


class Inbox:
    """Gathers what consumers got, and when."""

    def __init__(self) -> None:
        self.got: list[ReceivedMessage] = []
        self.at: dict[bytes, float] = {}

    def __call__(self, message: ReceivedMessage) -> None:
        self.got.append(message)
        self.at[message.body] = reactor.seconds()

    @property
    def bodies(self) -> list[bytes]:
        return [message.body for message in self.got]

    async def exactly(self, wanted: Sequence[bytes], timeout_s: float = 20) -> None:
        """Wait for these, each once, and see that no more come."""
        await until(
            f"{len(wanted)} messages", lambda: len(self.got) >= len(wanted), timeout_s
        )
        await wait(0.4)
        assert Counter(self.bodies) == Counter(wanted)


class Running:
    """Consumers that run beside a test and are closed after it."""

    def __init__(self) -> None:
        self._running: list[tuple[Consumer, Deferred[None]]] = []

    def run(self, consumer: Consumer, handler: Callable[..., Any]) -> Consumer:
        self._running.append((consumer, consumer.run(handler)))
        return consumer

    async def close(self) -> None:
        for consumer, run in self._running:
            await consumer.close()
            await run
