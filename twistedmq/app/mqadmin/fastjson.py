"""JSON as the genuine tool shows it to people: tabs, and keys that may be bare."""

from typing import Any

from twistedmq.protocol import loose_json


def pretty(value: Any) -> str:
    """Give the JSON text of *value* over several lines."""
    return indented(loose_json.encode(value).decode())


def indented(text: str) -> str:
    """Spread compact JSON over lines; bare keys stay bare."""
    out: list[str] = []
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
            out.append(character)
            continue
        if character in "}]":
            depth -= 1
            out.append("\n" + "\t" * depth)
        out.append(character)
        if character in "{[":
            depth += 1
        if character in "{[,":
            out.append("\n" + "\t" * depth)
        in_string = character == '"'
    return "".join(out)
