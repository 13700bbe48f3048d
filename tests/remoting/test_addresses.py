from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from twistedmq.remoting.addresses import UNKNOWN_HOST_PORT, host_port


def test_transports_addresses():
    assert host_port(IPv4Address("TCP", "10.0.0.1", 9)) == ("10.0.0.1", 9)
    assert host_port(IPv6Address("TCP", "fe80::1%eth0", 9)) == ("fe80::1", 9)
    assert host_port(UNIXAddress("/run/mq")) == UNKNOWN_HOST_PORT
