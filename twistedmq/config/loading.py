"""Settings from files, options and the environment, with all mistakes told at once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twistedmq.config import properties_file
from twistedmq.config.keys import Effect, Key, KeyTable
from twistedmq.config.settings import (
    BlackListedKeyError,
    ConfigError,
    LiveSettings,
    Problem,
    Settings,
)

ENVIRONMENT = {"NAMESRV_ADDR": "namesrvAddr", "ROCKETMQ_HOME": "rocketmqHome"}
"""Variables that set a key, if the table has it."""


@dataclass(frozen=True)
class Assignment:
    """One key set to one text somewhere."""

    key: str
    text: str
    place: str
    """Where, in the words of the user: "broker.conf:12", "option --set"."""


def load_settings(
    table: KeyTable,
    *,
    config_file: Path | None = None,
    options: Iterable[Assignment] = (),
    environ: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Settings:
    """Give the settings: option before file before environment before *defaults*.

    *defaults* are those of the command, where they differ from the table's.

    Raises: ConfigError with everything that is wrong in any of them.
    """
    problems: list[Problem] = []
    weakest_first = [
        Assignment(key, text, "default") for key, text in (defaults or {}).items()
    ]
    weakest_first += from_environment(table, environ or {})
    if config_file is not None:
        weakest_first += from_file(config_file, problems)
    weakest_first += options
    values, places = check(table, weakest_first, problems)
    settings = Settings(table, values, places)
    if not problems:
        problems = settings.contradictions()
    if problems:
        raise ConfigError(problems)
    return settings


def from_environment(table: KeyTable, environ: Mapping[str, str]) -> list[Assignment]:
    """Give what the environment sets, for keys that this table has."""
    return [
        Assignment(key, environ[variable], f"environment variable {variable}")
        for variable, key in ENVIRONMENT.items()
        if environ.get(variable) and table.find(key)
    ]


def from_file(path: Path, problems: list[Problem]) -> list[Assignment]:
    """Give what a properties file sets; what keeps it from being read is a problem."""
    try:
        entries = properties_file.parse(properties_file.decode(path.read_bytes()))
    except properties_file.PropertiesError as error:
        problems.append(Problem(f"{path}:{error.line}", error.problem))
        return []
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read: {error.strerror}"))
        return []
    return [
        Assignment(entry.key, entry.value, f"{path}:{entry.first_line}")
        for entry in entries
    ]


def from_option(text: str, option: str = "--set") -> Assignment:
    """Give what an option of the form KEY=VALUE sets.

    Raises: ConfigError where the text has no other form.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        problem = f"{text!r} has not the form KEY=VALUE"
        raise ConfigError([Problem(f"option {option}", problem)])
    return Assignment(key.strip(), value.strip(), f"option {option}")


def check(
    table: KeyTable, assignments: Iterable[Assignment], problems: list[Problem]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Give values and places by the names of their keys; the last assignment counts.

    Each assignment is checked, also one that a later one overrides.
    """
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for given in assignments:
        key = table.find(given.key)
        if key is None:
            problems.append(Problem(given.place, _unknown(table, given.key)))
            continue
        try:
            values[key.name] = _value(key, given)
        except ValueError as error:
            problems.append(Problem(given.place, str(error)))
        else:
            places[key.name] = given.place
    return values, places


def _unknown(table: KeyTable, name: str) -> str:
    nearest = table.nearest(name)
    hint = f"; did you mean {nearest}?" if nearest else ""
    return f"{name}: the {table.server} has no such setting{hint}"


def _value(key: Key, given: Assignment) -> Any:
    shown = "" if key.secret else given.text
    try:
        value = key.kind.parse(given.text)
    except (ValueError, ArithmeticError):
        raise ValueError(
            f"{given.key}={shown}: not allowed; allowed is {key.kind.allowed}"
        ) from None
    if key.effect is Effect.REFUSED and value != key.default_value():
        only = key.text_of(key.default_value()) or "to leave it out"
        raise ValueError(
            f"{given.key}={shown}: refused, {key.reason}; allowed is {only}"
        )
    return value


def update(live: LiveSettings, text: str, black_list: Collection[str]) -> list[str]:
    """Change running settings as an update request's properties *text* says.

    Gives the names of the keys. Nothing is changed where anything is wrong.

    Raises: ConfigError; BlackListedKeyError for a key in *black_list*.
    """
    table = live.settings.table
    place = "update request"
    try:
        entries = properties_file.parse(text)
    except properties_file.PropertiesError as error:
        raise ConfigError([Problem(place, str(error))]) from None
    problems: list[Problem] = []
    assignments = [Assignment(entry.key, entry.value, place) for entry in entries]
    for given in assignments:
        key = table.find(given.key)
        if given.key in black_list or (key and key.name in black_list):
            raise BlackListedKeyError(given.key)
    values, _ = check(table, assignments, problems)
    changed = live.settings.changed(values, place)
    problems += changed.contradictions()
    if problems:
        raise ConfigError(problems)
    keys = {key.name: key for key in table.keys}
    live.apply(changed, {name: keys[name].text_of(to) for name, to in values.items()})
    return list(values)
