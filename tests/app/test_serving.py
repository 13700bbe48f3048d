import sys
import time
from pathlib import Path

import pytest
from twisted.internet.base import ReactorBase
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher

from twistedmq.app import serving
from twistedmq.app.options import ServerOptions, Wanted
from twistedmq.app.pipeline import PipelineService, Step
from twistedmq.config.loading import Assignment, from_option, load_settings, update
from twistedmq.config.settings import Settings
from twistedmq.config.tables import broker_keys
from twistedmq.protocol.errors import TwistedMQError


def settings(*texts: str) -> Settings:
    return load_settings(broker_keys(), options=map(from_option, texts))


def test_what_keeps_a_server_from_starting_is_one_line_and_undone(capsys) -> None:
    undone: list[str] = []

    def start() -> None:
        with serving.refusing() as undo:
            undo.callback(undone.append, "port")
            raise TwistedMQError("the store is locked")

    with pytest.raises(SystemExit) as end:
        start()
    assert end.value.code == 1
    assert undone == ["port"]
    assert capsys.readouterr().err == "twistedmq: the store is locked\n"


def test_what_started_is_not_undone() -> None:
    undone: list[str] = []
    with serving.refusing() as undo:
        undo.callback(undone.append, "port")
    assert not undone


def test_changes_are_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "broker.conf"
    path.write_text("# mine\nbrokerName=a\n")
    live = serving.live_settings(settings(), path)
    update(live, "defaultTopicQueueNums=3", ())
    assert path.read_text() == "# mine\nbrokerName=a\ndefaultTopicQueueNums=3\n"


def test_what_was_set_without_effect_is_told_and_open_ports_too() -> None:
    seen: list[str] = []

    def observe(event) -> None:
        if event.get("log_level") is LogLevel.warn:
            seen.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    try:
        serving.warn_of(settings("accountStatsEnable=false", "bindAddress=127.0.0.1"))
        serving.warn_of(settings())
    finally:
        globalLogPublisher.removeObserver(observe)
    ignored, opened = seen
    assert "accountStatsEnable" in ignored
    assert "no access control" in opened


def test_the_last_word_comes_when_everything_runs(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(serving.logs, "announce", said.append)
    monkeypatch.setattr(serving, "_freeze", lambda: None)
    tree = PipelineService(Clock(), pytest.fail)
    service = serving.finish(tree, lambda: "boot success\n")
    service.startService()
    assert said == ["boot success\n"]


class Lamp:
    """The smallest server."""

    def __init__(self, reactor, live, security, undo) -> None:
        self.lit = Step(serving.nothing_to_do)

    def add_to(self, tree: PipelineService) -> None:
        tree.add("lamp", self.lit)

    def lines(self) -> list[tuple[str, str]]:
        return [("lamp", "on" if self.lit.running else "off")]


def test_a_server_alone_starts_and_says_so(monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(serving.logs, "announce", said.append)
    monkeypatch.setattr(serving, "_freeze", lambda: None)
    monkeypatch.setattr(serving, "running_reactor", Clock)
    options = ServerOptions()
    options.parseOptions([])
    tree = serving.serve_alone(options, Wanted(broker_keys()), "lamp", Lamp)
    tree.startService()
    (word,) = said
    assert "boot success" in word
    assert "on" in word.split()


def test_a_server_alone_that_cannot_be_made_is_refused(monkeypatch, capsys) -> None:
    def make(reactor, live, security, undo) -> Lamp:
        raise TwistedMQError("no bulb")

    monkeypatch.setattr(serving, "running_reactor", Clock)
    options = ServerOptions()
    options.parseOptions([])
    with pytest.raises(SystemExit):
        serving.serve_alone(options, Wanted(broker_keys()), "lamp", make)
    assert capsys.readouterr().err == "twistedmq: no bulb\n"


def test_changes_go_to_the_file_that_was_named(tmp_path: Path) -> None:
    named, own = tmp_path / "broker.conf", tmp_path / "own.properties"
    options = ServerOptions()
    options.parseOptions(["-c", str(named)])
    wanted = Wanted(broker_keys(), kept_changes=lambda _: own)
    assert serving.change_path(options, wanted, settings()) == named
    without = ServerOptions()
    without.parseOptions([])
    assert serving.change_path(without, wanted, settings()) == own


def test_a_default_is_not_told_by_anybody() -> None:
    found = load_settings(
        broker_keys(),
        defaults={"bindAddress": "127.0.0.1"},
        options=[Assignment("brokerName", "a", "option --set")],
    )
    assert serving.is_told(found, "brokerName")
    assert not serving.is_told(found, "bindAddress")
    assert not serving.is_told(found, "listenPort")


def test_the_log_is_set_up_when_twist_runs_us(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["twist", "rmq"])
    options = ServerOptions()
    options.parent = {"logFile": sys.stdout}
    serving.log_as_set(options, settings("logLevel=debug"))
    assert options.parent["logLevel"] is LogLevel.debug
    serving.log_as_set(ServerOptions(), settings())


def test_stopping_stays_below_thirty_seconds() -> None:
    whole = (
        serving.REGISTRATION_STOP_S
        + 3 * serving.SERVER_STOP_S
        + serving.OFFSETS_STOP_S
        + serving.STORE_STOP_S
    )
    assert whole < 30


class OnWallTime(ReactorBase):
    """As much of a reactor as has a clock."""

    def __init__(self) -> None:
        """Open nothing."""


class OnOwnTime(OnWallTime):
    def seconds(self) -> float:
        return 7.0


def test_a_wall_clock_that_is_set_back_holds_no_timer() -> None:
    reactor = serving.on_monotonic_time(OnWallTime())
    assert reactor.seconds is time.monotonic
    assert serving.on_monotonic_time(OnOwnTime()).seconds() == 7.0
    clock = Clock()
    assert serving.on_monotonic_time(clock) is clock
    assert clock.seconds() == 0
