from bisect import bisect_left, bisect_right

from hypothesis import given
from hypothesis import strategies as st

from twistedmq.store.time_search import offset_by_time


@given(st.lists(st.integers(0, 20)).map(sorted), st.integers(-1, 21), st.integers(0, 5))
def test_lower_is_the_first_not_before_upper_the_last_not_after(
    times: list[int], wanted: int, first: int
) -> None:
    def time_of(offset: int) -> int:
        return times[offset - first]

    last = first + len(times)
    lower = offset_by_time(first, last, time_of, wanted, False)
    upper = offset_by_time(first, last, time_of, wanted, True)
    assert lower == first + bisect_left(times, wanted)
    assert upper == max(first + bisect_right(times, wanted) - 1, first)
