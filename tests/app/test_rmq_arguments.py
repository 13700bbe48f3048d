from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

import pytest

from twistedmq.app.rmq_arguments import interval, name_and_value, offset, positive, rate


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (offset, "0", 0),
        (positive, "1", 1),
        (rate, "0.5", 0.5),
        (interval, "0.1", 0.1),
        (name_and_value, "a=b=c", ("a", "b=c")),
    ],
)
def test_a_word_is_read(read: Callable[[str], Any], text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "problem"),
    [
        (offset, "-1", "is no whole number from 0 on"),
        (offset, "\u0661", "is no whole number from 0 on"),
        (positive, "0", "is no whole number from 1 on"),
        (positive, "many", "is no whole number from 1 on"),
        (rate, "0", "is no number above 0"),
        (rate, "inf", "is no number above 0"),
        (rate, "fast", "is no number above 0"),
        (interval, "0.05", "is no number of seconds from 0.1 on"),
        (interval, "nan", "is no number of seconds"),
        (interval, "often", "is no number of seconds"),
        (name_and_value, "a=", "is not NAME=VALUE"),
        (name_and_value, "=b", "is not NAME=VALUE"),
    ],
)
def test_why_a_word_cannot_be_read_is_told(
    read: Callable[[str], Any], text: str, problem: str
) -> None:
    with pytest.raises(ArgumentTypeError, match=problem):
        read(text)
