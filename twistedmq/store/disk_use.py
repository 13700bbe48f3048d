"""How full a disk is, counted as the genuine broker (and ``df``) counts it."""

from typing import NamedTuple


class DiskUse(NamedTuple):
    """The partition under some path.

    What is kept back for the administrator counts neither as used nor as free: a disk
    is full when nothing more can be written here.
    """

    used_bytes: int
    free_bytes: int
    """What this program may still write."""
    total_bytes: int

    @property
    def percent(self) -> int:
        """Used percent, rounded up; 0 where the system does not tell."""
        whole = self.used_bytes + self.free_bytes
        return -(-100 * self.used_bytes // whole) if whole > 0 else 0

    @property
    def ratio(self) -> float:
        """The same from 0 to 1, as the genuine broker reports it."""
        return self.percent / 100
