import pytest

from twistedmq.remoting.errors import PortInUseError
from twistedmq.remoting.web_ports import WebPorts


def test_who_names_a_port_that_is_there_shares_it() -> None:
    ports = WebPorts(None)
    first, is_new = ports.bound("127.0.0.1", 0)
    assert is_new
    same, is_new = ports.bound("127.0.0.1", 0)
    assert same is first
    assert not is_new
    with pytest.raises(PortInUseError):
        WebPorts(None).bound("127.0.0.1", first.port)
    first.unbind()
