import pytest

from twistedmq.broker.statistics.names import IN_PAIRS, TOPIC_AT, part_of


@pytest.mark.parametrize(("at", "part"), [(0, "3"), (1, "T"), (-1, "G"), (3, "")])
def test_a_key_has_parts(at: int, part: str) -> None:
    assert part_of("3@T@G", at) == part


def test_what_has_sizes_has_numbers_too() -> None:
    assert "TOPIC_PUT_NUMS" in IN_PAIRS
    assert "GROUP_GET_LATENCY_NUMS" not in IN_PAIRS
    assert {f"{name}_NUMS" for name in TOPIC_AT} - IN_PAIRS == {
        "GROUP_GET_LATENCY_NUMS"
    }
