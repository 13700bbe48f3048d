from twistedmq.app.rmq_table import table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("A", "LONG"), [("wide one", "1"), ("x", "")]) == (
        "A         LONG\nwide one  1\nx\n"
    )


def test_no_rows_leave_the_names() -> None:
    assert table(("A", "B"), []) == "A  B\n"
