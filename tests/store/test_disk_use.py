import pytest

from twistedmq.store.disk_use import DiskUse


@pytest.mark.parametrize(
    ("used", "free", "percent"),
    [
        (0, 100, 0),
        (1, 999, 1),
        (90, 10, 90),
        (9001, 999, 91),
        (100, 0, 100),
        (0, 0, 0),
    ],
)
def test_use_is_in_whole_percent_rounded_up(used: int, free: int, percent: int) -> None:
    use = DiskUse(used, free, used + free)
    assert use.percent == percent
    assert use.ratio == percent / 100


def test_what_is_kept_back_counts_neither_way() -> None:
    assert DiskUse(80, 15, 100).percent == 85
