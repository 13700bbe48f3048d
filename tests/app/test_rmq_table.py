from twistedmq.app.rmq_table import table


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
