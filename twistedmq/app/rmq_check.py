"""``rmq check``: everything that is wrong with a file of settings, before the start."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from twistedmq.config.keys import KeyTable
from twistedmq.config.loading import Assignment, check, from_file
from twistedmq.config.settings import Problem, Settings
from twistedmq.config.tables import broker_keys, namesrv_keys

TABLES: Final = {"broker": broker_keys, "namesrv": namesrv_keys}


@dataclass(frozen=True)
class Finding:
    """One thing that is to be told of a file."""

    line: int | None
    """Where, from 1; None where it is the file as a whole."""
    key: str | None
    kind: str
    """unreadable, unknown, not_allowed, contradiction, repeated or no_effect."""
    is_error: bool
    """Whether the server would refuse to start."""
    text: str


def run(options: Namespace) -> int:
    """Print what is found; gives the exit status, 1 where a start would be refused."""
    path: Path = options.file
    found = findings(path, TABLES[options.server]())
    errors = sum(each.is_error for each in found)
    if options.json:
        told = {
            "file": str(path),
            "good": not errors,
            "findings": [asdict(each) for each in found],
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.writelines(_line(path, each) for each in found)
        notes = len(found) - errors
        counts = f"{_number(errors, 'error')}, {_number(notes, 'note')}"
        sys.stdout.write(f"{path}: {counts}\n")
    return 1 if errors else 0


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def findings(path: Path, table: KeyTable) -> list[Finding]:
    """Give all that is to be told of the file, by line."""
    unreadable: list[Problem] = []
    assignments = from_file(path, unreadable)
    found = [
        Finding(_line_of(path, each.place), None, "unreadable", True, each.text)
        for each in unreadable
    ]
    for given in assignments:
        found += _mistakes(path, table, given)
    values, places = check(table, assignments, [])
    settings = Settings(table, values, places)
    if not found:
        # with a wrong value left out, the others contradict what nobody wants
        found += [
            Finding(None, None, "contradiction", True, each.text)
            for each in settings.contradictions()
        ]
    found += _repeated(path, table, assignments)
    for reason, names in settings.why_without_effect().items():
        found += [
            Finding(
                _line_of(path, places[name]),
                name,
                "no_effect",
                False,
                f"{name} has no effect: {reason}",
            )
            for name in names
        ]
    return sorted(found, key=lambda each: (each.line or 0, not each.is_error))


def _mistakes(path: Path, table: KeyTable, given: Assignment) -> Iterable[Finding]:
    problems: list[Problem] = []
    check(table, [given], problems)
    kind = "not_allowed" if table.find(given.key) else "unknown"
    for each in problems:
        yield Finding(_line_of(path, each.place), given.key, kind, True, each.text)


def _repeated(
    path: Path, table: KeyTable, assignments: Iterable[Assignment]
) -> Iterable[Finding]:
    """Find what is set again: the last one counts, and who wrote the first may not
    know.
    """
    first: dict[str, int | None] = {}
    for given in assignments:
        key = table.find(given.key)
        name, line = key.name if key else given.key, _line_of(path, given.place)
        if name in first:
            text = f"{given.key} was set in line {first[name]} already; the last counts"
            yield Finding(line, given.key, "repeated", False, text)
        else:
            first[name] = line


def _line_of(path: Path, place: str) -> int | None:
    number = place.removeprefix(f"{path}:")
    return int(number) if number.isdigit() else None


def _line(path: Path, found: Finding) -> str:
    place = f"{path}:{found.line}" if found.line else str(path)
    return f"{place}: {'' if found.is_error else 'note: '}{found.text}\n"
