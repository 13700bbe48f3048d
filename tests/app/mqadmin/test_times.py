import re

from twistedmq.app.mqadmin.times import in_china, to_the_ms, to_the_s


def test_times_are_written_as_the_genuine_tool_does() -> None:
    stamp = 1_700_000_000_007
    assert re.fullmatch(r"2023-11-1[45] \d\d:\d\d:20,007", to_the_ms(stamp))
    assert to_the_s(stamp) == to_the_ms(stamp)[:-4]


def test_a_time_may_be_that_of_china() -> None:
    assert in_china(1_700_000_000_007) == "2023-11-15 06:13:20"
