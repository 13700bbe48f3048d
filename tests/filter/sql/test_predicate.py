import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.filter.interfaces import ExpressionError
from twistedmq.filter.sql.predicate import compile_text, place
from twistedmq.protocol.properties import format
from twistedmq.protocol.record import Record, encode_record


def record(**properties: str) -> bytes:
    return encode_record(
        Record(topic="t", body=b"\x02a\x01 body", properties=format(properties))
    )


def wanted(text: str, **properties: str) -> bool:
    matches = compile_text("SQL92", text).matches
    assert matches is not None
    data = record(**properties)
    assert matches(memoryview(data)) is matches(data)
    return matches(data)


def test_the_properties_of_the_record_are_asked() -> None:
    assert wanted("a > 3 AND b = 'x'", a="4", b="x")
    assert not wanted("a > 3 AND b = 'x'", a="4", b="y")
    assert wanted("TAGS = 'x'", TAGS="x")
    assert not wanted("a IS NOT NULL")


def test_unknown_and_undecided_are_not_wanted() -> None:
    assert not wanted("a > 3")
    assert not wanted("a > 3", a="many")


def test_the_error_says_line_and_column() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_text("SQL92", "a > 1 AND\n  b >")
    assert str(caught.value).endswith(
        "line 2, column 6: expected a property or a value, not the end"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_all_three_ways(end: str) -> None:
    assert place(f"a{end}{end}bcd", 2 * len(end) + 3) == "line 3, column 3"


@given(st.text("ab\r\n"), st.data())
def test_every_place_has_a_line_and_column(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    assert place(text, at).startswith("line ")
