import pytest

from twistedmq.app.mqadmin.verbs import NAMESRV, Option, boolean, integer


@pytest.mark.parametrize(
    ("long", "attribute"),
    [
        ("topic", "topic"),
        ("brokerAddr", "broker_addr"),
        ("MessageNumber", "message_number"),
        ("showClientIP", "show_client_ip"),
        ("print log", "print_log"),
    ],
)
def test_values_are_named_our_way(long: str, attribute: str) -> None:
    assert Option("x", long, "").attribute == attribute


def test_name_servers_have_one_name_whatever_a_verb_calls_them() -> None:
    assert Option("n", "nameserverAddr", "").attribute == NAMESRV.attribute


def test_an_option_may_have_no_short_name() -> None:
    assert Option(None, "attributes", "").names == ["--attributes"]


def test_truth_is_told_as_java_tells_it() -> None:
    assert [boolean(text) for text in ("true", " True ", "1", "yes")] == [
        *(True, True),
        *(False, False),
    ]


def test_numbers_are_told_as_java_tells_them() -> None:
    assert [integer(text) for text in ("7", " -1 ", "+3")] == [7, -1, 3]
    for wrong in ("1_000", "0x10", "1.5", "", "\N{ARABIC-INDIC DIGIT ONE}"):
        with pytest.raises(ValueError, match="is no whole number"):
            integer(wrong)
