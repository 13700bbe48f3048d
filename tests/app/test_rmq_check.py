import json
from pathlib import Path

import pytest

from twistedmq.app import rmq
from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_check import run

WRONG = """\
# a broker
brokerNane = x
listenPort = high
maxTopics = 5
sendMessageThreadPoolNums = 77
maxTopics = 6
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "broker.conf"


def said(
    conf: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, list[str]]:
    status = run(make_parser().parse_args(["check", str(conf), *more]))
    text = capsys.readouterr().out.replace(f"{conf}", "FILE")
    return status, text.splitlines()


def test_all_that_is_wrong_is_told_at_once(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text(WRONG)
    status, lines = said(conf, capsys)
    assert status == 1
    name, port, pool, again, whole = lines
    assert name.startswith("FILE:2: brokerNane: the broker has no such setting; ")
    assert name.endswith("did you mean brokerName?")
    assert port.startswith("FILE:3: listenPort=high: not allowed; allowed is ")
    assert pool.startswith("FILE:5: note: sendMessageThreadPoolNums has no effect: ")
    assert again.startswith("FILE:6: note: maxTopics was set in line 4 already")
    assert whole == "FILE: 2 errors, 2 notes"


def test_the_same_for_programs(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf.write_text(WRONG)
    assert run(make_parser().parse_args(["check", str(conf), "--json"])) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["good"] is False
    assert [(f["line"], f["key"], f["kind"]) for f in told["findings"]] == [
        (2, "brokerNane", "unknown"),
        (3, "listenPort", "not_allowed"),
        (5, "sendMessageThreadPoolNums", "no_effect"),
        (6, "maxTopics", "repeated"),
    ]


def test_notes_alone_are_good(conf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conf.write_text("sendMessageThreadPoolNums = 77\n")
    status, lines = said(conf, capsys)
    assert (status, lines[-1]) == (0, "FILE: no errors, 1 note")


def test_values_that_contradict_each_other(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text("forceVerifyPropCRC = true\n")
    status, lines = said(conf, capsys)
    assert status == 1
    assert lines[0].startswith("FILE: ")
    assert lines[-1] == "FILE: 1 error, no notes"


@pytest.mark.parametrize(
    ("data", "said_of_it"),
    [
        (None, "FILE: cannot be read: No such file or directory"),
        (b"ok\nx=\\uzzzz\n", "FILE:2: \\uzzzz is no character"),
    ],
)
def test_a_file_that_cannot_be_read(
    conf: Path,
    capsys: pytest.CaptureFixture[str],
    data: bytes | None,
    said_of_it: str,
) -> None:
    if data is not None:
        conf.write_bytes(data)
    assert said(conf, capsys) == (1, [said_of_it, "FILE: 1 error, no notes"])


def test_the_file_of_a_name_server(
    conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf.write_text("kvConfigPath = /x/kv.json\n")
    assert said(conf, capsys)[0] == 1
    assert said(conf, capsys, "--server", "namesrv") == (
        0,
        ["FILE: no errors, no notes"],
    )


def test_the_samples_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    etc = Path(__file__).parents[2] / "etc"
    assert said(etc / "broker.conf", capsys)[0] == 0
    assert said(etc / "namesrv.conf", capsys, "--server", "namesrv")[0] == 0


def test_it_runs_without_a_reactor(conf: Path) -> None:
    conf.write_text("brokerName = a\n")
    with pytest.raises(SystemExit) as ended:
        rmq.main(["check", str(conf)])
    assert ended.value.code == 0
