import socket

import pytest

from twistedmq.remoting.errors import PortInUseError
from twistedmq.remoting.listening import listen


def close_all(sockets):
    for one in sockets:
        one.close()


@pytest.mark.parametrize("every_address", ["0.0.0.0", "::", ""])
def test_every_address_means_both_families_on_one_port(every_address):
    sockets = listen(every_address, 0, 5)
    try:
        assert sockets[0].family == socket.AF_INET
        assert len({one.getsockname()[1] for one in sockets}) == 1
        assert all(one.family == socket.AF_INET6 for one in sockets[1:])
    finally:
        close_all(sockets)


def test_a_port_in_use_is_told_with_its_address():
    sockets = listen("127.0.0.1", 0, 5)
    port = sockets[0].getsockname()[1]
    try:
        with pytest.raises(PortInUseError, match=f"127.0.0.1:{port}: .*in use"):
            listen("127.0.0.1", port, 5)
    finally:
        close_all(sockets)


def test_a_host_that_is_not_ours_is_told():
    with pytest.raises(PortInUseError, match=r"192\.0\.2\.1:0"):
        listen("192.0.2.1", 0, 5)


def test_a_failure_leaves_nothing_open():
    taken = listen("0.0.0.0", 0, 5)
    port = taken[0].getsockname()[1]
    with pytest.raises(PortInUseError):
        listen("0.0.0.0", port, 5)
    close_all(taken)
    close_all(listen("0.0.0.0", port, 5))
