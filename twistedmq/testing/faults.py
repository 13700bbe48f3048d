"""What can go wrong between clients and servers, when a test wants it to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any, Self

from twisted.internet.error import ConnectionLost, ConnectionRefusedError

from twistedmq.testing.frame_watch import LOST, Fate, Frame, FrameWatch
from twistedmq.testing.memory_network import MemoryNetwork
from twistedmq.testing.memory_transport import MemoryTransport
from twistedmq.testing.operations import Operation, codes_of

What = Operation | Iterable[Operation] | None
"""Which requests: "send", "pull", ..., a code, several of them; None: all."""

FOREVER_S = float("inf")


@dataclass(eq=False)
class Fault:
    """One thing that goes wrong, until it is stopped; leaving ``with`` stops it.

    Attributes:
        hits: how often it struck.
        is_active: whether it still strikes.
    """

    effect: Callable[[], Fate]
    hosts: frozenset[str]
    """All of them are at the two ends of the connection."""
    codes: frozenset[int] | None
    responses: bool | None
    """None: both ways."""
    times: int | None
    chance: float
    random: Random
    hits: int = 0
    is_active: bool = field(default=True)

    def stop(self) -> None:
        """Let things be right again."""
        self.is_active = False

    def __enter__(self) -> Self:
        """Strike until the block is left."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def concerns(self, hosts: set[str]) -> bool:
        """Whether it is about connections between these hosts, and strikes now."""
        if not self.is_active or not self.hosts <= hosts:
            return False
        return self.chance >= 1 or self.random.random() < self.chance

    def strike(self) -> Fate:
        """Count a hit; gives what becomes of its victim."""
        self.hits += 1
        if self.times is not None and self.hits >= self.times:
            self.stop()
        return self.effect()

    def is_about(self, frame: Frame) -> bool:
        """Whether it is about that kind of frame."""
        if self.responses is not None and frame.is_response != self.responses:
            return False
        return self.codes is None or frame.code in self.codes


class Faults:
    """Makes faults. Each names what it is about by words that mean all if left out:

    * what: ``"send"``, ``"pull"``, ``"pop"``, ``"ack"``, ``"commit"``, ``"route"``
      and so on (see ``twistedmq.testing.operations``), or request codes;
    * server: the name of a server, ``"broker-a"`` or ``"namesrv"``;
    * client: the name that was given to ``Cluster.settings``;
    * times: after so many hits it stops by itself;
    * chance: how likely each hit is; decided by the cluster's seed.

    What is delayed holds up nothing behind it: others overtake it.
    """

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network
        self._random = Random(network.random.getrandbits(64))
        self._faults: list[Fault] = []
        self._doors: list[Fault] = []
        network.carrier = FrameWatch(self._fate)
        network.dialled = self._dialled

    # what is on its way

    def drop_requests(self, what: What = None, **where: Any) -> Fault:
        """Have requests lost: they are not served, and never answered."""
        return self._add(lambda: LOST, what, responses=False, **where)

    def drop_responses(self, what: What = None, **where: Any) -> Fault:
        """Have responses lost: what was asked for was done all the same."""
        return self._add(lambda: LOST, what, responses=True, **where)

    def delay_requests(self, what: What = None, *, by: float, **where: Any) -> Fault:
        """Have requests arrive *by* so many seconds late."""
        return self._add(lambda: by, what, responses=False, **where)

    def delay_responses(self, what: What = None, *, by: float, **where: Any) -> Fault:
        """Have responses arrive *by* so many seconds late."""
        return self._add(lambda: by, what, responses=True, **where)

    def reorder_responses(
        self, what: What = None, *, within: float, **where: Any
    ) -> Fault:
        """Have responses arrive in any order, each at some time *within* seconds."""
        uniform = self._random.uniform
        return self._add(lambda: uniform(0, within), what, responses=True, **where)

    def slow(self, server: str, *, by: float, chance: float = 1.0) -> Fault:
        """Have a server answer everything *by* so many seconds late."""
        return self.delay_responses(by=by, server=server, chance=chance)

    # connections

    def disconnect(
        self, *, server: str | None = None, client: str | None = None
    ) -> int:
        """Break open connections: both sides learn of it. Gives how many."""
        found = self._open(server, client)
        for end in found:
            for side in (end, end.other):
                self._network.clock.callLater(0, side.lose, ConnectionLost())
        return len(found)

    def half_open(self, *, server: str | None = None, client: str | None = None) -> int:
        """Have open connections let nothing through, and tell nobody. Gives how many.

        New connections work: so a router forgets its table.
        """
        found = self._open(server, client)
        for end in found:
            end.go_silent()
        return len(found)

    def refuse_connections(
        self, *, server: str | None = None, client: str | None = None, **more: Any
    ) -> Fault:
        """Have new connections refused; those that are open stay.

        *more* is times and chance.
        """
        return self._door(None, server, client, **more)

    def cut_off(self, *, server: str | None = None, client: str | None = None) -> Fault:
        """Have nothing pass, and new connections time out: the network is down."""
        fault = self._add(lambda: LOST, server=server, client=client)
        self._doors.append(fault)
        return fault

    def clear(self) -> None:
        """Stop all faults; broken connections stay broken."""
        for fault in (*self._faults, *self._doors):
            fault.stop()

    # how

    def _add(
        self,
        effect: Callable[[], Fate],
        what: What = None,
        *,
        responses: bool | None = None,
        server: str | None = None,
        client: str | None = None,
        times: int | None = None,
        chance: float = 1.0,
    ) -> Fault:
        fault = Fault(
            effect,
            self._hosts(server, client),
            codes_of(what),
            responses,
            times,
            chance,
            self._random,
        )
        self._faults = [each for each in self._faults if each.is_active] + [fault]
        return fault

    def _door(
        self,
        effect: Fate,
        server: str | None,
        client: str | None,
        times: int | None = None,
        chance: float = 1.0,
    ) -> Fault:
        hosts = self._hosts(server, client)
        fault = Fault(lambda: effect, hosts, None, None, times, chance, self._random)
        self._doors = [each for each in self._doors if each.is_active] + [fault]
        return fault

    def _hosts(self, *names: str | None) -> frozenset[str]:
        known = self._network.names
        for name in names:
            if name is not None and name not in known:
                raise NoSuchHostError(name, known)
        return frozenset(known[name] for name in names if name is not None)

    def _open(self, server: str | None, client: str | None) -> list[MemoryTransport]:
        """Give one end of each open connection between the two."""
        hosts = self._hosts(server, client)
        return [
            end
            for end in self._network.connections()
            if hosts <= {end.host, end.other.host}
        ]

    def _fate(self, frame: Frame) -> Fate:
        late_s = 0.0
        for fault in self._faults:
            hosts = {frame.sender, frame.receiver}
            if fault.is_about(frame) and fault.concerns(hosts):
                fate = fault.strike()
                if fate is LOST:
                    return LOST
                late_s += fate
        return late_s

    def _dialled(
        self, source: str, host: str, port: int
    ) -> BaseException | float | None:
        hosts = {source, self._network.names.get(host, host)}
        for fault in self._doors:
            if fault.concerns(hosts):
                if fault in self._faults:
                    return FOREVER_S
                fault.strike()
                return ConnectionRefusedError(string=f"{host}:{port} refuses")
        return None


class NoSuchHostError(Exception):
    """A fault names a server or client that the cluster does not have."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Name those it has."""
        super().__init__(f"there is no {name!r}; there are {', '.join(known)}")
        self.name = name
