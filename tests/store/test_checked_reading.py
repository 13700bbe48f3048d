"""Slices that a disk gave: only what the entries say is given out."""

from collections.abc import Sequence

import pytest

from twistedmq.config.store import StoreConfig
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.record_crc import SealCheck
from twistedmq.protocol.record_layout import lay_out, record_sizes
from twistedmq.store.checked_reading import select_checked
from twistedmq.store.context import LOOPBACK_HOST
from twistedmq.store.errors import DamagedEntryError, DamagedRecordError
from twistedmq.store.interfaces import QueueRead, ReadStatus
from twistedmq.store.queue_reading import ReadLimits
from twistedmq.store.queue_state import ENTRY, FILLER_SIZE
from twistedmq.testing.batches import Told, batch_of

LONG = "L" * 200
V6 = bytes(15) + b"\x01\0\0\x30\x39"


class Rig:
    """A log of some records, in two queues of one topic by turns."""

    def __init__(self, topic: str = "Orders", sys_flag: int = 0, born: bytes = b""):
        messages = [
            Told(topic, n % 2, b"%d" % n * n, tag=f"t{n}", sys_flag=sys_flag)
            for n in range(12)
        ]
        if born:
            for message in messages:
                message.born_host = born
        batch = batch_of(messages)
        self.topic = topic
        sizes = record_sizes(batch, LOOPBACK_HOST)
        offsets = [n // 2 for n in range(12)]
        raw = lay_out(batch, 0, 12, 0, offsets, sizes, 17, LOOPBACK_HOST)
        self.log = bytearray(b"".join(raw))
        places = [sum(sizes[:n]) for n in range(12)]
        self.entries = [
            ENTRY.pack(place, size, n)
            for n, (place, size) in enumerate(zip(places, sizes, strict=True))
        ][::2]
        self.places = places[::2]

    def read_log(self, size: int, offset: int) -> Buffer:
        return bytes(self.log[offset : offset + size])

    def pieces(self, starts: Sequence[int], ends: Sequence[int]) -> list[Buffer]:
        return [self.read_log(b - a, a) for a, b in zip(starts, ends, strict=True)]

    def read(
        self, offset: int = 0, tags: object = None, matches: object = None
    ) -> QueueRead:
        return select_checked(
            SealCheck.NONE, (self.topic, 0), b"".join(self.entries[offset:]), offset,
            (0, 6), ReadLimits.of(StoreConfig(), 32, 1 << 20, 0), 0, tags, matches,
            self.read_log, self.pieces,
        )  # fmt: skip


@pytest.mark.parametrize(
    "rig",
    [Rig(), Rig(LONG), Rig(sys_flag=16, born=V6)],
    ids=["short", "long topic", "IPv6"],
)
def test_what_is_whole_is_given(rig: Rig) -> None:
    assert rig.read().count == 6
    odd = rig.read(1, tags=lambda code: code > 4, matches=lambda raw: len(raw) > 0)
    assert (odd.count, odd.next_offset) == (3, 6)


@pytest.mark.parametrize("at", [0, 4, 8, 12, 20, 28, 85, 88, -1, -9])
def test_what_comes_before_a_damaged_record_is_given(at: int) -> None:
    rig = Rig()
    base = rig.places[3] if at >= 0 else rig.places[3] + len(rig.read(3).records[0])
    if at < 0:
        at -= len("TAGS_t6_")  # the properties are not covered, their length is
    rig.log[base + at] ^= 0x41
    reads = rig.read()
    while reads.next_offset < 3:
        assert reads.status is ReadStatus.FOUND
        reads = rig.read(reads.next_offset)
    with pytest.raises(DamagedRecordError, match=f"offset {rig.places[3]} "):
        rig.read(3)
    assert rig.read(4).count == 2


@pytest.mark.parametrize(
    "entry",
    [
        bytes(20),
        ENTRY.pack(-5, 100, 0),
        ENTRY.pack(100, -1, 0),
        ENTRY.pack(9, 1 << 30, 0),
    ],
)
def test_an_entry_that_leads_nowhere_is_named(entry: bytes) -> None:
    rig = Rig()
    rig.entries[2] = entry
    assert rig.read().count == 2
    with pytest.raises(DamagedEntryError, match="Orders/0 at queue offset 2"):
        rig.read(2)


def test_an_entry_that_leads_to_another_message_is_not_followed() -> None:
    rig = Rig()
    rig.entries[4], right = rig.entries[5], rig.entries[4]
    with pytest.raises(DamagedRecordError):
        rig.read(4)
    other = Rig("Others")
    rig.entries[4] = right
    rig.log[rig.places[4] :] = other.log[rig.places[4] :]
    with pytest.raises(DamagedRecordError):
        rig.read(4)


def test_what_stands_for_nothing_is_passed_over() -> None:
    rig = Rig()
    rig.entries[1] = ENTRY.pack(0, FILLER_SIZE, 0)
    assert rig.read().next_offset == 1
    rest = rig.read(1)
    assert (rest.count, rest.next_offset) == (4, 6)
