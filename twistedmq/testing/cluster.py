"""A whole cluster in one process: no port, no disk, and time that does not pass."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from twistedmq.admin.client import Admin
from twistedmq.client.consumer import Consumer
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.producer import Producer
from twistedmq.client.pull_consumer import PullConsumer
from twistedmq.client.session import ClientSettings
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.names import TOOLS_CONSUMER_GROUP
from twistedmq.testing.cluster_servers import (
    ClusterBroker,
    ClusterNameServer,
    NoSuchServerError,
)
from twistedmq.testing.faults import Faults
from twistedmq.testing.following import Follower, loop_of, running
from twistedmq.testing.memory_machine import MemoryMachine
from twistedmq.testing.memory_network import MemoryNetwork
from twistedmq.testing.virtual_clock import (
    LEAP_S,
    LONG_S,
    Span,
    VirtualClock,
    seconds_of,
)

T = TypeVar("T")
C = TypeVar("C")

PATIENCE_S = 300.0
"""How much virtual time ``run`` lets pass."""

TOPIC_QUEUES = 4

NAMESRV_HOST = "192.0.2.1"
BROKER_HOST = "192.0.2.{}"
"""Addresses that are kept for documentation, so that nothing real is ever meant."""

CLIENT_HOST = "198.{}.{}.{}"
"""And these, from 198.18 on, for benchmarks: a test may make many clients."""


class NotDoneError(AssertionError):
    """What was waited for did not come, in a long virtual time."""


class Cluster:
    """A name server and brokers, with clients of your own making.

    ::

        with Cluster() as cluster:
            producer = cluster.run(cluster.producer("shop").start())
            cluster.run(producer.send(Message("orders", b"hello")))
            cluster.advance(3 * 24 * 3600)

    Nothing leaves the process: connections are in memory, disks too, and the clock is
    virtual. It stands still until ``run`` or ``advance`` moves it. In a coroutine that
    an event loop runs (of asyncio, or Twisted's reactor) it follows real time, too.
    With the same *seed* and *start*, everything happens in the same order.

    Args:
        brokers: how many; they are called broker-a, broker-b, ...
        topics: made at the start, with four queues on each broker; others come to be
            with their first message, which consumers see some seconds later.
        store: "memory", or "file": files on a disk in memory, for tests of restarts.
        settings: of the brokers, as in ``broker.conf``.
        namesrv_settings: of the name server.
        seed: of all chance.
        start: the time of day at the beginning; the real one if None.

    Attributes:
        clock: the virtual time.
        network: what connects everything.
        faults: what goes wrong in it.
        name_server: the name server.
        brokers: the brokers by name.
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        topics: Iterable[str] = (),
        store: str = "memory",
        settings: Mapping[str, str] | None = None,
        namesrv_settings: Mapping[str, str] | None = None,
        seed: int = 0,
        start: datetime | None = None,
    ) -> None:
        self.clock = VirtualClock(start)
        self.network = MemoryNetwork(self.clock, Random(seed))
        self.faults = Faults(self.network)
        self.name_server = ClusterNameServer(
            self.network, NAMESRV_HOST, namesrv_settings or {}
        )
        self.brokers: dict[str, ClusterBroker] = {}
        for number in range(brokers):
            name = f"broker-{chr(ord('a') + number)}"
            self.brokers[name] = ClusterBroker(
                self.network,
                name,
                BROKER_HOST.format(11 + number),
                self.nameservers,
                store,
                settings or {},
            )
        self._topics = tuple(topics)
        self._clients: list[MemoryMachine] = []
        self._sleeping_until = 0.0
        self._runs = 0
        self._loop: Any = None
        self._follower: Follower | None = None
        self.clock.on_schedule = self._follow

    @property
    def nameservers(self) -> str:
        """The address of the name server, as clients are told."""
        return self.name_server.address

    @property
    def broker(self) -> ClusterBroker:
        """The first broker, which is the only one unless more were asked for."""
        return next(iter(self.brokers.values()))

    def server(self, name: str) -> ClusterBroker | ClusterNameServer:
        """Give a server by its name. Raises: NoSuchServerError."""
        if name == self.name_server.name:
            return self.name_server
        if name not in self.brokers:
            known = ", ".join([self.name_server.name, *self.brokers])
            raise NoSuchServerError(f"there is no server {name!r}; there are {known}")
        return self.brokers[name]

    # its life

    def start(self) -> Self:
        """Start all servers, and let the clock run until they serve."""
        self.run(self._start())
        return self

    def stop(self) -> None:
        """Close the clients that are open, in order, then stop all servers."""
        self._unfollow()
        self.faults.clear()
        leaving = [each.shut_down() for each in self._clients if not each.is_halted]
        try:
            self.run(DeferredList(leaving))
        finally:
            for machine in self._clients:
                machine.halt()
            self.run(gatherResults([each.stop() for each in self.brokers.values()]))
            self.run(self.name_server.stop())
            self.clock.advance(0)  # what was said last arrives
            self._unfollow()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    async def _start(self) -> None:
        await self.name_server.start()
        await gatherResults([each.start() for each in self.brokers.values()])
        if self._topics:
            async with self.admin() as admin:
                for topic in self._topics:
                    await admin.topics.create(topic, queues=TOPIC_QUEUES)

    # its time

    def run(
        self,
        waited_for: "Deferred[T] | Coroutine[Deferred[Any], Any, T]",
        limit_s: float = PATIENCE_S,
    ) -> T:
        """Let the clock run until *waited_for* has a result; gives or raises that.

        Raises: NotDoneError, if there is none in *limit_s* of virtual time.
        """
        self._runs += 1
        try:
            return self._run(waited_for, limit_s)
        finally:
            self._runs -= 1

    def _run(
        self,
        waited_for: "Deferred[T] | Coroutine[Deferred[Any], Any, T]",
        limit_s: float,
    ) -> T:
        deferred: Deferred[T] = (
            waited_for
            if isinstance(waited_for, Deferred)
            else Deferred.fromCoroutine(waited_for)
        )
        results: list[T | Failure] = []
        deferred.addBoth(results.append)
        self._run_until(results, limit_s)
        if not results:
            deferred.cancel()
            raise NotDoneError(
                f"{deferred} has no result after {limit_s:g} s of virtual time"
            )
        result = results[0]
        if isinstance(result, Failure):
            result.raiseException()
        return result

    def advance(self, span: Span) -> None:
        """Let so much time pass (seconds, or a timedelta), and what is due in it run.

        Raises: RuntimeError, in a coroutine that the cluster itself runs: there
        ``await cluster.sleep(...)``.
        """
        if self._follower is not None and running() is self._loop:
            self._follower.advance(seconds_of(span))
        else:
            self.clock.advance(span)

    def sleep(self, span: Span) -> Deferred[None]:
        """Give a Deferred that fires when so much virtual time has passed.

        Nobody waits for it really, under an event loop neither.
        """
        seconds = seconds_of(span)
        self._sleeping_until = max(self._sleeping_until, self.clock.seconds() + seconds)
        sleeping = deferLater(cast("Any", self.clock), seconds, lambda: None)
        if self._follower is not None and not self._runs:
            self._follower.skip(seconds)
        return sleeping

    def _follow(self) -> None:
        """Have the clock go with the event loop that runs here, if there is one."""
        found = running()
        if found is None:
            return
        if found is not self._loop:
            self._unfollow()
            self._loop = found
            self._follower = Follower(self.clock, loop_of(found))
        if self._follower is not None:
            self._follower.look()

    def _unfollow(self) -> None:
        follower, self._follower, self._loop = self._follower, None, None
        if follower is not None:
            follower.stop()

    def _run_until(self, results: Sequence[object], limit_s: float) -> None:
        """Let the clock run until there are *results*; the limit is for being awake."""
        clock = self.clock
        begun_s = clock.seconds()
        while not results:
            asleep_s = self._sleeping_until - clock.seconds()
            if asleep_s > LONG_S:
                clock.leap(LEAP_S)
            elif not clock.step(max(begun_s, self._sleeping_until) + limit_s):
                return

    # its clients

    def settings(self, name: str | None = None, **changes: Any) -> ClientSettings:
        """Give the settings for one client of any class, on a machine of its own.

        Args:
            name: of its machine, for faults, and part of its client id.
            changes: fields of ClientSettings.
        """
        number = len(self._clients) + 1
        name = name or f"client-{number}"
        machine = MemoryMachine(self.network, client_host(number))
        self.network.names[name] = machine.host
        self._clients.append(machine)
        usual: dict[str, Any] = {
            "nameservers": self.nameservers,
            "reactor": machine,
            "instance_name": name,
            "random": Random(self.network.random.getrandbits(64)),
            "wall_ms": self.clock.wall_ms,
        }
        return ClientSettings(**usual | changes)

    def make(self, client: Callable[..., C], *args: Any, **options: Any) -> C:
        """Give a client of any class, with settings of its own, not started."""
        return client(*args, settings=self.settings(), **options)

    def producer(self, group: str = "test-producer", **options: Any) -> Producer:
        """Give a producer, not started; *options* are those of ``Producer``."""
        return self.make(Producer, group, **options)

    def consumer(
        self,
        group: str,
        subscriptions: Mapping[str, str],
        *,
        start_from: Any = StartFrom.FIRST,
        **options: Any,
    ) -> Consumer:
        """Give a consumer, not started; *options* are those of ``Consumer``.

        A group that is new begins with the first message, so that a test may send
        before it consumes.
        """
        return self.make(
            Consumer, group, subscriptions, start_from=start_from, **options
        )

    def admin(self) -> Admin:
        """Give an admin client, not started."""
        return self.make(Admin)

    # what came of it

    @gives_deferred
    async def stored(self, topic: str) -> list[ReceivedMessage]:
        """Give all messages of a topic that the running brokers have, oldest first."""
        found: list[ReceivedMessage] = []
        async with self.make(PullConsumer, TOOLS_CONSUMER_GROUP) as reader:
            try:
                queues = await reader.queues(topic)
            except RouteNotFoundError:
                return []
            for queue in queues:
                offset = await reader.min_offset(queue)
                end = await reader.max_offset(queue)
                while offset < end:
                    batch = await reader.pull(queue, offset)
                    found += batch.messages
                    offset = batch.next_offset
        return sorted(found, key=attrgetter("stored_at_ms", "physical_offset"))


def client_host(number: int) -> str:
    """Give the address of the machine of a client."""
    high, low = divmod(number, 250)
    return CLIENT_HOST.format(18 + high // 250, high % 250, low + 1)
