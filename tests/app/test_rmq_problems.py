import json
from argparse import Namespace

import pytest

from twistedmq.app.rmq_problems import tell, tell_silent
from twistedmq.remoting.errors import ConnectError

GONE = ConnectError("x:1", "refused")


def test_a_problem_is_a_line_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(GONE, Namespace()) == 1
    assert tell(OSError("full"), Namespace(json=False), "here") == 1
    assert capsys.readouterr().err == (
        "rmq: cannot connect to x:1: refused\nrmq: broker here is left out: full\n"
    )
    tell(GONE, Namespace(json=True), "here")
    assert json.loads(capsys.readouterr().err) == {
        "error": "cannot connect to x:1: refused",
        "status": 1,
        "code": 1,
        "about": "here",
    }


def test_silent_brokers_make_it_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    tell_silent({}, Namespace())
    with pytest.raises(SystemExit) as ended:
        tell_silent({"b": GONE}, Namespace())
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "rmq: broker b is left out: cannot connect to x:1: refused\n"
    )
