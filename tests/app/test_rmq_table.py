import pytest

from twistedmq.app.rmq_table import size_text, table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("A", "LONG"), [("wide one", "1"), ("x", "")]) == (
        "A         LONG\nwide one  1\nx\n"
    )


def test_wide_characters_take_two_columns() -> None:
    assert table(("A", "B"), [("日本", 1), ("x", 22)], right={1}) == (
        "A      B\n日本   1\nx     22\n"
    )


def test_what_others_wrote_does_not_move_the_cursor() -> None:
    assert table(("A",), [("\x1b[2J",)]) == "A\n\\x1b[2J\n"


def test_no_rows_leave_the_names() -> None:
    assert table(("A", "B"), []) == "A  B\n"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (7 << 40, "7.0 TiB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    assert size_text(count) == shown
