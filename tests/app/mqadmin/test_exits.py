import pytest

from twistedmq.admin.errors import NotThereError
from twistedmq.app.mqadmin import exits
from twistedmq.client.errors import (
    ArgumentError,
    BrokerNotFoundError,
    NoNameServerError,
    RefusedError,
    RouteNotFoundError,
    SendFailedError,
    SendTimeoutError,
)
from twistedmq.protocol.errors import InvalidParameterError, MessageIllegalError
from twistedmq.remoting.errors import ConnectError, RequestTimeoutError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidParameterError("perm is 9"), 1),
        (MessageIllegalError("a blank"), 1),
        (NoNameServerError("none"), 2),
        (ConnectError("x:1", "refused"), 2),
        (RequestTimeoutError("x:1", 17, 5.0), 2),
        (RefusedError(1, "no", "x:1"), 3),
        (RouteNotFoundError("T"), 3),
        (BrokerNotFoundError("b"), 3),
        (NotThereError("cluster", "c", []), 3),
        (ArgumentError("size", 9, "at most 8"), 1),
        (SendFailedError("T", ["b"], [ConnectError("x:1", "refused")]), 2),
        (SendFailedError("T", ["b"], [RefusedError(1, "no", "x:1")]), 3),
        (SendFailedError("T", ["b"], []), 4),
        (SendTimeoutError("T", 3.0), 2),
        (FileNotFoundError("topics.json"), 4),
    ],
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    assert exits.status_of(error) == status


def test_programs_are_told_the_code_too() -> None:
    error = RefusedError(17, "no", "x:1")
    assert exits.described(error, 3) == {"error": str(error), "status": 3, "code": 17}
    assert exits.described(OSError("gone"), 4) == {"error": "gone", "status": 4}


def test_wrong_usage_is_a_line_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    for json in (False, True):
        with pytest.raises(SystemExit) as ended:
            exits.wrong_usage("mqadmin doIt", "no", json=json)
        assert ended.value.code == 1
    assert capsys.readouterr().err == (
        'mqadmin doIt: no\n{"error":"no","status":1,"code":29}\n'
    )
