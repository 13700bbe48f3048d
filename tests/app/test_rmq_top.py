import json
import os
from io import StringIO
from typing import Any

import pytest
from client_kit import NAME_SERVER, held, result_of
from loads_kit import BusyCluster
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from twistedmq.app import rmq_top
from twistedmq.app.rmq import make_parser, run_verb
from twistedmq.app.rmq_top import top

SECOND = "192.0.2.11:10911"


class Terminal(StringIO):
    """Remembers what was drawn, by picture."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 99

    @property
    def pictures(self) -> list[str]:
        return self.getvalue().split("\x1b[H")[1:]


@pytest.fixture
def cluster() -> BusyCluster:
    return BusyCluster(brokers=2)


def begin(cluster: BusyCluster, out: StringIO, *words: str) -> Deferred[None]:
    options = make_parser().parse_args(["top", *words])
    options.settings = cluster.settings()
    return Deferred.fromCoroutine(top(cluster.clock, options, out))


def test_once_takes_two_samples_so_that_there_are_rates(cluster: BusyCluster) -> None:
    out = StringIO()
    running = begin(cluster, out, "--once", "--interval", "4")
    assert out.getvalue() == ""
    cluster.put["orders"] += 40
    cluster.consumed["billing"] += 8
    cluster.clock.advance(4)
    assert result_of(running) is None
    told = out.getvalue().splitlines()
    assert "  2 brokers  in 20.0/s  out 4.0/s  2 topics  2 groups" in told[0]
    assert [line.split() for line in told if line.startswith(("orders", "bill"))] == [
        ["orders", "2", "20.0", "2", "224"],
        ["billing", "1", "4.0", "152", "8"],
    ]


def test_it_goes_on_until_it_is_stopped(cluster: BusyCluster) -> None:
    out = StringIO()
    running = begin(cluster, out, "--limit", "1")
    assert out.getvalue().count("BROKER ") == 1
    cluster.down.add(SECOND)
    cluster.clock.pump([2, 2])
    tables = out.getvalue().split("\n\n20")
    assert len(tables) == 3
    assert "does not answer: " in tables[1]
    assert "and 1 more" in tables[1]
    ended = held(running)
    running.cancel()
    [failure] = ended
    assert isinstance(failure, Failure)
    assert failure.check(CancelledError)
    assert cluster.closed == 1


def test_for_programs_a_line_each_time(cluster: BusyCluster) -> None:
    out = StringIO()
    running = begin(cluster, out, "--json")
    cluster.clock.advance(2)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [each["topics"][0]["in_per_s"] for each in lines] == [None, 0.0]
    held(running)
    running.cancel()


def test_for_programs_once(cluster: BusyCluster) -> None:
    cluster.down.add(SECOND)
    out = StringIO()
    running = begin(cluster, out, "--json", "--once", "--all", "--sort", "name")
    cluster.clock.advance(2)
    result_of(running)
    told = json.loads(out.getvalue())
    assert told["brokers"][0]["disk_used_ratio"] == 0.4
    assert "it is down" in told["brokers"][1]["error"]
    assert [each["topic"] for each in told["topics"]] == [
        *("%RETRY%billing", "broker-0", "orders", "quiet")
    ]
    assert [each["group"] for each in told["groups"]] == [
        *("TOOLS_CONSUMER", "audit", "billing")
    ]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm")
    size = os.terminal_size((50, 24))
    monkeypatch.setattr(rmq_top, "size_of", lambda out: lambda: size)
    return Terminal()


def test_on_a_terminal_each_picture_takes_the_place_of_the_last(
    cluster: BusyCluster, terminal: Terminal
) -> None:
    running = begin(cluster, terminal)
    cluster.clock.pump([2, 2])
    assert len(terminal.pictures) == 3
    for picture in terminal.pictures:
        assert picture.count("\r\n") < 24
        assert "broker-0" in picture
        assert "billing" in picture
    held(running)
    running.cancel()
    assert terminal.getvalue().endswith("\x1b[?25h\x1b[?1049l")


def test_a_name_server_that_goes_away_is_told(
    cluster: BusyCluster, terminal: Terminal
) -> None:
    running = begin(cluster, terminal)
    cluster.down.add(NAME_SERVER)
    cluster.clock.advance(2)
    assert "no name server answers" in terminal.pictures[1]
    assert "broker-0" in terminal.pictures[1]
    held(running)
    running.cancel()


def test_a_name_server_that_was_never_there_leaves_the_terminal_alone(
    cluster: BusyCluster, terminal: Terminal
) -> None:
    cluster.down.add(NAME_SERVER)
    [failure] = held(begin(cluster, terminal))
    assert "no name server answers" in failure.getErrorMessage()
    assert terminal.getvalue() == ""


def test_a_dumb_terminal_gets_plain_tables(
    cluster: BusyCluster, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    running = begin(cluster, terminal)
    assert "\x1b" not in terminal.getvalue()
    held(running)
    running.cancel()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--interval", "0"],
        ["--interval", "nan"],
        ["--interval", "-1"],
        ["--sort", "size"],
        ["--limit", "0"],
    ],
)
def test_wrong_usage(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(["top", *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_the_size_of_a_terminal_is_asked_for_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = [os.terminal_size((80, 24)), os.terminal_size((40, 12))]
    asked: list[Any] = []

    def size(descriptor: int) -> os.terminal_size:
        asked.append(descriptor)
        return sizes[len(asked) - 1]

    monkeypatch.setattr(os, "get_terminal_size", size)
    of = rmq_top.size_of(Terminal())
    assert [of(), of()] == sizes
    assert asked == [99, 99]


@pytest.mark.parametrize(
    ("words", "kind"), [([], CancelledError), (["--once"], SystemExit)]
)
def test_only_what_would_have_ended_was_broken_off(
    cluster: BusyCluster, words: list[str], kind: type[BaseException]
) -> None:
    options = make_parser().parse_args(["top", "--json", *words])
    options.settings = cluster.settings()
    running = run_verb(cluster.clock, options)
    ended = held(running)
    running.cancel()
    assert ended[0].check(kind)
