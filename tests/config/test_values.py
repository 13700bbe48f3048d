from pathlib import Path

import pytest

from twistedmq.config.store import FlushMode
from twistedmq.config.values import (
    ADDRESSES,
    BOOLEAN,
    DELAYS,
    HOURS,
    INT,
    OPTIONAL_PATH,
    PATH,
    PORT,
    choice,
    clamped,
    in_unit,
    name_of,
    paths_in,
)


@pytest.mark.parametrize("text", ["true", "TRUE", " True "])
def test_truth_in_any_case(text: str) -> None:
    assert BOOLEAN.parse(text) is True


@pytest.mark.parametrize("text", ["yes", "1", "", "tru"])
def test_what_is_neither_true_nor_false_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        BOOLEAN.parse(text)


@pytest.mark.parametrize("text", ["65536", "-1", "80.0", "x", "", "1_0", "٣"])
def test_a_port_has_limits(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        PORT.parse(text)


def test_blanks_round_a_number_do_not_count() -> None:
    assert PORT.parse(" 10911 ") == 10911
    assert INT.parse("-5") == -5


def test_a_choice_goes_by_its_file_name_in_any_case() -> None:
    kind = choice({mode.value: mode for mode in FlushMode})
    assert kind.parse("sync_flush") is FlushMode.SYNC
    assert kind.format(FlushMode.SYNC) == "SYNC_FLUSH"
    assert kind.allowed == "one of ASYNC_FLUSH, SYNC_FLUSH"
    with pytest.raises(ValueError, match="SYNC"):
        kind.parse("SYNC")


def test_a_name_of_a_few_is_given_in_its_own_case() -> None:
    assert name_of("default", "combined").parse("DEFAULT") == "default"


def test_lists_leave_out_blanks_and_empty_parts() -> None:
    assert ADDRESSES.parse(" a:1 ; b:2 ;; ") == ("a:1", "b:2")
    assert ADDRESSES.format(("a:1", "b:2")) == "a:1;b:2"
    assert ADDRESSES.parse("") == ()


def test_paths_know_the_users_home() -> None:
    assert PATH.parse("${user.home}/store") == Path.home() / "store"
    assert PATH.parse("~/store") == Path.home() / "store"
    assert OPTIONAL_PATH.parse(" ") is None
    assert OPTIONAL_PATH.format(None) == ""
    with pytest.raises(ValueError):  # noqa: PT011
        PATH.parse("")


def test_a_unit_is_multiplied_and_divided() -> None:
    kind = in_unit(INT, 1000)
    assert kind.parse("45") == 45_000
    assert kind.format(45_000) == "45"


def test_delay_levels_have_a_number_and_a_unit() -> None:
    assert DELAYS.parse(" 1s  5m 2h 1d ") == "1s 5m 2h 1d"
    for wrong in ("", "1", "s", "1s 5x", "0s", "1.5h"):
        with pytest.raises(ValueError):  # noqa: PT011
            DELAYS.parse(wrong)


def test_paths_stand_between_separators() -> None:
    assert paths_in(" /a/ ,,/b", ",") == (Path("/a"), Path("/b"))
    assert paths_in("/a:/b", ":") == (Path("/a"), Path("/b"))
    assert paths_in(" ", ",") == ()


def test_hours_are_written_with_two_digits() -> None:
    assert HOURS.parse("04; 16 ;") == (4, 16)
    assert HOURS.format((4, 16)) == "04;16"
    assert HOURS.parse("") == ()
    for wrong in ("24", "-1", "4,16", "noon"):
        with pytest.raises(ValueError):  # noqa: PT011
            HOURS.parse(wrong)


def test_what_is_outside_counts_as_the_nearest() -> None:
    kind = clamped(35, 90)
    assert [kind.parse(text) for text in ("1", "60", "99")] == [35, 60, 90]
    with pytest.raises(ValueError, match="full"):
        kind.parse("full")
