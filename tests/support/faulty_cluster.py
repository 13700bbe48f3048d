"""A cluster in memory behind a network that delays, swallows and breaks off.

Everything happens on the virtual clock, and by chance only as the seed says: a run that
goes wrong goes wrong again.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from client_kit import NAME_SERVER, FakeCluster, FakePool
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from twistedmq.client.consumer import Consumer
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.remoting.errors import (
    ConnectError,
    ConnectionLostError,
    RequestTimeoutError,
)

USUAL_S = 0.002


class Network:
    """What lies between clients and servers.

    Attributes:
        delay_s: how long a message takes one way, by address; else 2 ms.
        silent: addresses that swallow all, as behind a half-open connection.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.delay_s: dict[str, float] = {}
        self.silent: set[str] = set()
        self.under_way: set[Exchange] = set()

    def break_off(self, address: str) -> None:
        """Have all connections to *address* lost, with what waits for an answer."""
        for exchange in list(self.under_way):
            if exchange.address == address:
                exchange.fail(ConnectionLostError(address, "it was broken off"))


class Exchange:
    """One request on its way, and its answer."""

    def __init__(
        self, network: Network, address: str, code: int, timeout_s: float
    ) -> None:
        self.address = address
        self._network = network
        self._served: Deferred[Command] | None = None
        self.answer: Deferred[Command] = Deferred(lambda _: self.end())
        error = RequestTimeoutError(address, code, timeout_s)
        self._calls: list[IDelayedCall] = [
            network.clock.callLater(timeout_s, self.fail, error)
        ]
        network.under_way.add(self)

    def go(self, serve: Callable[[], Deferred[Command]]) -> None:
        """Bring the request to the server."""
        self._later(self._arrive, serve)

    def fail(self, error: Exception) -> None:
        """End it; what the server says from now on is lost."""
        if self in self._network.under_way:
            self.end()
            self.answer.errback(error)

    def end(self) -> None:
        """Nobody waits any more."""
        self._network.under_way.discard(self)
        for call in self._calls:
            if call.active():
                call.cancel()

    def _later(self, function: Callable[..., None], *arguments: Any) -> None:
        delay_s = self._network.delay_s.get(self.address, USUAL_S)
        self._calls.append(self._network.clock.callLater(delay_s, function, *arguments))

    def _arrive(self, serve: Callable[[], Deferred[Command]]) -> None:
        if self.address not in self._network.silent:
            serve().addBoth(lambda answer: self._later(self._return, answer))

    def _return(self, answer: Command | Failure) -> None:
        if self.address in self._network.silent:
            return
        if self in self._network.under_way:
            self.end()
            self.answer.callback(answer)


class FaultyPool(FakePool):
    """The connections of one client over a network."""

    def __init__(self, cluster: "FaultyCluster") -> None:
        super().__init__(cluster)
        self._faulty = cluster

    def request(
        self, address: str, code: int, header: Any, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        """Ask."""
        exchange = Exchange(self._faulty.network, address, code, timeout_s)
        exchange.go(lambda: self._faulty.request(address, code, header, body))
        return exchange.answer


class FaultyCluster(FakeCluster):
    """Brokers that can be restarted, stalled, cut off and told to their consumers."""

    def __init__(self, clock: Clock, brokers: int = 2, seed: int = 1) -> None:
        super().__init__(clock, brokers)
        self.random = Random(seed)
        self.network = Network(clock)
        self.consumers: dict[str, Consumer] = {}

    def settings(self, **changes: Any) -> Any:
        """Give settings for a client of this cluster."""
        own = {"pool": FaultyPool(self), "random": Random(self.random.random())}
        return super().settings(**own | changes)

    def request(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[Command]:
        """Serve one request; the log of them would grow for ever."""
        self.requests.clear()
        before = {group: set(members) for group, members in self.members.items()}
        answer = super().request(address, code, header, body)
        if code in {RequestCode.HEART_BEAT, RequestCode.UNREGISTER_CLIENT}:
            after = {group: set(members) for group, members in self.members.items()}
            if after != before:
                self.clock.callLater(USUAL_S, self._tell_members)
        return answer

    def stop(self, address: str) -> None:
        """A broker or name server goes: connections break, what it knew is gone."""
        self.down.add(address)
        self.network.break_off(address)
        if address != NAME_SERVER:
            self.members.clear()
            name = self._name(address)
            for group, queue in list(self.locks):
                if queue.broker_name == name:
                    del self.locks[group, queue]

    def start(self, address: str) -> None:
        """It comes again."""
        self.down.discard(address)

    def change_route(self, topic: str, queues: int) -> None:
        """Give a topic more queues."""
        self.create(topic, queues)

    def _tell_members(self) -> None:
        for consumer in list(self.consumers.values()):
            handlers = consumer._session.handlers
            handlers[RequestCode.NOTIFY_CONSUMER_IDS_CHANGED](None)  # type: ignore[arg-type]


__all__ = ["ConnectError", "FaultyCluster", "FaultyPool", "Network"]
