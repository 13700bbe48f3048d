"""Times as the genuine tool writes them, in the time zone of the machine."""

from datetime import datetime, timedelta, timezone


def to_the_ms(stamp_ms: int) -> str:
    """Write ``2026-11-26 16:37:01,170``."""
    moment = datetime.fromtimestamp(stamp_ms // 1000)
    return f"{moment:%Y-%m-%d %H:%M:%S},{stamp_ms % 1000:03}"


def to_the_s(stamp_ms: int) -> str:
    """Write ``2026-11-26 16:37:01``."""
    return f"{datetime.fromtimestamp(stamp_ms // 1000):%Y-%m-%d %H:%M:%S}"


def in_china(stamp_ms: int) -> str:
    """Write the time of day there, 8 hours east, whatever the machine's is."""
    zone = timezone(timedelta(hours=8))
    return f"{datetime.fromtimestamp(stamp_ms // 1000, zone):%Y-%m-%d %H:%M:%S}"
