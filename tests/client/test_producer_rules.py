import pytest

from twistedmq.client.errors import ArgumentError
from twistedmq.client.producer_rules import RETRY_CODES, SendRules
from twistedmq.protocol.codes import ResponseCode


def test_the_usual_values_are_those_of_the_java_client() -> None:
    rules = SendRules("G")
    assert (rules.timeout_s, rules.retries, rules.default_queues) == (3.0, 2, 4)
    assert not rules.retry_unless_ok


def test_what_is_busy_or_gone_may_pass_but_not_what_is_wrong() -> None:
    assert ResponseCode.SYSTEM_BUSY in RETRY_CODES
    assert ResponseCode.MESSAGE_ILLEGAL not in RETRY_CODES


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("timeout_s", 0, "0.001 to 2147483.647"),
        ("timeout_s", float("nan"), "0.001 to 2147483.647"),
        ("retries", -1, "at least 0"),
        ("attempt_timeout_s", 0.0, "0.001 to 2147483.647"),
        ("default_queues", 0, "1 to 2147483647"),
    ],
)
def test_a_number_out_of_its_range_is_told(
    field: str, value: float, limit: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        SendRules("G", **{field: value})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert caught.value.limit == limit
