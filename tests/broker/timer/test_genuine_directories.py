"""What a genuine broker left waiting, read bit by bit and delivered by ours."""

from pathlib import Path

import pytest
from store_vectors import unpack
from timer_kit import LOG_FILE_BYTES, NOW_MS, TimerSide

from twistedmq.protocol import properties as props
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.store.files_layer import RealFiles
from twistedmq.store.timer.log import TimerLogFiles
from twistedmq.store.timer.progress import read_progress
from twistedmq.store.timer.slots import (
    SLOT_BYTES,
    encode_slot,
    read_wheel,
    slot_at,
)
from twistedmq.store.timer.units import encode_units
from twistedmq.testing.stores import open_store

FILES = RealFiles()
NAMES = ["clean", "crash", "v2"]


@pytest.mark.parametrize("name", NAMES)
def test_every_bit_is_understood(tmp_path: Path, name: str) -> None:
    root, _ = unpack(name, tmp_path)
    log = TimerLogFiles(FILES, root / "timerlog", LOG_FILE_BYTES)
    written = b"".join(p.read_bytes() for p in sorted((root / "timerlog").iterdir()))
    units = encode_units(unit for _, unit in log.units_from(0))
    assert written == units.ljust(len(written), b"\0")
    slots = read_wheel(FILES, root / "timerwheel", 1000, 0)
    with (root / "timerwheel").open("rb") as wheel:
        for time_ms, slot in slots.items():
            wheel.seek(slot_at(time_ms, 1000) * SLOT_BYTES)
            assert wheel.read(SLOT_BYTES) == encode_slot(time_ms, slot, 1000)
    held = (root / "config" / "timercheck").read_bytes()
    progress = read_progress(FILES, root / "config" / "timercheck")
    assert progress is not None
    assert progress.encode() == held[:56]
    assert progress.log_place == len(units)


@pytest.mark.parametrize("name", NAMES[:2])
def test_what_waits_there_is_delivered_by_ours(tmp_path: Path, name: str) -> None:
    root, _ = unpack(name, tmp_path)
    progress = read_progress(FILES, root / "config" / "timercheck")
    assert progress is not None
    now_ms = progress.read_ms
    side = TimerSide(root, open_store(root, wall_ms=lambda: now_ms))
    side.jumped_ms = now_ms - NOW_MS
    side.start()
    assert side.metrics.count_of("Timer") == 2
    assert side.backlog.waiting == 2
    waiting = [props.parse(r.properties) for r in side.records(TIMER_TOPIC)]
    assert len(waiting) == 3  # one is delivered
    assert len(side.got("Timer")) == 1
    side.advance(3600)
    side.advance(600)
    assert len(side.got("Timer")) == 3
    keys = [props.parse(r.properties)[props.UNIQ_KEY] for r in side.records("Timer")]
    assert sorted(keys) == sorted(held[props.UNIQ_KEY] for held in waiting)
    assert side.metrics.count_of("Timer") == 0
    side.stop()
    side.store.stop()
