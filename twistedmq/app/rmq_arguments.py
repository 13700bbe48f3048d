"""Words of the command line of ``rmq`` read, and why one cannot be."""

from argparse import ArgumentTypeError
from typing import Final

SHORTEST_INTERVAL_S: Final = 0.1


def offset(text: str) -> int:
    """Read an offset, or another number that is not below 0."""
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def positive(text: str) -> int:
    """Read a number of things, one at least."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def rate(text: str) -> float:
    """Read how often a second something may happen."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def interval(text: str) -> float:
    """Read how many seconds are between two looks."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not SHORTEST_INTERVAL_S <= seconds < float("inf"):
        raise ArgumentTypeError(
            f"{text!r} is no number of seconds from {SHORTEST_INTERVAL_S} on"
        )
    return seconds


def name_and_value(text: str) -> tuple[str, str]:
    """Read NAME=VALUE; neither is empty."""
    name, _, value = text.partition("=")
    if not (name and value):
        raise ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
