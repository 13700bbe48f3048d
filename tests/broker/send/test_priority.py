import pytest

from twistedmq.broker.send.priority import counts, priority_of

NAME = "_SYS_MSG_PRIORITY_"


@pytest.mark.parametrize(
    ("text", "priority"),
    [("0", 0), ("7", 7), ("2147483647", 2**31 - 1)],
)
def test_a_priority_is_a_whole_number(text: str, priority: int) -> None:
    assert priority_of({NAME: text}) == priority


@pytest.mark.parametrize(
    "text", ["", "-1", "x", "1.5", "2147483648", "9" * 5000, "٣", " 1"]
)
def test_what_is_no_number_is_no_priority(text: str) -> None:
    assert priority_of({NAME: text}) is None
    assert priority_of({}) is None


def test_an_order_or_a_delay_is_stronger() -> None:
    assert counts({NAME: "1", "TAGS": "a", "TRAN_MSG": "false"})
    for name in ("DELAY", "TIMER_DELAY_SEC", "TIMER_DELAY_MS", "__SHARDINGKEY"):
        assert not counts({NAME: "1", name: "1"})
    assert not counts({NAME: "1", "TRAN_MSG": "true"})
