"""Java's properties syntax: reading with line numbers, writing, changing in place."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BLANKS = " \t\f"
_CONTROLS = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\\": "\\\\"}


class Entry(Struct, frozen=True):
    """One key and its value; the lines it takes count from 1."""

    key: str
    value: str
    first_line: int
    last_line: int


class PropertiesError(ValueError):
    """Text that is no properties syntax."""

    def __init__(self, line: int, problem: str) -> None:
        """Keep the number of the *line* and what is wrong with it."""
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


def decode(data: bytes) -> str:
    """Decode a file: UTF-8, or Latin-1 (what Java means) where it is not that."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse(text: str) -> list[Entry]:
    """Give all entries in order; a key given twice is there twice.

    Raises: PropertiesError for a broken unicode escape.
    """
    entries = []
    lines = _lines(text)
    number = 0
    while number < len(lines):
        first = number + 1
        logical = lines[number].lstrip(_BLANKS)
        number += 1
        if not logical or logical[0] in "#!":
            continue
        while _is_continued(logical) and number < len(lines):
            logical = logical[:-1] + lines[number].lstrip(_BLANKS)
            number += 1
        if _is_continued(logical):
            logical = logical[:-1]
        raw_key, raw_value = _split(logical)
        entries.append(
            Entry(_unescape(raw_key, first), _unescape(raw_value, first), first, number)
        )
    return entries


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _is_continued(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _split(line: str) -> tuple[str, str]:
    """Cut at the first separator that is not escaped: "=", ":" or a blank."""
    at = 0
    while at < len(line) and line[at] not in "=:" + _BLANKS:
        at += 2 if line[at] == "\\" else 1
    key, rest = line[:at], line[at:].lstrip(_BLANKS)
    if rest[:1] in ("=", ":") and rest:
        rest = rest[1:].lstrip(_BLANKS)
    return key, rest


def _unescape(text: str, line: int) -> str:
    if "\\" not in text:
        return text
    out, at = [], 0
    while at < len(text):
        char = text[at]
        at += 1
        if char != "\\":
            out.append(char)
            continue
        escaped = text[at : at + 1]
        at += 1
        if escaped == "u":
            digits = text[at : at + 4]
            at += 4
            try:
                out.append(chr(int(digits, 16)) if len(digits) == 4 else "")
            except ValueError:
                raise PropertiesError(line, f"\\u{digits} is no character") from None
            if len(digits) != 4:
                raise PropertiesError(line, f"\\u{digits} is no character")
        else:
            out.append(_ESCAPES.get(escaped, escaped))
    joined = "".join(out)
    # Characters beyond 16 bits are written as two escapes, as Java holds them.
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def format_entry(key: str, value: str) -> str:
    """Write one entry as a line, in ASCII, so that any reader gives the value back."""
    return f"{_escape(key, is_key=True)}={_escape(value, is_key=False)}"


def _escape(text: str, *, is_key: bool) -> str:
    out = []
    for char in text:
        if char in _CONTROLS:
            out.append(_CONTROLS[char])
        elif is_key and char in "=: #!":
            out.append("\\" + char)
        elif " " <= char <= "~":
            out.append(char)
        else:
            units = char.encode("utf-16-be", "surrogatepass")
            out.extend(
                f"\\u{units[at]:02x}{units[at + 1]:02x}"
                for at in range(0, len(units), 2)
            )
    escaped = "".join(out)
    return "\\" + escaped if escaped.startswith(" ") else escaped


def change(text: str, changes: Mapping[str, str]) -> str:
    """Give *text* with the values of some keys replaced and everything else kept.

    Of a key that is there twice the last one counts, and is changed; keys that are not
    there yet go to the end.
    """
    lines = _lines(text)
    if lines[-1] == "":
        lines.pop()
    last = {entry.key: entry for entry in parse(text)}
    places = sorted(
        (last[key] for key in changes if key in last),
        key=lambda entry: entry.first_line,
        reverse=True,
    )
    for entry in places:
        new = format_entry(entry.key, changes[entry.key])
        lines[entry.first_line - 1 : entry.last_line] = [new]
    lines.extend(
        format_entry(key, value) for key, value in changes.items() if key not in last
    )
    return "".join(line + "\n" for line in lines)


def change_file(path: Path, changes: Mapping[str, str]) -> None:
    """Change the values of some keys in a file; a reader sees the old file or the new.

    The file is made where there is none.
    """
    before = decode(path.read_bytes()) if path.exists() else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".tmp")
    with beside.open("wb") as file:
        file.write(change(before, changes).encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        beside.chmod(path.stat().st_mode & 0o7777)
    os.replace(beside, path)
