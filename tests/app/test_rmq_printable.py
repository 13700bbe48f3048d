import pytest

from twistedmq.app.rmq_printable import cut, printable, printable_body, width


def test_what_moves_the_cursor_is_escaped() -> None:
    assert printable("zwölf\n\x1b[31m\u202e") == "zwölf\\n\\x1b[31m\\u202e"
    assert printable_body("日本\t".encode() + b"\xff") == "日本\\t\\xff"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("", 0), ("日本", 4), ("é", 1), ("e\u0301", 1), ("🎉!", 3)],
)
def test_columns_are_counted(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abc", 2, "ab"),
        ("abc", 3, "abc"),
        ("漢字", 3, "漢"),
        ("漢字", 4, "漢字"),
        ("e\u0301x", 1, "e\u0301"),
    ],
)
def test_what_fits_is_shown(text: str, columns: int, shown: str) -> None:
    assert cut(text, columns) == shown
