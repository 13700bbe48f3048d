"""Where the program begins: it is imported without garbage being collected."""

from typing import NoReturn

from twistedmq.app.quick_imports import imports_uncollected


def main() -> NoReturn:
    """Run the command and exit."""
    with imports_uncollected():
        from twistedmq.app.mqadmin.main import main as run  # noqa: PLC0415

        run()
