from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from twistedmq.store.timer.units import (
    DELETES,
    NOWHERE,
    ROLLS,
    UNIT_BYTES,
    WAITS,
    TimerUnit,
    decode_unit,
    encode_end,
    encode_units,
    is_end,
    whole_units,
)

GENUINE = TimerUnit(156, WAITS | DELETES, 1795698267000, 9000, 1058, 297, 84)
"""What a genuine broker wrote for the call to bring back a message of topic T."""
GENUINE_BYTES = pack(">iqiqiqiiq", 52, 156, 5, 1795698267000, 9000, 1058, 297, 84, 0)

places = st.integers(0, 2**40)
units = st.builds(
    TimerUnit,
    previous=st.just(NOWHERE),
    kind=st.integers(1, 15),
    write_ms=st.integers(0, 2**41),
    delay_ms=st.integers(0, 2**31 - 1),
    physical_offset=st.integers(0, 2**62),
    size=st.integers(1, 2**31 - 1),
    topic_hash=st.integers(-(2**31), 2**31 - 1),
)


def test_the_bytes_of_the_genuine_broker() -> None:
    assert len(GENUINE_BYTES) == UNIT_BYTES
    assert encode_units([GENUINE]) == GENUINE_BYTES
    assert decode_unit(GENUINE_BYTES, 0, 208) == GENUINE
    assert GENUINE.due_ms == 1795698276000
    assert GENUINE.only_deletes
    assert not GENUINE._replace(kind=WAITS | ROLLS | DELETES).only_deletes
    assert not GENUINE._replace(kind=WAITS).only_deletes


@given(st.lists(units, max_size=5), places)
def test_what_is_written_is_read(written: list[TimerUnit], place: int) -> None:
    data = encode_units(written) + bytes(UNIT_BYTES)
    read = list(whole_units(data, place))
    assert [unit for _, unit in read] == written
    assert [at for at, _ in read] == [
        place + n * UNIT_BYTES for n in range(len(written))
    ]


@given(st.binary(max_size=3 * UNIT_BYTES), places)
def test_any_bytes_are_units_or_none(data: bytes, place: int) -> None:
    for at, unit in whole_units(data, place):
        assert encode_units([unit])[:44] == data[at - place : at - place + 44]


@given(units, st.integers(0, UNIT_BYTES - 1))
def test_a_torn_unit_is_none(unit: TimerUnit, kept: int) -> None:
    data = encode_units([unit])[:kept]
    assert decode_unit(data, 0, 0) is None
    if kept < 40 and any(encode_units([unit])[kept:44]):
        assert decode_unit(data.ljust(UNIT_BYTES, b"\0"), 0, 0) != unit


def test_a_unit_leads_back_only() -> None:
    data = encode_units([GENUINE])
    assert decode_unit(data, 0, 156) is None
    assert decode_unit(data, 0, 157) == GENUINE
    assert decode_unit(data, 1, 300) is None
    assert decode_unit(data, -1, 300) is None


def test_the_end_of_a_file() -> None:
    data = encode_end(52)
    assert data == pack(">iqI", 52, 0, 0xCBD43194)
    assert is_end(data, 0)
    assert not is_end(data[:-1], 0)
    assert not is_end(bytes(16), 0)
    assert decode_unit(data.ljust(UNIT_BYTES, b"\0"), 0, 988) is None
