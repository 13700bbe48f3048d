"""The recorded frames of the genuine programs, for tests of the wire."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

TESTS = Path(__file__).resolve().parent.parent


class Recorded(Struct):
    """One recorded frame: its bytes and what the recorder says of it."""

    name: str
    frame: bytes
    """With its length bytes."""
    said: dict[str, Any]

    @property
    def is_request(self) -> bool:
        return bool(self.said["direction"] == "request")

    @property
    def header(self) -> dict[str, Any]:
        header: dict[str, Any] = self.said["header"]
        return header

    @property
    def body(self) -> bytes | None:
        """The body in the recorder's words, where it is told as text or bytes."""
        if "body_hex" in self.said:
            return bytes.fromhex(self.said["body_hex"])
        if "body_text" in self.said:
            return str(self.said["body_text"]).encode()
        return None


@cache
def recorded() -> list[Recorded]:
    """Every frame in tests/vectors/wire."""
    return list(_read())


def _read() -> Iterator[Recorded]:
    for path in sorted((TESTS / "vectors" / "wire").glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                said = json.loads(line)
                frame = bytes.fromhex(said["frame_hex"])
                yield Recorded(f"{path.stem}:{number}", frame, said)


@cache
def catalogue(name: str) -> dict[str, Any]:
    """One file of the catalogue of the protocol."""
    path = TESTS / "catalogue" / f"{name}.json"
    facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return facts
