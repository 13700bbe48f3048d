import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.loose_tokens import (
    MAX_DEPTH,
    MAX_LOOSE_BYTES,
    MAX_QUOTES,
    LooseJsonError,
    make_strict,
    quote_numeric_keys,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
    ),
    max_leaves=12,
)


@given(json_values, st.booleans())
def test_strict_json_keeps_its_meaning(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert json.loads(make_strict(text)) == value


@pytest.mark.parametrize(
    ("loose", "strict"),
    [
        ("{0:'a',-1:\"b\"}", '{"0":"a","-1":"b"}'),
        ("{a : 1 , }", '{"a":1}'),
        ("[1,2,]", "[1,2]"),
        ("[]", "[]"),
        ("{}", "{}"),
        (" {\n} ", "{}"),
        ('{{"b":1,"a":\'x\'}:2}', '{"{\\"b\\":1,\\"a\\":\\"x\\"}":2}'),
        ('{{}:{{"a":0}:1}}', '{"{}":{"{\\"a\\":0}":1}}'),
        ("'it\\'s \"so\"'", '"it\'s \\"so\\""'),
        ('"{0:1}"', '"{0:1}"'),
        ('"a\tb\\x41\\q\\v\\0"', '"a\\tbAq\\u000b\\u0000"'),
        ('"\\ud83d\\ude00"', '"\U0001f600"'),
        ('"\\ud83d"', '"\ufffd"'),
        ("NaN", "null"),
        ("[true,false,null,undefined,1.5e3]", "[true,false,null,null,1.5e3]"),
    ],
)
def test_loose_forms(loose: str, strict: str) -> None:
    assert make_strict(loose.encode()).decode() == strict


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert make_strict(b'"\xff"') == '"\ufffd"'.encode()


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "{",
        "}",
        "[1",
        "[1 2]",
        "[,]",
        "{1}",
        "{a:}",
        "{a:1",
        "{:1}",
        "{[1]:2}",
        "1 2",
        "{} {}",
        "word",
        "01",
        "+1",
        '"open',
        "'open",
        '{"a":1}}',
        "{{{0:1}:2}:3}",
        "{{a:[1]}:3}",
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "[" * 1_000_000,
        "{{" * 100_000,
    ],
)
def test_what_is_no_json_at_all_is_refused(bad: str) -> None:
    with pytest.raises(LooseJsonError):
        make_strict(bad.encode())


def test_strings_without_an_end_are_refused_quickly() -> None:
    """Were each quote tried as a beginning, these would take hours."""
    for text in (b'"' + b'\\"' * 500_000, b'"' + b'\\"' * 500_000 + b"\\"):
        assert quote_numeric_keys(text) == text
        with pytest.raises(LooseJsonError):
            make_strict(text)


def test_what_is_long_is_read_only_if_it_is_strict() -> None:
    with pytest.raises(LooseJsonError, match="over"):
        make_strict(b" " * (MAX_LOOSE_BYTES + 1))
    many = b"{0:" + b'"' * (MAX_QUOTES + 1)
    assert quote_numeric_keys(many) is many


def test_depth_up_to_the_limit_is_read() -> None:
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert make_strict(text) == text


@given(st.text(st.sampled_from("{}[]:,\"'\\ a0-.\n\x01uxd8")))
def test_any_text_is_made_strict_or_refused(text: str) -> None:
    try:
        strict = make_strict(text.encode())
    except LooseJsonError:
        return
    json.loads(strict)


@given(st.binary())
def test_any_bytes_are_made_strict_or_refused(data: bytes) -> None:
    try:
        strict = make_strict(data)
    except LooseJsonError:
        return
    json.loads(strict)


@pytest.mark.parametrize(
    ("loose", "quoted"),
    [
        ('{0:1,-5 :{7:"{8:1,9:2}"}}', '{"0":1,"-5":{"7":"{8:1,9:2}"}}'),
        ('{"a\\"{1:":[1,2],2:3}', '{"a\\"{1:":[1,2],"2":3}'),
        ("[1,2]", "[1,2]"),
        ("{a:1}", "{a:1}"),
        ('{0:"\0"}', '{0:"\0"}'),
        ('{0:"open', '{"0":"open'),
    ],
)
def test_bare_numbers_as_keys_are_quoted(loose: str, quoted: str) -> None:
    assert quote_numeric_keys(loose.encode()).decode() == quoted


@given(json_values)
def test_quoting_keys_leaves_strict_json_alone(value: object) -> None:
    data = json.dumps(value).encode()
    assert quote_numeric_keys(data) == data
