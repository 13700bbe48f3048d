import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twistedmq.protocol import properties
from twistedmq.protocol.errors import MessageIllegalError

words = st.text(st.characters(codec="utf-8", exclude_characters="\x01\x02"))
maps = st.dictionaries(words, words, max_size=6)


@given(maps)
def test_what_is_formatted_is_parsed(given_map: dict[str, str]) -> None:
    encoded = properties.format(given_map)
    assert properties.parse(encoded) == given_map
    assert properties.parse(memoryview(encoded)) == given_map
    assert properties.parse(encoded.decode()) == given_map
    assert list(properties.parse(encoded)) == list(given_map)


@given(maps)
def test_one_property_is_found_without_the_others(given_map: dict[str, str]) -> None:
    encoded = properties.format(given_map)
    for name, value in given_map.items():
        assert properties.get(encoded, name.encode()) == value.encode()


@given(st.dictionaries(st.sampled_from("abc"), st.text("xyz", min_size=1)))
def test_put_sets_one_property(held: dict[str, str]) -> None:
    encoded = properties.format(held)
    changed = properties.put(encoded, b"b", b"new")
    assert properties.parse(changed) == {**held, "b": "new"}
    assert properties.put(encoded.rstrip(b"\x02"), b"b", b"new") == changed


def test_get_looks_for_whole_names() -> None:
    encoded = properties.format({"MYTAGS": "x", "A": "TAGS", "TAGS": "t"})
    assert properties.get(encoded, b"TAGS") == b"t"
    assert properties.get(encoded, b"GS") is None
    assert properties.get(b"", b"TAGS") is None


def test_the_last_separator_may_be_missing() -> None:
    assert properties.parse(b"A\x01b\x02C\x01d") == {"A": "b", "C": "d"}
    assert properties.get(b"A\x01b\x02C\x01d", b"C") == b"d"


def test_what_has_no_name_is_skipped() -> None:
    assert properties.parse(b"junk\x02A\x01b\x02\x02") == {"A": "b"}


def test_a_value_may_hold_what_ends_a_name() -> None:
    assert properties.parse(b"A\x01b\x01c\x02") == {"A": "b\x01c"}


@pytest.mark.parametrize("bad", [{"a\x01": ""}, {"": "\x02"}, {"a": "b\x01"}])
def test_separators_inside_are_refused(bad: dict[str, str]) -> None:
    with pytest.raises(MessageIllegalError):
        properties.format(bad)


@given(st.binary())
def test_any_bytes_can_be_parsed(data: bytes) -> None:
    properties.parse(data)
    properties.get(data, b"TAGS")


def horner(text: str) -> int:
    """The definition, one UTF-16 unit after the other."""
    units = text.encode("utf-16-be", "surrogatepass")
    result = 0
    for i in range(0, len(units), 2):
        result = (31 * result + int.from_bytes(units[i : i + 2])) % 2**32
    return result - 2**32 if result >= 2**31 else result


@given(st.text() | st.text(st.characters(max_codepoint=127)))
@example("")
@example("\x7f" * 3000)
@example("é")
@example("\U0001f600")
@example("a" * 1024)
@example("b" * 1025)
def test_the_hash_is_that_of_java(text: str) -> None:
    assert properties.java_hash(text) == horner(text)


def test_known_hashes() -> None:
    assert properties.java_hash("TagA") == 2598919
    assert properties.java_hash("polygenelubricants") == -(2**31)


def test_no_tag_is_zero() -> None:
    assert properties.tags_code(None) == properties.tags_code("") == 0
    assert properties.tags_code("TagA") == 2598919


def test_names_of_the_system_are_not_for_users() -> None:
    assert "KEYS" in properties.SYSTEM_NAMES
    assert " " not in properties.SYSTEM_NAMES
    assert "color" not in properties.SYSTEM_NAMES
