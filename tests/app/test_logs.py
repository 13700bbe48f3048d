import io
import sys

from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from twistedmq.app import logs
from twistedmq.config.logging import LoggingConfig
from twistedmq.config.logging import LogLevel as Level


def test_an_event_is_one_line_with_its_level_and_place() -> None:
    out = io.StringIO()
    log = Logger(namespace="twistedmq.store", observer=logs.observer(out))
    log.warn("{n} bytes cut off", n=7)
    when, level, where, *text = out.getvalue().split()
    assert when[:2] == "20"
    assert (level, where) == ("warn", "[twistedmq.store]")
    assert " ".join(text) == "7 bytes cut off"


def test_a_failure_follows_indented() -> None:
    event = {
        "log_format": "broke",
        "log_level": LogLevel.critical,
        "log_failure": Failure(OSError("disk gone")),
    }
    text = logs.line(event)
    assert text is not None
    first, *rest = text.rstrip("\n").split("\n")
    assert first.endswith("broke")
    assert rest
    assert all(line.startswith("    ") for line in rest)
    assert "disk gone" in rest[-1]


def test_an_event_without_text_is_no_line() -> None:
    assert logs.line({"log_format": ""}) is None


def test_what_twisted_says_of_every_port_is_left_out() -> None:
    event = {"log_format": "Port starting", "log_namespace": "log_legacy"}
    assert logs.line({**event, "log_level": LogLevel.info}) is None
    assert logs.line({**event, "log_level": LogLevel.critical})


def test_a_log_file_is_rotated_by_size(tmp_path) -> None:
    path = tmp_path / "logs" / "broker.log"
    config = LoggingConfig(file=path, rotate_bytes=100, keep_files=2)
    stream = logs.log_stream(config)
    log = Logger(observer=logs.observer(stream))
    for i in range(12):
        log.info("a line of some length, number {i}", i=i)
    stream.close()
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "broker.log",
        "broker.log.1",
        "broker.log.2",
    ]


def test_twist_logs_as_the_settings_say(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["twist", "rmq"])
    twist = {"logFile": sys.stdout, "logLevel": LogLevel.info, "logFormat": "json"}
    logs.adopt(twist, LoggingConfig(level=Level.DEBUG, file=tmp_path / "x.log"))
    assert twist["logLevel"] is LogLevel.debug
    assert twist["fileLogObserverFactory"] is logs.observer
    assert twist["logFile"].path == str(tmp_path / "x.log")
    twist["logFile"].close()


def test_what_the_command_line_asks_for_goes_first(monkeypatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["twist", "--log-format=json", "--log-level", "error", "rmq"]
    )
    twist = {"logFile": sys.stdout, "logLevel": LogLevel.error}
    logs.adopt(twist, LoggingConfig())
    assert twist == {"logFile": sys.stdout, "logLevel": LogLevel.error}


def test_an_announcement_is_written_as_it_is() -> None:
    out = io.StringIO()
    logs.announce("boot success\n", out)
    assert out.getvalue() == "boot success\n"
