"""How long to leave an address alone that could not be reached."""

from random import Random

from msgspec import Struct


class Backoff(Struct, frozen=True):
    """Pauses that double with each failure up to a limit, each cut by chance.

    Chance keeps many clients from coming back at the same moment.
    """

    first_s: float
    most_s: float
    random: Random

    def pause_s(self, failures: int) -> float:
        """Give the pause after that many *failures* in a row (1 is the first)."""
        doublings = min(failures - 1, 30)
        longest: float = min(self.most_s, self.first_s * 2**doublings)
        return longest * self.random.uniform(0.5, 1.0)
