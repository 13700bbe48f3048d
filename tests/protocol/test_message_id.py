from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.addresses import pack
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.message_id import UniqueIdFactory, offset_id, parse_offset_id

hosts = st.binary(min_size=8, max_size=8) | st.binary(min_size=20, max_size=20)


@given(hosts, st.integers(-(2**63), 2**63 - 1))
def test_what_is_made_is_parsed(host: bytes, offset: int) -> None:
    text = offset_id(host, offset)
    assert len(text) in {32, 56}
    assert text == text.upper()
    assert parse_offset_id(text) == (host, offset)
    assert parse_offset_id(text.lower()) == (host, offset)


def test_the_form_of_the_genuine_broker() -> None:
    wanted = "7F0000020000528000000000000001F4"
    assert offset_id(pack("127.0.0.2", 21120), 500) == wanted


@pytest.mark.parametrize(
    "text", ["", "x" * 32, "0" * 31, "0" * 34, "0" * 57, " " * 32, "00 " * 16, "é" * 32]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        parse_offset_id(text)


def ms(*when: int) -> int:
    return int(datetime(*when).timestamp() * 1000)  # type: ignore[arg-type]


class Wall:
    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def factory(wall: Wall, host: str = "10.0.0.1") -> UniqueIdFactory:
    return UniqueIdFactory(pack(host, 4711), 0x1ABCD, Random(1), wall)


def test_the_parts_of_a_client_id() -> None:
    wall = Wall(ms(2026, 11, 23) + 5)
    made = factory(wall).next()
    assert len(made) == 32
    assert made[:12] == "0A000001ABCD"
    assert int(made[20:28], 16) == wall.now - ms(2026, 11, 1)
    assert made[28:] == "0000"
    assert len(factory(wall, "::1").next()) == 56


def test_ids_differ() -> None:
    ids = factory(Wall(ms(2026, 1, 1)))
    assert len({ids.next() for _ in range(65_536)}) == 65_536


def test_factories_differ() -> None:
    wall = Wall(ms(2026, 1, 1))
    one = UniqueIdFactory(bytes(8), 1, Random(1), wall).next()
    assert one != UniqueIdFactory(bytes(8), 1, Random(2), wall).next()


def test_the_month_goes_on_in_december() -> None:
    wall = Wall(ms(2026, 12, 31))
    ids = factory(wall)
    assert int(ids.next()[20:28], 16) == wall.now - ms(2026, 12, 1)
    wall.now = ms(2027, 1, 1) + 7
    assert int(ids.next()[20:28], 16) == 7


def test_a_clock_set_back_over_the_month_gives_zero() -> None:
    wall = Wall(ms(2026, 5, 1))
    ids = factory(wall)
    ids.next()
    wall.now -= 1000
    assert int(ids.next()[20:28], 16) == 0
