from twistedmq.protocol.codes import ResponseCode
from twistedmq.remoting.errors import (
    ConnectError,
    ConnectionLostError,
    PortInUseError,
    RequestTimeoutError,
    TooManyRequestsError,
)


def test_each_names_whom_it_is_about():
    assert "a:1" in str(ConnectError("a:1", "refused"))
    assert "a:1" in str(ConnectionLostError("a:1", "reset"))
    assert "a:1" in str(RequestTimeoutError("a:1", 10, 3.0))
    assert "a:1" in str(TooManyRequestsError("a:1", 5))
    assert "0.0.0.0:9" in str(PortInUseError("0.0.0.0", 9, "in use"))


def test_too_many_requests_is_busy():
    assert TooManyRequestsError("a:1", 5).code == ResponseCode.SYSTEM_BUSY
