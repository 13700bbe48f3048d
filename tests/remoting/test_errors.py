import pytest
from twisted.python.failure import Failure

from twistedmq.protocol.codes import ResponseCode
from twistedmq.remoting.errors import (
    ConnectError,
    ConnectionLostError,
    PortInUseError,
    RequestTimeoutError,
    TooManyRequestsError,
    in_words,
)


def test_each_names_whom_it_is_about():
    assert "a:1" in str(ConnectError("a:1", "refused"))
    assert "a:1" in str(ConnectionLostError("a:1", "reset"))
    assert "a:1" in str(RequestTimeoutError("a:1", 10, 3.0))
    assert "a:1" in str(TooManyRequestsError("a:1", 5))
    assert "0.0.0.0:9" in str(PortInUseError("0.0.0.0", 9, "in use"))


def test_too_many_requests_is_busy():
    assert TooManyRequestsError("a:1", 5).code == ResponseCode.SYSTEM_BUSY


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("reset"), "reset"),
        (TimeoutError(), "TimeoutError"),
        (ValueError([("a", "b")]), "[('a', 'b')]"),
        # of this form are those of OpenSSL; a real one is in tests/plugins/test_tls.py
        (ValueError([("SSL routines", "", "bad"), ("x", "y", "end")]), "bad, end"),
    ],
)
def test_errors_are_told_in_words(error, words):
    assert in_words(Failure(error)) == words
