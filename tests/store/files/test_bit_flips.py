"""One fault at a time in a store on the disk: a bit turned over, or a file cut short.

Whatever it is, no other message than the one that was stored is served, unless the
fault is in a field that the default format covers with nothing (``UNCOVERED``; the
table of docs/durability.md). What is not served any more is said: by an error to the
reader, a refusal to start, or a line of the log.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from power_loss import TINY
from twisted.logger import LogEvent, LogLevel, globalLogPublisher

from twistedmq.store.errors import DamagedRecordError, StoreOpenError
from twistedmq.store.files.store import FileStore
from twistedmq.store.interfaces import QueueRead
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.fake_files import FakeFiles
from twistedmq.testing.stores import store_context

ROOT = Path("/store")
FAULTS = 1000
FAULTS_SEALED = 200
MESSAGES = 44
QUEUES = (("A", 0), ("A", 1), ("B", 0), ("B", 1))
Place = tuple[str, int, int]

UNCOVERED = {
    "flag": (16, 20),
    "system flag": (36, 40),
    "born time and host": (40, 56),
    "store time and host": (56, 72),
    "reconsume times": (72, 76),
    "prepared offset": (76, 84),
}
"""Bytes of a record with IPv4 hosts; its properties besides."""


@dataclass
class Recorded:
    """A store on the disk, and what it held."""

    messages: dict[Place, tuple[int, bytes]]
    """Physical offset and record."""


def open_on(files: FakeFiles, **changes: Any) -> FileStore:
    store = FileStore(store_context(ROOT, files, config=TINY, **changes))
    store.start()
    failed: list[Any] = []
    store.ready.addErrback(failed.append)
    if failed:
        failed[0].raiseException()
    return store


def record(stopped: bool, **changes: Any) -> tuple[FakeFiles, Recorded]:
    files = FakeFiles()
    store = open_on(files, **changes)
    random = Random(1)
    messages: dict[Place, tuple[int, bytes]] = {}
    for n in range(MESSAGES):
        topic, queue_id = QUEUES[n % 4]
        body = bytes(random.randrange(256) for _ in range(random.choice((0, 40, 80))))
        told = Told(topic, queue_id, body, tag=f"t{n % 3}", keys=f"k{n}")
        appended = store.append(batch_of([told]))
        at, offset = appended.physical_offsets[0], appended.queue_offsets[0]
        raw = bytes(value_of(store.log_read(at, appended.end - at)))
        messages[topic, queue_id, offset] = at, raw
        if n == MESSAGES // 2:
            value_of(store._voucher.vouch())
    if stopped:
        value_of(store.stop())
    files.kill_program()
    return files, Recorded(messages)


@pytest.fixture
def told_lines() -> Iterator[list[str]]:
    """Whatever is logged as a warning or worse."""
    lines: list[str] = []
    worth = (LogLevel.warn, LogLevel.error, LogLevel.critical)

    def note(event: LogEvent) -> None:
        if event["log_level"] in worth:
            lines.append(event["log_format"])

    globalLogPublisher.addObserver(note)
    yield lines
    globalLogPublisher.removeObserver(note)


class Fault:
    """One bit of one file, or the end of one."""

    def __init__(self, random: Random, files: FakeFiles) -> None:
        path = random.choice([p for p in files.paths() if files.content(p)])
        data = files.content(path)
        used = len(bytes(data).rstrip(b"\0"))
        at = random.randrange(used if used and random.random() < 0.8 else len(data))
        self.path = path.relative_to(ROOT)
        self.base = int(path.name) if path.name.isdigit() else 0
        self.at: int | None = at
        self.bit = random.randrange(8)
        if random.random() < 0.1:
            del data[at:]
            self.at = None
        else:
            data[at] ^= 1 << self.bit
        self.cut_at = at

    def __str__(self) -> str:
        if self.at is None:
            return f"{self.path} cut at {self.cut_at}"
        return f"bit {self.bit} of byte {self.at} of {self.path}"

    def place_in(self, physical_offset: int) -> int:
        """Give where in the record at an offset it is; -1 if elsewhere."""
        if self.at is None or self.path.parts[0] != "commitlog":
            return -1
        return self.base + self.at - physical_offset

    def is_uncovered(self, physical_offset: int, raw: bytes) -> bool:
        """Whether it is in that record, where nothing in the format shows it."""
        at = self.place_in(physical_offset)
        if any(start <= at < end for start, end in UNCOVERED.values()):
            return True
        if 8 <= at < 12 and topic_at(raw) == 89:
            return True  # the CRC of nothing
        return topic_at(raw) + 1 + 2 <= at < len(raw)

    def moves(self, physical_offset: int, raw: bytes) -> bool:
        """Whether it has that record belong to another place.

        A queue that is made anew from the log cannot know.
        """
        at = self.place_in(physical_offset)
        return 12 <= at < 16 or 20 <= at < 28 or at == topic_at(raw)


def topic_at(raw: bytes) -> int:
    return 88 + int.from_bytes(raw[84:88]) + 1


def read(store: FileStore, place: Place, tags: Any = None) -> QueueRead:
    topic, queue_id, offset = place
    return value_of(store.read_queue(topic, queue_id, offset, 8, 1 << 16, tags, None))


def served(store: FileStore, told: list[str]) -> dict[Place, bytes]:
    """Read every queue to its end; over a damaged message with a line in *told*."""
    found: dict[Place, bytes] = {}
    for topic, queue_id in store.queues():
        offset, last = store.queue_bounds(topic, queue_id)
        while offset < last:
            try:
                result = read(store, (topic, queue_id, offset))
            except DamagedRecordError as error:
                told.append(str(error))
                offset += 1
                continue
            assert result.next_offset > offset
            for buffer in result.records:
                raw = bytes(buffer)
                while raw:
                    size = int.from_bytes(raw[:4])
                    place = topic, queue_id, int.from_bytes(raw[20:28])
                    assert offset <= place[2] < result.next_offset
                    found[place], raw = raw[:size], raw[size:]
            offset = result.next_offset
    return found


def check(
    recorded: Recorded,
    fault: Fault,
    files: FakeFiles,
    lines: list[str],
    stopped: bool,
    **changes: Any,
) -> str:
    """Give what became of the fault: harmless, repaired, reported or unnoticed."""
    lines.clear()
    is_sealed = bool(changes)
    try:
        store = open_on(files, **changes)
    except StoreOpenError:
        return "refused"
    found = served(store, lines)
    unnoticed = False
    by_offset = dict(recorded.messages.values())
    for place, raw in found.items():
        at = int.from_bytes(raw[28:36])
        original = by_offset[at]
        if recorded.messages.get(place, (0, b""))[0] != at:
            assert not is_sealed, f"{place} at {at}"
            assert not stopped, f"{place} at {at}"
            assert fault.moves(at, original), f"{place} at {at}"
            unnoticed = True
        elif raw != original:
            assert not is_sealed, f"{place} at {at}"
            assert fault.is_uncovered(at, original), f"{place} at {at}"
            unnoticed = True
    missing = recorded.messages.keys() - found.keys()
    assert not missing or lines, f"{sorted(missing)} are gone, and nobody says so"
    if fault.path.parts[0] == "index" or fault.bit == 0:
        check_queries(store, found)
    for topic, queue_id in QUEUES:
        appended = store.append(batch_of([Told(topic, queue_id)]))
        offset = appended.queue_offsets[0]
        assert (topic, queue_id, offset) not in recorded.messages or lines
    if unnoticed:
        return "unnoticed"
    return "reported" if lines else "nothing"


def check_queries(store: FileStore, found: dict[Place, bytes]) -> None:
    """Whatever the index says, what comes of it is a message or nothing."""
    whole = {int.from_bytes(raw[28:36]): raw for raw in found.values()}
    for n in range(0, MESSAGES, 7):
        topic = QUEUES[n % 4][0]
        hits = value_of(store.query(topic, f"k{n}", 9, 0, 1 << 60, ""))
        for at in hits.physical_offsets:
            raw = value_of(store.record_at(at))
            if raw is not None:
                assert bytes(raw) == whole.get(at, bytes(raw))


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "killed"])
def test_single_faults(stopped: bool, told_lines: list[str]) -> None:
    files, recorded = record(stopped)
    outcomes = run(files, recorded, FAULTS // 2, told_lines, stopped)
    assert outcomes["unnoticed"] < sum(outcomes.values()) / 4
    assert outcomes["reported"] > 50


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "killed"])
def test_single_faults_where_records_are_sealed(
    stopped: bool, told_lines: list[str]
) -> None:
    changes = {"seals_records": True}
    files, recorded = record(stopped, **changes)
    outcomes = run(files, recorded, FAULTS_SEALED // 2, told_lines, stopped, **changes)
    assert "unnoticed" not in outcomes


def run(
    files: FakeFiles,
    recorded: Recorded,
    count: int,
    lines: list[str],
    stopped: bool,
    **changes: Any,
) -> dict[str, int]:
    outcomes: dict[str, int] = {}
    for seed in range(count):
        spoiled = files.copy()
        fault = Fault(Random(seed), spoiled)
        try:
            outcome = check(recorded, fault, spoiled, lines, stopped, **changes)
        except BaseException as error:
            error.add_note(f"fault {seed}: {fault}")
            raise
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes
