"""What a verb prints: lines for people, or JSON for programs."""

import re
from collections.abc import Mapping
from typing import Any, Final, TextIO

import msgspec

from twistedmq.app.mqadmin import exits

MOST_NAME: Final = 200
"""Characters of the name of a file."""


class Output:
    """Prints the one of both that was asked for.

    Args:
        out: where to.
        err: where problems go.
        json: whether JSON is wanted.

    Attributes:
        is_json: whether it is for programs.
        status: the exit status so far.
        rounds: how often the verb has run before, where it repeats.
    """

    def __init__(self, out: TextIO, err: TextIO, *, json: bool) -> None:
        self._out = out
        self._err = err
        self.is_json = json
        self.status = exits.DONE
        self.rounds = 0

    def line(self, text: str = "", *values: Any) -> None:
        """Print a line for people.

        With *values*, *text* is a format as ``printf`` has them, and ``%s`` writes
        values as Java does.
        """
        self.text(text + "\n", *values)

    def text(self, text: str, *values: Any) -> None:
        """Print what is no whole line; else as ``line``."""
        if not self.is_json:
            self._out.write(text % tuple(map(_as_java, values)) if values else text)

    def result(self, value: Any) -> None:
        """Print a value for programs: a dict, a list, a struct; one line of JSON."""
        if self.is_json:
            self._out.write(msgspec.json.encode(value).decode() + "\n")

    def problem(self, error: BaseException, about: str = "") -> None:
        """Tell what went wrong; the verb goes on, and ends with that status."""
        status = exits.status_of(error)
        self.status = max(self.status, status)
        if self.is_json:
            told = exits.described(error, status)
            if about:
                told["about"] = about
            self._err.write(msgspec.json.encode(told).decode() + "\n")
        else:
            said = _one_line(error)
            lead = f"{about}: " if about not in said else ""
            self._err.write(f"mqadmin: {lead}{said}\n")

    def flush(self) -> None:
        """Have all of it written."""
        self._out.flush()


def file_name(text: str) -> str:
    """Give a name for a file, of a text that somebody else chose: an id of a client.

    It does not lead out of a folder.
    """
    name = re.sub(r"[^\w.@#+=-]", "_", text)[:MOST_NAME].lstrip(".")
    return name or "_"


def java(value: Any) -> str:
    """Write *value* as Java does: ``null``, ``true``, ``{a=b, c=d}``, ``[a, b]``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = (f"{java(key)}={java(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(java, value))}]"
    return str(value)


def _as_java(value: Any) -> Any:
    """Leave numbers to the format."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else java(value)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
