"""Token buckets. Pure: time comes in as numbers."""

from typing import Final

BURST_S: Final = 1.0
"""Who has been quiet may at once send what is allowed in so long a time."""


class Bucket:
    """Fills at a rate, up to what it holds; may be drained below zero.

    Whoever finds something in it may take as much as he wants: the others wait until
    the debt is paid. So the size of a batch does not matter, and the rate holds.

    Attributes:
        tokens: how much was in it when it was looked at last, less what was taken.
    """

    __slots__ = ("_at_s", "tokens")

    def __init__(self, now_s: float, rate: float) -> None:
        """Begin full."""
        self.tokens = rate * BURST_S
        self._at_s = now_s

    def wait_s(self, now_s: float, rate: float) -> float:
        """Give how long to wait until there is something; 0 if there is.

        *rate* is today's: it may change at any time.
        """
        filled = self.tokens + rate * max(0.0, now_s - self._at_s)
        self.tokens = min(filled, rate * BURST_S)
        self._at_s = now_s
        return 0.0 if self.tokens > 0 else (1 - self.tokens) / rate

    def take(self, amount: float) -> None:
        """Take *amount* out."""
        self.tokens -= amount
