from pathlib import Path
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twistedmq.store.files_layer import RealFiles
from twistedmq.store.timer.slots import (
    SLOT_BYTES,
    WEEK_SLOTS,
    WHEEL_BYTES,
    WHEEL_SLOTS,
    Slot,
    WheelFileError,
    encode_slot,
    read_wheel,
    slot_at,
    write_wheel,
)

FILES = RealFiles()
GRAIN_MS = 1000
NOW_S = 1_795_698_276


def test_the_bytes_of_the_genuine_broker() -> None:
    time_ms = NOW_S * GRAIN_MS
    assert WHEEL_BYTES == 38_707_200
    assert slot_at(time_ms, GRAIN_MS) == 651_876
    data = encode_slot(time_ms, Slot(156, 208, 0), GRAIN_MS)
    assert data == pack(">qqqii", NOW_S, 156, 208, 0, 0)
    assert encode_slot(time_ms, None, GRAIN_MS) == bytes(SLOT_BYTES)


@settings(max_examples=5)
@given(
    st.dictionaries(
        st.integers(NOW_S, NOW_S + WEEK_SLOTS),
        st.builds(
            lambda first, more, count: Slot(first, first + more, count),
            st.integers(0, 2**40),
            st.integers(0, 2**40),
            st.integers(-3, 2**31 - 1),
        ),
        max_size=20,
    )
)
def test_what_is_written_is_read(tmp_path_factory, slots: dict[int, Slot]) -> None:
    path = tmp_path_factory.mktemp("wheel") / "timerwheel"
    wanted = {second * GRAIN_MS: slot for second, slot in slots.items()}
    write_wheel(
        FILES,
        path,
        [
            (slot_at(time_ms, GRAIN_MS), encode_slot(time_ms, slot, GRAIN_MS))
            for time_ms, slot in wanted.items()
        ],
    )
    assert path.stat().st_size == WHEEL_BYTES
    assert read_wheel(FILES, path, GRAIN_MS, 0) == wanted
    later = NOW_S * GRAIN_MS + 1
    assert read_wheel(FILES, path, GRAIN_MS, later) == {
        time_ms: slot for time_ms, slot in wanted.items() if time_ms >= later
    }


def written(path: Path, number: int, data: bytes) -> Path:
    write_wheel(FILES, path, [(number, data)])
    return path


@pytest.mark.parametrize(
    "slot",
    [
        pack(">qqqii", NOW_S + 1, 0, 52, 1, 0),  # of another second
        pack(">qqqii", NOW_S, 52, 0, 1, 0),
        pack(">qqqii", NOW_S, -1, 0, 1, 0),
        b"\xff" * SLOT_BYTES,
    ],
)
def test_a_foreign_wheel_is_told(tmp_path: Path, slot: bytes) -> None:
    number = slot_at(NOW_S * GRAIN_MS, GRAIN_MS)
    path = written(tmp_path / "timerwheel", number, slot)
    with pytest.raises(WheelFileError, match="slot 651876"):
        read_wheel(FILES, path, GRAIN_MS, 0)


def test_a_wheel_of_another_size(tmp_path: Path) -> None:
    path = tmp_path / "timerwheel"
    path.write_bytes(b"x" * 100)
    with pytest.raises(WheelFileError, match="100 bytes instead of 38707200"):
        read_wheel(FILES, path, GRAIN_MS, 0)
    write_wheel(FILES, path, [])
    assert read_wheel(FILES, path, GRAIN_MS, 0) == {}


def test_the_last_slot_and_the_first_are_no_neighbours(tmp_path: Path) -> None:
    last = (NOW_S // WHEEL_SLOTS + 1) * WHEEL_SLOTS - 1
    times = [last * GRAIN_MS, (last + 1) * GRAIN_MS]
    slots = [
        (slot_at(t, GRAIN_MS), encode_slot(t, Slot(0, 0), GRAIN_MS)) for t in times
    ]
    assert [number for number, _ in slots] == [WHEEL_SLOTS - 1, 0]
    write_wheel(FILES, tmp_path / "w", slots)
    assert sorted(read_wheel(FILES, tmp_path / "w", GRAIN_MS, 0)) == times
