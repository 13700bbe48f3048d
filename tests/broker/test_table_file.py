import json

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.broker.table_file import RETRY_S, TableFile
from twistedmq.protocol.errors import ServiceUnavailableError


class SlowFile:
    """A file whose writes end when the test says so."""

    def __init__(self) -> None:
        self.saved: list[bytes] = []
        self.ends: list[Deferred[None]] = []

    def save(self, data: bytes) -> Deferred[None]:
        self.saved.append(data)
        self.ends.append(Deferred())
        return self.ends[-1]


class Kept:
    """A table of numbers, written by a TableFile."""

    def __init__(self) -> None:
        self.clock, self.file = Clock(), SlowFile()
        self.numbers: dict[str, int] = {}
        self.encoded: list[str] = []
        self.writer = TableFile(
            self.clock, self.file, lambda: b'"version":1', "numbers", self.entry
        )

    def entry(self, name: str) -> bytes | None:
        self.encoded.append(name)
        number = self.numbers.get(name)
        return None if number is None else str(number).encode()

    def put(self, name: str, number: int | None) -> None:
        if number is None:
            del self.numbers[name]
        else:
            self.numbers[name] = number
        self.writer.changed(name)

    @property
    def written(self) -> list[dict[str, int]]:
        return [json.loads(data)["numbers"] for data in self.file.saved]


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_changes_of_one_turn_are_written_together(kept: Kept) -> None:
    kept.put("a", 1)
    kept.put('b"\\', 2)
    assert kept.written == []
    kept.clock.advance(0)
    assert kept.written == [{"a": 1, 'b"\\': 2}]
    assert json.loads(kept.file.saved[0])["version"] == 1


def test_only_what_changed_is_encoded_again(kept: Kept) -> None:
    kept.put("a", 1)
    kept.put("b", 2)
    kept.clock.advance(0)
    kept.file.ends[0].callback(None)
    kept.put("b", 3)
    kept.clock.advance(0)
    assert sorted(kept.encoded) == ["a", "b", "b"]
    assert kept.written[-1] == {"a": 1, "b": 3}


def test_one_write_follows_another(kept: Kept) -> None:
    kept.put("a", 1)
    kept.clock.advance(0)
    for number in range(2, 9):
        kept.put("a", number)
        kept.clock.advance(1)
    assert len(kept.written) == 1
    kept.file.ends[0].callback(None)
    kept.clock.advance(0)
    assert kept.written == [{"a": 1}, {"a": 8}]


def test_what_is_gone_is_not_written(kept: Kept) -> None:
    kept.put("a", 1)
    kept.clock.advance(0)
    kept.file.ends[0].callback(None)
    kept.put("a", None)
    kept.clock.advance(0)
    assert kept.written[-1] == {}


def test_saved_waits_for_what_was_changed_before(kept: Kept) -> None:
    assert kept.writer.saved() is None
    kept.put("a", 1)
    fired: list[str] = []
    before = kept.writer.saved()
    assert before is not None
    before.addCallback(lambda _: fired.append("before"))
    kept.clock.advance(0)
    during = kept.writer.saved()
    assert during is not None
    during.addCallback(lambda _: fired.append("during"))
    kept.put("b", 2)
    after = kept.writer.saved()
    assert after is not None
    after.addCallback(lambda _: fired.append("after"))
    kept.file.ends[0].callback(None)
    assert fired == ["before", "during"]
    kept.clock.advance(0)
    kept.file.ends[1].callback(None)
    assert fired == ["before", "during", "after"]
    assert kept.writer.saved() is None


def test_a_failed_write_is_told_and_tried_again(kept: Kept) -> None:
    kept.put("a", 1)
    saved = kept.writer.saved()
    assert saved is not None
    problems: list[str] = []
    saved.addErrback(
        lambda failure: problems.append(
            f"{failure.check(ServiceUnavailableError)}: {failure.value}"
        )
    )
    kept.clock.advance(0)
    kept.file.ends[0].errback(OSError(28, "No space left on device"))
    assert len(problems) == 1
    assert "No space left on device" in problems[0]
    kept.clock.advance(RETRY_S)
    kept.file.ends[1].callback(None)
    assert kept.written[-1] == {"a": 1}
    assert kept.writer.saved() is None


def test_what_was_loaded_is_there_from_the_start(kept: Kept) -> None:
    kept.numbers["a"] = 1
    kept.writer.prime("a")
    kept.put("b", 2)
    kept.clock.advance(0)
    assert kept.written == [{"a": 1, "b": 2}]


def test_the_whole_file_can_be_had_at_once(kept: Kept) -> None:
    kept.put("a", 1)
    assert json.loads(kept.writer.encoded())["numbers"] == {"a": 1}
