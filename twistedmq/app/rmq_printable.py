"""Texts that somebody else wrote, on one line of a terminal."""

from unicodedata import category, combining, east_asian_width


def printable(text: str) -> str:
    """Give *text* with escapes for what would move the cursor, or do worse."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def printable_body(body: bytes) -> str:
    """Give the body of a message; what is no UTF-8 is escaped, too."""
    return printable(body.decode("utf-8", "backslashreplace"))


def width(text: str) -> int:
    """Say how many columns of a terminal *text* takes."""
    if text.isascii():
        return len(text)
    return sum(_width(each) for each in text)


def cut(text: str, columns: int) -> str:
    """Give as much of *text* as a terminal shows in so many *columns*."""
    if text.isascii():
        return text[:columns]
    taken = 0
    for end, each in enumerate(text):
        taken += _width(each)
        if taken > columns:
            return text[:end]
    return text


def _width(character: str) -> int:
    if combining(character) or category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1
