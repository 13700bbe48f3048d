"""Rows as people read them."""

from collections.abc import Container, Iterable, Sequence

from twistedmq.app.rmq_printable import printable, width


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Container[int] = (),
) -> str:
    """Lay *rows* out below the names of their *columns*.

    Those whose numbers are in *right* stand on the right.
    """
    cells = [columns, *([printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(
            _laid(cell, wide, on_the_right=number in right)
            for number, (cell, wide) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )
    return "".join(line.rstrip() + "\n" for line in lines)


def size_text(count: int) -> str:
    """Give a number of bytes as people like it."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def _laid(cell: str, wide: int, *, on_the_right: bool) -> str:
    blanks = " " * (wide - width(cell))
    return blanks + cell if on_the_right else cell + blanks
