"""What the servers' start has in common: refusing, undoing, logging, the last word."""

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from twisted.application.service import IService
from twisted.internet.base import ReactorBase
from twisted.logger import Logger

from twistedmq.app import logs
from twistedmq.app.banner import banner, open_to_all
from twistedmq.app.fatal import FatalErrors, refuse
from twistedmq.app.options import ServerOptions, Wanted, print_if_asked, read_settings
from twistedmq.app.pipeline import PipelineService, Step
from twistedmq.config.logging import LoggingConfig
from twistedmq.config.properties_file import change_file
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.settings import LiveSettings, Settings
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.remoting.interfaces import ITransportSecurity
from twistedmq.remoting.security import open_security

REGISTRATION_STOP_S = 3.5
SERVER_STOP_S = 4.0
OFFSETS_STOP_S = 3.0
STORE_STOP_S = 8.0
SMALL_STOP_S = 1.0
"""Limits of stopping; together they stay below 30 seconds."""

_log = Logger()


@contextmanager
def refusing() -> Iterator[ExitStack]:
    """Turn what keeps a server from starting into one line and an exit status.

    Gives a stack of what must be undone then: ports, locks.
    """
    with ExitStack() as undo:
        try:
            yield undo
        except (TwistedMQError, OSError) as error:
            undo.close()
            refuse(str(error))
        undo.pop_all()


def live_settings(settings: Settings, path: Path | None) -> LiveSettings:
    """Give settings whose changes while running are kept in the file at *path*."""

    def persist(changes: Mapping[str, str]) -> None:
        if path is not None:
            change_file(path, changes)

    return LiveSettings(settings, persist)


def log_as_set(options: ServerOptions, settings: Settings) -> None:
    """Have the ``twist`` command log as the settings say, if it runs us."""
    twist = getattr(options, "parent", None)
    if twist is not None:
        logs.adopt(twist, settings[LoggingConfig])


def security_of(settings: Settings) -> ITransportSecurity | None:
    """Give the TLS of the ports."""
    return open_security(settings[RemotingConfig])


def warn_of(settings: Settings) -> None:
    """Log what whoever runs the server should know about the settings."""
    server, ignored = settings.table.server, settings.why_without_effect()
    if ignored:
        groups = (f"{', '.join(keys)} ({why})" for why, keys in ignored.items())
        _log.warn(
            "settings of the {server} without effect: {keys}",
            server=server,
            keys="; ".join(groups),
        )
    host = settings[RemotingConfig].listen_host
    if open_to_all(host):
        _log.warn(
            "the {server} listens on {host} and has no access control: whoever reaches "
            "it may do anything",
            server=server,
            host=host,
        )


class Server(Protocol):
    """A broker or a name server, made and not yet started."""

    def add_to(self, tree: PipelineService) -> None:
        """Put everything into its place in the tree."""

    def lines(self) -> list[tuple[str, str]]:
        """Say where it listens."""


MakeServer = Callable[[Any, LiveSettings, ITransportSecurity | None, ExitStack], Server]
"""Makes one of a reactor, settings, TLS, and a stack that undoes what was made."""


def serve_alone(
    options: ServerOptions, wanted: Wanted, title: str, make: MakeServer
) -> IService:
    """Give the tree of a process that runs one server; refuse what cannot start."""
    reactor = running_reactor()
    with refusing() as undo:
        (settings,) = read_settings(options, [wanted])
        print_if_asked(options, [settings])
        log_as_set(options, settings)
        live = live_settings(settings, change_path(options, wanted, settings))
        server = make(reactor, live, security_of(settings), undo)
        tree = PipelineService(reactor, FatalErrors(reactor))
        server.add_to(tree)
        return finish(tree, lambda: banner(title, server.lines()))


def change_path(
    options: ServerOptions, wanted: Wanted, settings: Settings
) -> Path | None:
    """Name the file that takes changes made while running: the one given with -c."""
    return options.config_file or wanted.kept_changes(settings)


def nothing_to_do() -> None:
    """The start of a part that only has something to stop."""


def finish(tree: PipelineService, last_word: Callable[[], str]) -> IService:
    """Add what comes when everything runs, and give the tree."""
    tree.add("memory", Step(_freeze), SMALL_STOP_S)
    tree.add("banner", Step(lambda: logs.announce(last_word())), SMALL_STOP_S)
    return tree


def _freeze() -> None:
    """Take what lives as long as the process out of the collector's sight."""
    gc.collect()
    gc.freeze()


def running_reactor() -> Any:
    """Give the reactor of this process; only who starts a program may ask."""
    from twisted.internet import reactor  # noqa: PLC0415

    return on_monotonic_time(reactor)


def on_monotonic_time(reactor: Any) -> Any:
    """Have the timers of *reactor* not follow the wall clock, and give it.

    A reactor counts by the wall clock unless it is told otherwise: one that is set back
    an hour would hold every timer for an hour.
    """
    kind = type(reactor)
    if issubclass(kind, ReactorBase) and kind.seconds is ReactorBase.seconds:
        reactor.seconds = time.monotonic
    return reactor


def is_told(settings: Settings, key: str) -> bool:
    """Whether somebody has set *key*, so that it is more than a default."""
    return settings.places.get(key, "default") != "default"
