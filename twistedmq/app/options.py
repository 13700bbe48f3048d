"""The command line of the servers, and the settings it leads to."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from twisted.python.usage import Options, UsageError

from twistedmq.app.fatal import WRONG_USAGE, refuse
from twistedmq.config.keys import KeyTable
from twistedmq.config.loading import (
    Assignment,
    from_environment,
    from_file,
    from_option,
    load_settings,
)
from twistedmq.config.settings import (
    ConfigError,
    Problem,
    Settings,
    render_properties,
)


class ServerOptions(Options):
    """What all servers take; the letters are those of the genuine programs."""

    optParameters: ClassVar = [
        ["configFile", "c", None, "Read settings from this properties file."],
        ["namesrvAddr", "n", None, "Name servers, HOST:PORT;HOST:PORT."],
        ["data", None, None, "Keep all files below this directory."],
    ]
    optFlags: ClassVar = [
        ["printConfigItem", "p", "Print all settings and end."],
        ["printImportantConfig", "m", "Print the important settings and end."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.sets: list[Assignment] = []

    def opt_set(self, text: str) -> None:
        """Set one setting, as KEY=VALUE; may be given many times."""
        try:
            self.sets.append(from_option(text))
        except ConfigError as error:
            raise UsageError(str(error)) from None

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse; wrong usage ends the program with status 2."""
        try:
            super().parseOptions(options)
        except UsageError as error:
            refuse(f"{error}\n{self}", WRONG_USAGE)

    @property
    def config_file(self) -> Path | None:
        """The file named with -c."""
        return Path(self["configFile"]) if self["configFile"] else None


class StoreOptions(ServerOptions):
    """What a server takes that keeps messages."""

    optParameters: ClassVar = [
        ["store", None, "file", "SCHEME:ARGUMENTS of the store: file, memory, ..."],
    ]


@dataclass(frozen=True)
class Wanted:
    """One server whose settings a command line is read for."""

    table: KeyTable
    under_data: Mapping[str, str] = field(default_factory=dict)
    """Keys of paths, with their place below the data directory."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """What this command has other defaults for than the table."""
    not_mine: frozenset[str] = frozenset()
    """Keys that mean another server of the same command."""
    kept_changes: Callable[[Settings], Path | None] = lambda _settings: None
    """Names the file of changes made while running; read where no -c is given."""

    def takes(self, key: str) -> bool:
        """Whether the key is one of this server's."""
        return key not in self.not_mine and self.table.find(key) is not None


def read_settings(
    options: ServerOptions,
    wanted: Sequence[Wanted],
    environ: Mapping[str, str] = os.environ,
    data: str | None = None,
) -> list[Settings]:
    """Give the settings of each server; *data* is the command's own data directory.

    Raises: ConfigError with everything that is wrong.
    """
    problems: list[Problem] = []
    in_file = from_file(options.config_file, problems) if options.config_file else []
    given = [*in_file, *_from_options(options)]
    found = []
    for server in wanted:
        others = [w for w in wanted if w is not server]
        first = server is wanted[0]  # it tells of keys that nobody knows
        mine = [
            a
            for a in given
            if server.takes(a.key)
            or (first and not any(w.takes(a.key) for w in others))
        ]
        try:
            found.append(_one(server, options, mine, environ, data))
        except ConfigError as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise ConfigError(problems)
    return found


def _from_options(options: ServerOptions) -> Iterable[Assignment]:
    if options["namesrvAddr"]:
        yield Assignment("namesrvAddr", options["namesrvAddr"], "option -n")
    yield from options.sets


def _one(
    server: Wanted,
    options: ServerOptions,
    given: list[Assignment],
    environ: Mapping[str, str],
    data: str | None,
) -> Settings:
    below: dict[str, str] = {}
    chosen: str | None = options["data"] or data
    if chosen:
        root = Path(chosen).resolve()
        below = {key: str(root / place) for key, place in server.under_data.items()}
    if options["data"]:  # an option, so it goes before the file
        given = [*given, *(Assignment(k, v, "option --data") for k, v in below.items())]
        given = _stable(given)
    defaults = {**server.defaults, **below}

    def load(more: list[Assignment]) -> Settings:
        return load_settings(
            server.table, options=[*more, *given], environ=environ, defaults=defaults
        )

    settings = load([])
    kept = server.kept_changes(settings)
    if options.config_file is not None or kept is None or not kept.is_file():
        return settings
    problems: list[Problem] = []
    changes = from_file(kept, problems)
    if problems:
        raise ConfigError(problems)
    set_outside = {a.key for a in from_environment(server.table, environ)}
    return load([a for a in changes if a.key not in set_outside])


def _stable(given: list[Assignment]) -> list[Assignment]:
    """Put what --set says behind what --data implies."""
    return sorted(given, key=lambda a: a.place == "option --set")


def print_if_asked(options: ServerOptions, found: Iterable[Settings]) -> None:
    """Print the settings and end, if -p or -m is among the options."""
    if not (options["printConfigItem"] or options["printImportantConfig"]):
        return
    important = not options["printConfigItem"]
    for settings in found:
        print(render_properties(settings, only_important=important), end="")
    raise SystemExit(0)
