"""Scripts that complete the words of our commands in a shell."""

import argparse
from typing import Any, NoReturn

SHELLS = ("bash", "zsh", "tcsh")


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Have *parser* understand ``--completion SHELL``."""
    parser.add_argument(
        "--completion",
        action=PrintScript,
        choices=SHELLS,
        help="print a script that completes words in that shell",
    )


class PrintScript(argparse.Action):
    """Prints the script for the whole parser, and ends the program."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> NoReturn:
        """Print it."""
        try:
            # it looks at parsers alone, so that completing needs no Python
            import shtab  # noqa: PLC0415
        except ImportError:
            parser.error("this needs shtab: pip install 'twistedmq[completion]'")
        print(shtab.complete(parser, values))
        parser.exit()
