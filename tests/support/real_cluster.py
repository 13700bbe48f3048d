"""A cluster of processes behind proxies, with producers and consumers in this one.

Name server and brokers listen on 127.0.0.1 and say that they are where their proxies
are: whatever a client does goes through one.
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processes import OurBroker, OurNameServer
from tcp_proxy import OUTSIDE, Proxy
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThread

from twistedmq import Consumer, Message, Producer, ReceivedMessage, StartFrom
from twistedmq.admin.client import Admin
from twistedmq.client.session import ClientSettings
from twistedmq.protocol.bodies.topics import TopicConfig
from twistedmq.protocol.system_flags import PERM_READ, PERM_WRITE

reactor: Any = installed_reactor

TOPIC = "orders"
KEYS = 7


def wait(seconds: float) -> Deferred[None]:
    return deferLater(reactor, seconds)


async def until(what: str, true: Callable[[], bool], turns: int) -> None:
    """Wait for something; gives up after so many tenths of a second of our own."""
    for _ in range(turns):
        if true():
            return
        await wait(0.1)
    raise AssertionError(f"never: {what}")


class BrokerAlone(OurBroker):
    """``twist rmq-broker``, told to clients as being where its proxy is."""

    def __init__(self, name: str, data: Path, registry: str) -> None:
        super().__init__(data)
        self.name = name
        self._registry = registry

    def command(self) -> list[str]:
        """Give the command line."""
        settings = {
            "listenPort": self.port,
            "bindAddress": "127.0.0.1",
            "brokerIP1": OUTSIDE,
            "brokerName": self.name,
            "dialBackEnable": "false",
        }
        line = [sys.executable, "-m", "twisted", "rmq-broker", "-n", self._registry]
        line += ["--data", str(self.data)]
        for key, value in settings.items():
            line += ["--set", f"{key}={value}"]
        return line


class RealCluster:
    """A name server and brokers, each a process behind a proxy.

    Attributes:
        brokers: by name.
        proxies: by the name of a broker, and ``namesrv``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name_server = OurNameServer(folder / "namesrv")
        self.brokers: dict[str, BrokerAlone] = {}
        self.proxies: dict[str, Proxy] = {}

    @property
    def nameservers(self) -> str:
        """Give what clients are told."""
        return self.proxies["namesrv"].address

    async def start(self, *brokers: str) -> None:
        """Start the name server and some brokers."""
        await deferToThread(self.name_server.start)
        await self._open("namesrv", self.name_server.namesrv_port)
        for name in brokers:
            await self.add(name)

    async def add(self, name: str) -> None:
        """Start one broker more."""
        folder, registry = self._folder / name, self.name_server.namesrv
        broker = self.brokers[name] = BrokerAlone(name, folder, registry)
        await deferToThread(broker.start)
        await self._open(name, broker.port)

    async def create(self, broker: str, write: int, read: int | None = None) -> None:
        """Have the topic on one broker, or change how many queues it has there."""
        config = TopicConfig(
            topic_name=TOPIC,
            write_queue_nums=write,
            read_queue_nums=write if read is None else read,
            perm=PERM_READ | PERM_WRITE,
        )
        settings = ClientSettings(nameservers=self.nameservers)
        async with Admin(settings=settings) as admin:
            await admin.topics.put(self.proxies[broker].address, config)

    async def stop(self) -> None:
        """End all."""
        for proxy in self.proxies.values():
            await proxy.close()
        for server in (*self.brokers.values(), self.name_server):
            await deferToThread(server.stop)

    async def _open(self, name: str, port: int) -> None:
        proxy = self.proxies[name] = Proxy(reactor, port)
        await proxy.listen()


class OwnTime:
    """Seconds that pass while this process runs; none while all stands still."""

    STEP_S = 0.1
    MOST_S = 0.3

    def __init__(self) -> None:
        self.now_s = 0.0
        self._before = reactor.seconds()
        self._ticks = LoopingCall(self._tick)

    def start(self) -> None:
        """Begin to count."""
        self._before = reactor.seconds()
        self._ticks.start(self.STEP_S, now=False)

    def stop(self) -> None:
        """Count no more."""
        if self._ticks.running:
            self._ticks.stop()

    def _tick(self) -> None:
        now = reactor.seconds()
        self.now_s += min(now - self._before, self.MOST_S)
        self._before = now


class Group:
    """The members of one group, and what they got.

    Attributes:
        got: how often each message was consumed.
        late_s: the longest time from a message's acknowledgement to its consumption.
        wrong: what was against the order that was promised.
    """

    def __init__(self, traffic: "Traffic", name: str, *, orderly: bool) -> None:
        self.got: Counter[int] = Counter()
        self.late_s = 0.0
        self.wrong: list[str] = []
        self.members: list[tuple[Consumer, Deferred[None]]] = []
        self._traffic = traffic
        self._name = name
        self._orderly = orderly
        self._reached: dict[Any, int] = {}

    def join(self) -> None:
        """Have one member more."""
        consumer = Consumer(
            self._name,
            {TOPIC: "*"},
            orderly=self._orderly,
            start_from=StartFrom.FIRST,
            settings=self._traffic.settings,
        )
        self.members.append((consumer, consumer.run(self._consume)))

    async def leave(self, number: int = 0) -> None:
        """Have a member leave."""
        consumer, running = self.members.pop(number)
        await consumer.close()
        await running

    @property
    def again(self) -> int:
        """How many deliveries were not the first of their message."""
        return self.got.total() - len(self.got)

    def _consume(self, message: ReceivedMessage) -> Deferred[None] | None:
        if not self._traffic.works_s:
            return self._consumed(message)
        return deferLater(reactor, self._traffic.works_s, self._consumed, message)

    def _consumed(self, message: ReceivedMessage) -> None:
        number = int(message.body)
        acked_s = self._traffic.acked.get(number)
        if acked_s is not None and number not in self.got:
            self.late_s = max(self.late_s, self._traffic.time.now_s - acked_s)
        self.got[number] += 1
        if self._orderly and message.queue.topic == TOPIC:
            reached = self._reached.get(message.queue, -1)
            if message.queue_offset > reached + 1:
                self.wrong.append(f"{message.queue_offset} came after {reached}")
            self._reached[message.queue] = max(reached, message.queue_offset)


class Traffic:
    """A producer that sends all the time, and two groups: one consumes in order.

    Attributes:
        acked: when each message was acknowledged.
        failed: how many sends failed.
        silent_s: the longest time in which nothing was acknowledged.
    """

    def __init__(
        self,
        settings: ClientSettings,
        rate: float,
        timeout_s: float = 10.0,
        works_s: float = 0.0,
    ) -> None:
        """Send *rate* messages a second; each is in work for *works_s*."""
        self.settings = settings
        self.works_s = works_s
        self.acked: dict[int, float] = {}
        self.failed = 0
        self.silent_s = 0.0
        self.rate = rate
        self.time = OwnTime()
        self.groups = [
            Group(self, "loosely", orderly=False),
            Group(self, "in-order", orderly=True),
        ]
        self._number = 0
        self._last_s = 0.0
        self._producer = Producer("shop", settings=settings, timeout_s=timeout_s)
        self._load = LoopingCall(self._send)
        self._loading: Deferred[Any] | None = None

    async def begin(self, members: int = 2) -> None:
        """Have members in each group, and begin to send."""
        await self._producer.start()
        for group in self.groups:
            for _ in range(members):
                group.join()
        self.time.start()
        self._loading = self._load.start(1 / self.rate)
        await self.flows()

    async def flows(self, turns: int = 600) -> None:
        """Wait until something that is sent from now on is consumed in each group."""
        first = self._number
        await until(
            "messages flow",
            lambda: all(
                any(number > first for number in list(group.got)[-1:])
                for group in self.groups
            ),
            turns,
        )

    def forget(self) -> None:
        """Begin to measure anew."""
        self.silent_s = 0.0
        for group in self.groups:
            group.late_s = 0.0

    async def settle(self, turns: int = 900) -> None:
        """Send no more, and wait until all that was acknowledged is consumed."""
        if self._load.running:
            self._load.stop()
        await self._loading
        await until(
            "everything consumed",
            lambda: all(self.acked.keys() <= g.got.keys() for g in self.groups),
            turns,
        )

    async def end(self) -> None:
        """Close everybody."""
        if self._load.running:
            self._load.stop()
        for group in self.groups:
            while group.members:
                await group.leave()
        self.time.stop()
        await self._producer.close()

    def _send(self) -> None:
        self._number += 1
        number = self._number
        message = Message(TOPIC, b"%d" % number, sharding_key=f"k{number % KEYS}")
        sent = self._producer.send(message)
        sent.addCallbacks(self._stored, self._unsent, callbackArgs=(number,))

    def _stored(self, _: Any, number: int) -> None:
        now_s = self.time.now_s
        self.silent_s = max(self.silent_s, now_s - self._last_s)
        self._last_s = now_s
        self.acked[number] = now_s

    def _unsent(self, _: Any) -> None:
        self.failed += 1
