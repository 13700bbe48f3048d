from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.numbers import INT32_MAX, INT32_MIN, to_int32


@given(st.integers())
def test_the_low_32_bits_remain(value: int) -> None:
    assert INT32_MIN <= to_int32(value) <= INT32_MAX
    assert (to_int32(value) - value) % 2**32 == 0


def test_edges() -> None:
    assert to_int32(2**31) == INT32_MIN
    assert to_int32(-(2**31) - 1) == INT32_MAX
