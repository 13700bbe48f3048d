"""What the recorded answers do not make plain; the rest is in test_reading."""

import pytest

from twistedmq.filter.sql.errors import SqlError, UndecidedError
from twistedmq.filter.sql.reading import read

DATA = b"\x02a\x015\x02t\x01text\x02d\x011.5\x02"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a > 4", True),
        ("a > 4 AND none > 1", None),
        ("none = 'x'", None),
        ("'x' = none", False),
        ("none = none", True),
        ("none IS NULL AND a IS NOT NULL", True),
        ("a BETWEEN 1 AND 5", True),
        ("a NOT BETWEEN 1 AND 5", False),
        ("t IN ('text', 'x')", True),
        ("t NOT IN ('text')", False),
        ("none NOT IN ('text')", None),
        ("t CONTAINS 'ex' AND t STARTSWITH 'te' AND t ENDSWITH 'xt'", True),
        ("t NOT CONTAINS 'ex'", False),
        ("none NOT CONTAINS 'ex'", False),
        ("t NOT CONTAINS ''", False),
        ("d > 1.25", True),
        ("a <> 5", False),
        ("a = TRUE", False),
    ],
)
def test_answers(text: str, value: bool | None) -> None:
    assert read(text).evaluate(DATA) is value


@pytest.mark.parametrize("text", ["t > 1", "d > 1", "t > t", "a = 5 OR t < 2.5"])
def test_a_text_that_is_no_number_leaves_it_undecided(text: str) -> None:
    if text == "a = 5 OR t < 2.5":  # what decides is asked first
        assert read(text).evaluate(DATA) is True
        return
    with pytest.raises(UndecidedError):
        read(text).evaluate(DATA)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a > 'x'", "> compares numbers, not 'x'"),
        ("a <= NULL", "<= compares numbers, not NULL"),
        ("(a = 1) > 1", "> compares numbers, not conditions"),
        ("a = NULL", "write IS NULL"),
        ("TRUE = 1", "TRUE cannot be compared with 1"),
        ("a BETWEEN 5 AND 1", "not 5 and then 1"),
        ("a BETWEEN NULL AND 1", "no bound NULL"),
        ("1 IN ('x')", "expected a property before IN"),
    ],
)
def test_refusals(text: str, problem: str) -> None:
    with pytest.raises(SqlError, match=problem):
        read(text)
