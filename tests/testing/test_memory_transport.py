from random import Random

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone

from twistedmq.testing.memory_network import MemoryNetwork
from twistedmq.testing.memory_transport import joined
from twistedmq.testing.virtual_clock import VirtualClock


def test_ends_know_each_other_and_where_they_are() -> None:
    network = MemoryNetwork(VirtualClock(), Random(1))
    near, far = joined(
        network,
        IPv4Address("TCP", "198.51.100.1", 40_000),
        IPv4Address("TCP", "192.0.2.1", 9876),
    )
    assert (near.other, far.other) == (far, near)
    assert (far.host, far.port) == ("192.0.2.1", 9876)
    assert near.getPeer() == far.getHost()
    near.lose(ConnectionDone())
    near.lose(ConnectionDone())
    assert not near.connected
    assert far.connected
