"""What a verb and its options are."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Coroutine
from typing import Any

Run = Callable[..., Coroutine[Any, Any, None]]
"""Called with the admin, the options and the output."""


def integer(text: str) -> int:
    """Read a number as Java does: no blanks inside, no underscores."""
    if not re.fullmatch(r"[+-]?[0-9]+", text.strip(), re.ASCII):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def seconds(text: str) -> int:
    """Read how long to wait between two rounds: a second at least."""
    if integer(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of seconds from 1 on")
    return int(text)


def boolean(text: str) -> bool:
    """Read a truth value as Java does: all but ``true`` is false."""
    return text.strip().lower() == "true"


class Option:
    """An option of a verb.

    Args:
        short: its one or two letters; None: there are none.
        long: its long name, as the genuine tool spells it.
        help: what it is for.
        required: whether the verb cannot do without.
        kind: makes the value of a text; None: the option is a flag without a value.
    """

    def __init__(
        self,
        short: str | None,
        long: str,
        help: str,
        *,
        required: bool = False,
        kind: Callable[[str], Any] | None = str.strip,
    ) -> None:
        self.short = short
        self.long = long
        self.help = help
        self.required = required
        self.kind = kind

    @property
    def names(self) -> list[str]:
        """Give what can be written on the command line."""
        short = [] if self.short is None else [f"-{self.short}"]
        return [*short, f"--{self.long}"]

    @property
    def attribute(self) -> str:
        """Give the name of the value: ``brokerAddr`` is ``broker_addr``."""
        if self.short == "n":
            return "namesrv_addr"  # under whatever name, it is the common one
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.long)
        return re.sub(r"\W", "_", spaced).lower()


class Verb:
    """A verb of the command.

    Args:
        name: as the genuine tool spells it.
        help: what it does, in one line.
        run: does it.
        options: what it can be told, besides what all can.
        one_of: the short names of options of which exactly one must be given.
        repeats: whether it runs again every ``-i`` seconds if that is given.
        every_s: how often it does where ``-i`` is not given; None: it runs once.
        endless: whether it goes on by itself until a signal comes, which is no failure.
    """

    def __init__(
        self,
        name: str,
        help: str,
        run: Run,
        *options: Option,
        one_of: tuple[str, ...] = (),
        repeats: bool = False,
        every_s: int | None = None,
        endless: bool = False,
    ) -> None:
        self.name = name
        self.help = help
        self.run = run
        self.options = options
        self.one_of = one_of
        self.repeats = repeats
        self.every_s = every_s
        self.endless = endless


NAMESRV = Option(
    "n",
    "namesrvAddr",
    "name servers, HOST:PORT;...; default: $NAMESRV_ADDR, then 127.0.0.1:9876",
)
"""What every verb can be told."""
