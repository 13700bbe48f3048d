"""Log lines as text, to standard output or to a file that is rotated by size."""

import sys
from collections.abc import MutableMapping
from typing import IO, Any, TextIO

from twisted.logger import FileLogObserver, LogEvent, formatEvent, formatTime
from twisted.logger import LogLevel as TwistedLogLevel
from twisted.python.logfile import LogFile

from twistedmq.config.logging import LoggingConfig

_OF_TWISTED = "log_legacy"
"""Where lines come from that Twisted writes the old way: ports opening, closing."""


def line(event: LogEvent) -> str | None:
    """Lay out one event: when, how serious, where from, what."""
    where = event.get("log_namespace", "-")
    if where == _OF_TWISTED and event.get("log_level") is TwistedLogLevel.info:
        return None
    text = formatEvent(event)
    failure = event.get("log_failure")
    if failure is not None:
        text = f"{text}\n{failure.getTraceback().rstrip()}"
    if not text:
        return None
    level = event.get("log_level")
    name = level.name if level else "info"
    when = formatTime(event.get("log_time"))
    body = text.replace("\n", "\n    ")
    return f"{when} {name:<5} [{where}] {body}\n"


def observer(stream: IO[Any]) -> FileLogObserver:
    """Give what writes events to *stream* as lines."""
    return FileLogObserver(stream, line)


def log_stream(config: LoggingConfig) -> IO[Any]:
    """Open what the settings name.

    Raises:
        OSError: the file cannot be written.
    """
    if config.file is None:
        return sys.stdout
    config.file.parent.mkdir(parents=True, exist_ok=True)
    return LogFile(  # type: ignore[return-value]
        config.file.name,
        str(config.file.parent),
        rotateLength=config.rotate_bytes,
        maxRotatedFiles=config.keep_files,
    )


def adopt(twist: MutableMapping[str, Any], config: LoggingConfig) -> None:
    """Have ``twist`` log as the settings say.

    *twist* are the options of the ``twist`` command, which begins to log only after the
    service is made; what its command line asks for explicitly goes first.
    """
    if config.file is not None and twist.get("logFile") in (None, sys.stdout):
        twist["logFile"] = log_stream(config)
    if not _asked_for("--log-format"):
        twist["fileLogObserverFactory"] = observer
    if not _asked_for("--log-level"):
        twist["logLevel"] = TwistedLogLevel.levelWithName(config.level.value)


def _asked_for(option: str) -> bool:
    return any(argument.startswith(option) for argument in sys.argv[1:])


def announce(text: str, stream: TextIO | None = None) -> None:
    """Write to the real standard output, which the log does not decorate."""
    out = stream or sys.__stdout__
    if out is not None:
        out.write(text)
        out.flush()
