import json

import pytest
from hypothesis import given
from sql_corpus import EXPRESSIONS, RECORDED, RECORDED_CASES, Case, our_answer

from twistedmq.filter.sql.errors import SqlError
from twistedmq.filter.sql.operands import MOST_NESTING
from twistedmq.filter.sql.reading import RESERVED, read


def answer(text: str, properties: bytes = b"") -> object:
    return read(text).evaluate(b"\x02" + properties)


def test_what_the_genuine_evaluator_answered_ours_answers() -> None:
    rows = json.loads(RECORDED.read_text())
    assert len(rows) == RECORDED_CASES
    different = [
        (text, properties, theirs)
        for text, properties, theirs in rows
        if our_answer(Case(text, tuple(properties))) != theirs
    ]
    assert different == []


@given(EXPRESSIONS)
def test_every_text_is_read_or_refused_at_a_place_in_it(text: str) -> None:
    try:
        read(text)
    except SqlError as error:
        refused: SqlError | None = error
    else:
        refused = None
    assert refused is None or (0 <= refused.at <= len(text) and refused.problem)


@pytest.mark.parametrize(
    ("text", "problem", "at"),
    [
        ("", "expected a property or a value, not the end", 0),
        ("a >", "expected a property or a value, not the end", 3),
        ("a = = 1", "expected a property or a value, not '='", 4),
        ("(a = 1", "expected ')' or OR, not the end", 6),
        ("a is nul", "expected NOT or NULL, not 'nul'", 5),
        ("a IN (1)", "expected a text in '', not '1'", 6),
        ("a LIKE 'x%'", "expected an operator or AND or OR or the end, not 'LIKE'", 2),
        ("a != 1", "'!' begins nothing", 2),
        ("a = 'x", '"\'" begins nothing', 4),
        ("a = 1 /* b", "'/' begins nothing", 6),
        ("5", "expected a condition, which is true or false", 0),
        ("a = 1 AND 'x'", "expected a condition, which is true or false", 6),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, problem: str, at: int) -> None:
    with pytest.raises(SqlError) as caught:
        read(text)
    assert (caught.value.problem, caught.value.at) == (problem, at)


def test_what_stands_behind_a_whole_expression_is_not_ignored() -> None:
    """Upstream ignores it: ``a = 1 ADN b = 2`` would mean ``a = 1`` there."""
    with pytest.raises(SqlError, match="or the end, not 'ADN'"):
        read("a = 1 ADN b = 2")


@pytest.mark.parametrize("word", RESERVED)
def test_reserved_words_name_no_property_in_any_case(word: str) -> None:
    for written in (word, word.lower(), word.title()):
        with pytest.raises(SqlError):
            read(f"{written} IN ('x')")
    assert answer(f"{word}_ = 'x'", f"{word}_\x01x".encode()) is True


def test_comments_count_as_blanks() -> None:
    assert answer("a/* = 2 */= -- = 3\n 1", b"a\x011\x02") is True


def test_a_line_comment_needs_the_end_of_its_line() -> None:
    """Without it, two signs are two negations, as upstream."""
    assert answer("a = --1", b"a\x011\x02") is True


def test_conditions_may_be_long_but_not_nested_deeply() -> None:
    many = " OR ".join(f"a = {i}" for i in range(300))
    assert answer(many, b"a\x01299\x02") is True
    read("NOT " * (MOST_NESTING - 1) + "a")
    with pytest.raises(SqlError, match=f"nested deeper than {MOST_NESTING}"):
        read("NOT " * (MOST_NESTING + 1) + "a")
    read("(" * 500 + "a" + ")" * 500)


def test_between_takes_its_own_and() -> None:
    assert answer("a BETWEEN 1 AND 3 AND b = 'x'", b"a\x013\x02b\x01x\x02") is True
