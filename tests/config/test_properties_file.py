import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.config.properties_file import (
    PropertiesError,
    change,
    change_file,
    decode,
    format_entry,
    parse,
)


def values(text: str) -> dict[str, str]:
    return {entry.key: entry.value for entry in parse(text)}


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("a=1", "a", "1"),
        ("a = 1", "a", "1"),
        ("a:1", "a", "1"),
        ("a 1", "a", "1"),
        ("  a\t=\t1 ", "a", "1 "),
        ("a", "a", ""),
        ("a=", "a", ""),
        ("a==1", "a", "=1"),
        ("a=b=c", "a", "b=c"),
        (r"a\=b=c", "a=b", "c"),
        (r"a\ b c", "a b", "c"),
        (r"path=C\:\\mq", "path", r"C:\mq"),
        (r"a=x\ty\nz", "a", "x\ty\nz"),
        (r"a=\u00e9\u4e2d", "a", "é中"),
        (r"a=\ud83d\ude00", "a", "\U0001f600"),
        (r"a=\q", "a", "q"),
        ("namesrvAddr=h1:9876;h2:9876", "namesrvAddr", "h1:9876;h2:9876"),
    ],
)
def test_one_line(line: str, key: str, value: str) -> None:
    assert values(line) == {key: value}


def test_comments_and_empty_lines_are_no_entries() -> None:
    assert parse("# a=1\n! b=2\n\n   \n  # c=3\n") == []


def test_a_line_goes_on_after_a_backslash_and_keeps_its_first_number() -> None:
    text = "# top\na=1,\\\n   2,\\\n   3\nb=4\n"
    first, second = parse(text)
    assert (first.value, first.first_line, first.last_line) == ("1,2,3", 2, 4)
    assert (second.key, second.first_line) == ("b", 5)


def test_two_backslashes_at_the_end_are_one_character_and_end_the_line() -> None:
    assert values("a=1\\\\\nb=2") == {"a": "1\\", "b": "2"}


def test_a_comment_does_not_go_on() -> None:
    assert values("# a \\\nb=2") == {"b": "2"}


def test_a_backslash_at_the_end_of_the_file_is_dropped() -> None:
    assert values("a=1\\") == {"a": "1"}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_all_line_ends(newline: str) -> None:
    assert values(f"a=1{newline}b=2{newline}") == {"a": "1", "b": "2"}


@pytest.mark.parametrize("broken", [r"a=\u12", r"a=\uzzzz", r"a=\u"])
def test_a_broken_escape_is_told_with_its_line(broken: str) -> None:
    with pytest.raises(PropertiesError) as caught:
        parse("ok=1\n" + broken)
    assert caught.value.line == 2


def test_bytes_are_utf8_or_what_java_reads() -> None:
    assert decode("a=é".encode()) == "a=é"
    assert decode("\ufeffa=1".encode()) == "a=1"
    assert decode("a=é".encode("latin-1")) == "a=é"


keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(keys, texts)
def test_what_is_written_is_read_back(key: str, value: str) -> None:
    line = format_entry(key, value)
    assert line.isascii()
    assert values(line) == {key: value}


def test_a_change_keeps_comments_order_and_the_rest() -> None:
    text = "# mine\na = 1\n\nb=2,\\\n  3\nc=4\n"
    changed = change(text, {"b": "5", "d": "6"})
    assert changed == "# mine\na = 1\n\nb=5\nc=4\nd=6\n"


def test_of_a_key_that_is_there_twice_the_last_is_changed() -> None:
    assert change("a=1\na=2", {"a": "3"}) == "a=1\na=3\n"


@given(st.dictionaries(keys, texts), st.dictionaries(keys, texts))
def test_a_change_gives_exactly_the_new_values(
    before: dict[str, str], changes: dict[str, str]
) -> None:
    text = "".join(format_entry(*item) + "\n" for item in before.items())
    assert values(change(text, changes)) == {**before, **changes}


def test_a_file_is_changed_in_place_with_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "broker.conf"
    path.write_text("a=1\n")
    path.chmod(0o640)
    change_file(path, {"a": "2"})
    assert path.read_text() == "a=2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["broker.conf"]


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    change_file(tmp_path / "deep" / "new.properties", {"a": "2"})
    assert (tmp_path / "deep" / "new.properties").read_text() == "a=2\n"
