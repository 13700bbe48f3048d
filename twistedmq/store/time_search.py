"""Find a queue offset by store time (upstream: getOffsetInQueueByTime)."""

from collections.abc import Callable


def offset_by_time(
    min_offset: int,
    max_offset: int,
    time_of: Callable[[int], int],
    time_ms: int,
    upper: bool,
) -> int:
    """Give the first offset stored at *time_ms* or later; *max_offset* if none was.

    With *upper*, give the last offset stored at *time_ms* or earlier; *min_offset* if
    none was. *time_of* gives the store time at an offset; times rise with offsets.
    """
    low, high = min_offset, max_offset
    while low < high:
        middle = (low + high) // 2
        stored_ms = time_of(middle)
        if stored_ms < time_ms or (upper and stored_ms == time_ms):
            low = middle + 1
        else:
            high = middle
    return max(low - 1, min_offset) if upper else low
