from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from twisted.internet.task import Clock
from zope.interface import implementer

from twistedmq.broker.registration.name_servers import NameServers
from twistedmq.config.broker import RegistrationConfig
from twistedmq.config.live import Live


@implementer(IHostnameResolver)
class Hosts:
    """A resolver that knows what it is told."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self.known = known

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Any = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        resolutionReceiver.resolutionBegan(None)  # type: ignore[arg-type]
        for host in self.known.get(hostName, []):
            kind = IPv6Address if ":" in host else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", host, 0))
        resolutionReceiver.resolutionComplete()


class Network:
    """Name servers as they are configured, and what stands behind the names."""

    def __init__(self, **config: Any) -> None:
        self.clock = Clock()
        self.hosts = Hosts({})
        self.pages: list[Deferred[bytes]] = []
        self.fetched: list[str] = []
        self.servers = NameServers(
            Live(RegistrationConfig(**config)),
            self.clock.seconds,
            self.hosts,
            self.fetch,
        )

    def fetch(self, url: str) -> Deferred[bytes]:
        self.fetched.append(url)
        return self.pages.pop(0)

    def current(self) -> list[str]:
        found: list[list[str]] = []
        Deferred.fromCoroutine(self.servers.current()).addCallback(found.append)
        return found[0]


def test_numeric_addresses_stay_as_they_are() -> None:
    network = Network(name_servers=("10.0.0.1:9876", "[::1]:9876", "10.0.0.1:9876"))
    assert network.current() == ["10.0.0.1:9876", "[::1]:9876"]


def test_a_host_name_stands_for_all_its_addresses_of_today() -> None:
    network = Network(name_servers=("ns.example:9876",))
    network.hosts.known["ns.example"] = ["10.0.0.1", "::1", "10.0.0.2"]
    assert network.current() == ["10.0.0.1:9876", "10.0.0.2:9876"]
    network.hosts.known["ns.example"] = ["::1"]
    assert network.current() == ["[::1]:9876"]


def test_what_is_no_address_leaves_the_others_alone() -> None:
    network = Network(name_servers=("nowhere.example:1", "rubbish", "10.0.0.1:9876"))
    assert network.current() == ["10.0.0.1:9876"]


def test_an_address_server_is_asked_now_and_then() -> None:
    network = Network(address_server="http://addresses/rocketmq/nsaddr")
    network.pages = [succeed(b"10.0.0.1:9876; 10.0.0.2:9876;\n"), succeed(b"")]
    assert network.current() == ["10.0.0.1:9876", "10.0.0.2:9876"]
    network.clock.advance(119)
    assert network.current() == ["10.0.0.1:9876", "10.0.0.2:9876"]
    network.clock.advance(1)
    assert network.current() == []
    assert network.fetched == ["http://addresses/rocketmq/nsaddr"] * 2


def test_when_the_address_server_is_away_the_last_list_holds() -> None:
    network = Network(address_server="http://addresses/")
    network.pages = [succeed(b"10.0.0.1:9876"), fail(OSError("away"))]
    network.current()
    network.clock.advance(120)
    assert network.current() == ["10.0.0.1:9876"]


def test_without_anything_there_are_none() -> None:
    assert Network().current() == []
