"""Which halves are the same: a check-back puts a half back behind the others.

Its producer may still end it by the place where it was. So whoever ends one ends all
that were made of it. Kept in memory only, and not without bound: what is forgotten may
make a message come twice. Pure.
"""

from typing import Final

MOST_KEPT: Final = 100_000


class HalfCopies:
    """Knows the newest copy of each half that was put back, by queue offsets."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        """Remember *most* halves that were put back, the newest ones."""
        self._most = most
        self._first_of: dict[int, int] = {}
        self._newest_of: dict[int, int] = {}
        self._ended: dict[int, int] = {}

    def put_back(self, old: int, new: int) -> None:
        """Note that the half at *old* was put back at *new*."""
        first = self._first_of.get(old, old)
        self._first_of[new] = first
        self._newest_of[first] = new
        _trim(self._first_of, self._most)
        _trim(self._newest_of, self._most)

    def same_as(self, offset: int) -> tuple[int, ...]:
        """Give what must be ended with the half at *offset*, itself included."""
        newest = self._newest_of.get(self._first_of.get(offset, offset), offset)
        return (offset,) if newest == offset else (offset, newest)

    def how_ended(self, offset: int) -> int | None:
        """Give how a half, or a copy of it, was ended; None if it was not, lately."""
        return self._ended.get(self._first_of.get(offset, offset))

    def ended(self, offset: int, how: int) -> None:
        """Note that the half at *offset* was committed or rolled back."""
        self._ended[self._first_of.get(offset, offset)] = how
        _trim(self._ended, self._most)

    def not_ended(self, offset: int) -> None:
        """Take it back: what it became was lost before it was safe."""
        self._ended.pop(self._first_of.get(offset, offset), None)


def _trim(table: dict[int, int], most: int) -> None:
    while len(table) > most:
        del table[next(iter(table))]
