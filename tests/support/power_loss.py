"""A store that lives on a simulated disk, loses its power, and must keep its word.

What it must keep: in no mode is anything served that was not written so; what was
synced, and with SYNC_FLUSH all that was acknowledged, is still served under its queue
offset and found by its key; the store goes on, and a second start finds the same.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from twistedmq.config.store import FlushMode, StoreConfig
from twistedmq.store.files.store import FileStore
from twistedmq.store.log_scan import LoggedRecord, scan
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.contracts.message_store import value_of
from twistedmq.testing.disk_content import Left
from twistedmq.testing.simulated_disk import SimulatedDisk
from twistedmq.testing.stores import store_context
from twistedmq.testing.workers import HeldWorkers, InlineWorkers

ROOT = Path("/data/store")
TINY = StoreConfig(
    segment_bytes=4096,
    queue_file_bytes=200,
    batch_queue_file_bytes=920,
    index_slots=7,
    index_items=40,
    tail_entries=2,
    warm_queues=2,
    open_files=4,
    vouch_bytes=6000,
)
Place = tuple[str, int, int]
"""Topic, queue id, queue offset."""


@dataclass
class Ledger:
    """What was written and what was promised, over all lives of a store."""

    written: dict[int, frozenset[bytes]] = field(default_factory=dict)
    """Everything that ever began at a physical offset."""
    promised: dict[Place, tuple[int, bytes]] = field(default_factory=dict)
    """What must never be lost: physical offset and record."""

    def write(self, at: int, record: bytes) -> None:
        """Note that *record* was written at a physical offset."""
        self.written[at] = self.written.get(at, frozenset()) | {record}

    def copy(self) -> "Ledger":
        return Ledger(copy(self.written), copy(self.promised))


@dataclass
class Promise:
    """Made at a moment: this record is there for good."""

    moment: int
    place: Place
    physical_offset: int
    record: bytes


class Life:
    """One life of a store, from its start to the power loss."""

    def __init__(
        self, seed: int, disk: SimulatedDisk, ledger: Ledger, mode: FlushMode
    ) -> None:
        self.random = Random(seed)
        self.disk = disk
        self.ledger = ledger
        self.mode = mode
        self.promises: list[Promise] = []
        self._records: list[tuple[int, Place, int, bytes]] = []
        self._kept_until = 0
        self._sent = 0
        self._seed = seed
        self.begun_at = disk.moment
        self._open()

    def _open(self) -> None:
        is_slow = self.random.random() < 0.5
        self._workers: Any = HeldWorkers() if is_slow else InlineWorkers()
        self.disk.syncs_by = self.random.choice((None, self._workers))
        self._now_ms = 1_700_000_000_000
        config = replace(TINY, flush_mode=self.mode)
        self.context = store_context(
            ROOT, self.disk, self._workers, lambda: self._now_ms, config
        )
        self.store = FileStore(self.context)
        self.store.start()
        self._settle()
        value_of(self.store.ready)

    def _settle(self) -> None:
        if isinstance(self._workers, HeldWorkers):
            self._workers.go_on_all()

    def run(self, steps: int) -> None:
        """Do something so many times."""
        for _ in range(steps):
            self._step()
            self._note_flushed()

    def _step(self) -> None:
        chance = self.random.random()
        if chance < 0.55:
            self.append()
        elif chance < 0.75:
            self._pass(self.random.choice((0.0, 0.03, 0.5, 1.1, 10.1)))
        elif chance < 0.97:
            if isinstance(self._workers, HeldWorkers) and self._workers.waiting:
                self._workers.go_on()
        else:
            stopping = self.store.stop()
            self._settle()
            value_of(stopping)
            self._open()

    def _pass(self, seconds: float) -> None:
        self._now_ms += int(seconds * 1000) + 1
        self.context.reactor.advance(seconds)

    def append(self) -> None:
        """Store a few messages, and note when their safety is promised."""
        self._sent += 1
        batch = [
            Told(
                topic=self.random.choice(("A", "B")),
                queue_id=self.random.randrange(2),
                body=bytes([65 + self._sent % 26]) * self.random.randrange(300),
                keys=f"k{self._seed}-{self._sent}-{n}",
            )
            for n in range(self.random.randrange(1, 5))
        ]
        appended = self.store.append(batch_of(batch))
        for told, at, offset in zip(
            batch, appended.physical_offsets, appended.queue_offsets, strict=True
        ):
            record = record_bytes(self.store, at)
            self.ledger.write(at, record)
            place = told.topic, told.queue_id, offset
            self._records.append((at + len(record), place, at, record))
        if self.mode is FlushMode.SYNC:
            waiting = self.store.safe(appended.end)
            if waiting is None:
                self._promise(appended.end)
            else:
                waiting.addCallback(lambda _: self._promise(appended.end))

    def _note_flushed(self) -> None:
        if self.store.ready.called:
            self._promise(self.store.status()["flushed_offset"])

    def _promise(self, end: int) -> None:
        """Everything before *end* is on the disk, says the store."""
        self._kept_until = max(self._kept_until, end)
        loose = []
        for item in self._records:
            if item[0] <= self._kept_until:
                self.promises.append(Promise(self.disk.moment, *item[1:]))
            else:
                loose.append(item)
        self._records = loose

    def end(
        self, moment: int, random: Random, how: Left | None, strict_names: bool
    ) -> "tuple[SimulatedDisk, Ledger]":
        """Lose the power just before *moment*."""
        ledger = self.ledger.copy()
        for promise in self.promises:
            if promise.moment <= moment:
                told = promise.physical_offset, promise.record
                ledger.promised[promise.place] = told
        return self.disk.without_power(moment, random, how, strict_names), ledger


def record_bytes(store: FileStore, at: int) -> bytes:
    """Give the record at a physical offset, as the log has it."""
    size = int.from_bytes(bytes(value_of(store.log_read(at, 4))))
    return bytes(value_of(store.log_read(at, size)))


def everything(store: FileStore) -> dict[Place, tuple[LoggedRecord, bytes]]:
    """Give all that a store serves, by its place."""
    found: dict[Place, tuple[LoggedRecord, bytes]] = {}
    for topic, queue_id in store.queues():
        offset, last = store.queue_bounds(topic, queue_id)
        while offset < last:
            read = value_of(
                store.read_queue(topic, queue_id, offset, 32, 1 << 20, None, None)
            )
            assert read.next_offset > offset, (topic, queue_id, offset, read)
            for record, raw in _cut(read.records):
                found[record.topic, record.queue_id, record.queue_offset] = record, raw
                assert (record.topic, record.queue_id) == (topic, queue_id)
                assert offset <= record.queue_offset < read.next_offset
            offset = read.next_offset
    return found


def _cut(buffers: Any) -> list[tuple[LoggedRecord, bytes]]:
    found = []
    for buffer in buffers:
        raw = bytes(buffer)
        base = int.from_bytes(raw[28:36])
        part = scan(memoryview(raw), base, 1 << 62)
        assert part.end - base == len(raw), "not whole records"
        for record in part.records:
            start = record.physical_offset - base
            found.append((record, raw[start : start + record.size]))
    return found


def reopened(disk: SimulatedDisk, mode: FlushMode) -> FileStore:
    """Start a store on *disk*, without threads."""
    store = FileStore(store_context(ROOT, disk, config=replace(TINY, flush_mode=mode)))
    store.start()
    value_of(store.ready)
    return store


def check(disk: SimulatedDisk, ledger: Ledger, mode: FlushMode) -> None:
    """Start the store twice on what the power loss left, and look at everything."""
    store = reopened(disk, mode)
    served = everything(store)
    check_served(store, served, ledger)
    (topic, queue_id), (_, expected) = _a_queue(store)
    fresh = Told(topic, queue_id, b"after the crash", keys="fresh")
    appended = store.append(batch_of([fresh]))
    assert appended.queue_offsets == [expected]
    value_of_safe(store, appended.end)
    at = appended.physical_offsets[0]
    ledger.write(at, record_bytes(store, at))
    disk.kill_program()
    again = reopened(disk, mode)
    seen = everything(again)
    assert seen.pop((topic, queue_id, expected))[0].physical_offset == at
    assert seen == served
    hits = value_of(again.query(topic, "fresh", 9, 0, 1 << 60, "")).physical_offsets
    assert at in hits


def _a_queue(store: FileStore) -> tuple[tuple[str, int], tuple[int, int]]:
    key = min(store.queues(), default=("A", 0))
    return key, store.queue_bounds(*key)


def value_of_safe(store: FileStore, end: int) -> None:
    """See that *end* is safe by now."""
    waiting = store.safe(end)
    if waiting is not None:
        value_of(waiting)


def check_served(
    store: FileStore,
    served: dict[Place, tuple[LoggedRecord, bytes]],
    ledger: Ledger,
) -> None:
    """Hold what is served against what was written and promised."""
    for record, raw in served.values():
        assert raw in ledger.written[record.physical_offset], record
    for place, (at, raw) in ledger.promised.items():
        assert place in served, f"{place} at {at} is lost"
        assert served[place][1] == raw, place
    for place, (at, _) in list(ledger.promised.items())[-3:]:
        key = served[place][0].properties.split(b"KEYS\x01")[1].split(b"\x02")[0]
        hits = value_of(store.query(place[0], key.decode(), 64, 0, 1 << 60, ""))
        assert at in hits.physical_offsets, f"{place} is not found by its key"


def power_losses(seed: int, cases: int, steps: int = 40) -> int:
    """Record one life and lose the power so many times; gives how often in all.

    Every third time the store goes on after the crash, and loses its power again.
    """
    random = Random(seed)
    mode = random.choice((FlushMode.SYNC, FlushMode.SYNC, FlushMode.ASYNC))
    life = Life(seed, SimulatedDisk(), Ledger(), mode)
    life.run(steps)
    count = 0
    for case in range(cases):
        moment = random.randint(life.begun_at, life.disk.moment)
        how = random.choice((None, None, *Left))
        strict = random.random() < 0.3
        try:
            disk, ledger = life.end(moment, random, how, strict)
            if case % 3 == 2:
                second = Life(random.getrandbits(32), disk, ledger, mode)
                second.run(6)
                moment = random.randint(second.begun_at, disk.moment)
                disk, ledger = second.end(moment, random, how, strict)
                count += 1
            check(disk, ledger, mode)
        except BaseException as error:
            error.add_note(f"seed {seed}, case {case}, moment {moment}, {how}, {mode}")
            raise
        count += 1
    return count
