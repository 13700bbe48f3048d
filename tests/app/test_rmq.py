import json
import sys

import pytest
from client_kit import FakeCluster, held
from processes import python
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app import rmq
from twistedmq.app.command import until_the_end
from twistedmq.app.rmq import make_parser, run_verb
from twistedmq.protocol.codes import RequestCode, ResponseCode


def run(cluster: FakeCluster, *arguments: str) -> list[object]:
    """Run the command against a cluster in memory; gives what it ended with."""
    options = make_parser().parse_args(arguments)
    options.settings = cluster.settings()
    return held(run_verb(cluster.clock, options))


@pytest.fixture
def cluster() -> FakeCluster:
    cluster = FakeCluster(Clock())
    cluster.create("T", queues=1)
    return cluster


def test_a_verb_runs_and_ends_well(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(cluster, "send", "T", "hello") == [None]
    assert run(cluster, "tail", "T", "--from", "first", "--count", "1") == [None]
    assert run(cluster, "topics") == [None]
    out, err = capsys.readouterr()
    assert " broker-0/0 offset 0 PAGE_CACHE\n" in out
    assert "hello" in out
    assert "TOPIC" in out
    assert err == ""


def test_a_failure_is_one_line_and_status_one(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    [ended] = run(cluster, "tail", "NOPE")
    assert ended.value.code == 1  # type: ignore[attr-defined]
    assert capsys.readouterr().err == "rmq: no broker serves topic 'NOPE'\n"


def test_programs_are_told_of_a_failure_as_json(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    [ended] = run(cluster, "tail", "NOPE", "--json")
    assert ended.value.code == 1  # type: ignore[attr-defined]
    assert json.loads(capsys.readouterr().err) == {
        "error": "no broker serves topic 'NOPE'",
        "status": 1,
        "code": 17,
    }


def test_a_body_that_is_no_text_is_sent_as_it_is(cluster: FakeCluster) -> None:
    assert run(cluster, "send", "T", "\udcff") == [None]
    assert cluster.bodies("T") == [b"\xff"]


def test_a_reader_who_has_seen_enough_is_no_failure(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

        def close(self) -> None: ...

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", Closed())
    [ended] = run(cluster, "topics")
    assert ended.value.code == 0  # type: ignore[attr-defined]


def test_warnings_are_told_on_standard_error(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.refuse[RequestCode.PULL_MESSAGE] = ResponseCode.SYSTEM_BUSY, "busy"
    options = make_parser().parse_args(["tail", "T"])
    options.settings = cluster.settings()
    tail = run_verb(cluster.clock, options)
    ended = held(tail)
    tail.cancel()
    assert ended
    err = capsys.readouterr().err
    assert err.startswith("rmq: pulling ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["fly"],
        ["send", "T"],
        ["send", "T", "x", "--count", "0"],
        ["send", "T", "x", "--property", "noequals"],
        ["tail", "T", "--from", "-1"],
        ["tail", "T", "--from", "somewhere"],
    ],
)
def test_wrong_usage_is_status_two(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(wrong)
    assert ended.value.code == 2
    assert "usage: rmq" in capsys.readouterr().err


def test_options_are_read() -> None:
    line = "send T x --tag a --key k --key l --property p=v=w --count 3 -n a:1"
    options = make_parser().parse_args(line.split())
    assert (options.tag, options.key, options.count) == ("a", ["k", "l"], 3)
    assert options.property == [("p", "v=w")]
    assert options.namesrv == "a:1"
    tail = make_parser().parse_args(["tail", "T", "--from", "42"])
    assert (tail.start, tail.tag, tail.count) == (42, "*", None)


def test_as_a_program_it_says_what_is_wrong() -> None:
    done = python("-m", "twistedmq.app.rmq", "topics", "-n", "127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.startswith("rmq: no name server answers (127.0.0.1:1: ")
    assert done.stderr.count("\n") == 1


def test_help_and_version_need_no_reactor() -> None:
    program = (
        "import sys\nfrom twistedmq.app.rmq import make_parser\nmake_parser()\n"
        "assert 'twisted.internet' not in sys.modules"
    )
    assert python("-c", program).returncode == 0
    assert python("-m", "twistedmq.app.rmq", "--version").returncode == 0


def test_the_main_function_runs_the_reactor(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def run(start: object) -> None:
        asked.append(start)
        raise SystemExit(0)

    monkeypatch.setattr(rmq, "run_in_reactor", run)
    with pytest.raises(SystemExit):
        rmq.main(["topics"])
    assert len(asked) == 1


def test_a_signal_ends_a_tail_in_peace(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    reactor = MemoryReactorClock()
    options = make_parser().parse_args(["tail", "T"])
    options.settings = cluster.settings()
    running = until_the_end(reactor, lambda _: run_verb(cluster.clock, options))
    for call, arguments, keywords in reactor.triggers["before"]["shutdown"]:
        ended = held(call(*arguments, **keywords))
        reactor.pump([0, 0])
        assert ended == [None]
    assert held(running) == [None]
    assert capsys.readouterr().err == ""
