import pytest

from twistedmq.config.accepted_broker import BROKER_TABLE
from twistedmq.config.accepted_keys import NAMESRV_TABLE, accepted_keys, processors
from twistedmq.config.accepted_store import STORE_TABLE
from twistedmq.config.keys import Effect

TABLES = (BROKER_TABLE, STORE_TABLE, NAMESRV_TABLE)


def test_a_line_is_a_name_a_type_and_a_default_with_blanks_or_none() -> None:
    levels, nothing, number = accepted_keys(
        "messageDelayLevel String 1s 5s\nhaMasterAddress String\ntotalReplicas int 1\n"
    )
    assert levels.default_value() == "1s 5s"
    assert nothing.default_value() == ""
    assert number.default_value() == 1
    assert number.effect is Effect.ACCEPTED


def test_a_comment_is_the_reason_of_the_keys_below_it() -> None:
    keys = accepted_keys(
        "a int 1\n# one reason\nb int 1\nc int 1\n# another\nd int 1\n"
    )
    reasons = [key.reason for key in keys]
    assert reasons == ["", "one reason", "one reason", "another"]


def test_some_defaults_come_from_the_number_of_processors() -> None:
    (key,) = accepted_keys("threads int 8+cpus\n")
    assert key.default_value() == 8 + processors()
    assert key.shown_default == "8+cpus"


def test_a_number_needs_a_default() -> None:
    with pytest.raises(ValueError, match="threads"):
        accepted_keys("threads int\n")


@pytest.mark.parametrize("table", TABLES)
def test_every_default_is_written_as_it_is_read(table: str) -> None:
    for key in accepted_keys(table):
        text = key.text_of(key.default_value())
        assert key.kind.parse(text) == key.default_value()


@pytest.mark.parametrize("table", [BROKER_TABLE, NAMESRV_TABLE])
def test_pools_of_threads_are_not_promised_for_later(table: str) -> None:
    pools = [key for key in accepted_keys(table) if key.name.endswith("ThreadPoolNums")]
    assert len(pools) >= 2
    for key in pools:
        assert "there are no pools of threads" in key.reason
