"""When a group commit begins: at once, or when those are back who come back anyway.

Producers that wait for their answers send again as soon as they have them. A sync that
begins with the first one to return leaves the others to the next: the group falls into
two halves that take turns, each with a sync of its own. So after a sync the next one is
put off until about as much as was in flight has come, or until a fraction of the time
that a sync takes is over. Whoever does not send again costs that fraction a few times,
and then is not waited for.
"""

from typing import Final

_MOST_OF_IT: Final = 0.9
"""Share of what was in flight that has to come back; messages differ in size."""
_PART_OF_A_SYNC: Final = 0.5
_MOST_S: Final = 0.002
_LEAST_S: Final = 0.0002
"""What is quicker than that is not worth waiting for."""
_TRIED_AGAIN_AFTER: Final = 64
"""Syncs, where nobody came back."""


class CommitPace:
    """Decides how long a sync waits for company; offsets are bytes of the log."""

    def __init__(self) -> None:
        self._goal = 0
        self._until_s = 0.0
        self._trust = 1.0
        self._passed_over = 0

    def synced(
        self, now_s: float, took_s: float, before: int, flushed: int, wanted: int
    ) -> None:
        """Note a sync of everything from *before* to *flushed*, which took *took_s*.

        *wanted* is the furthest end that anybody asks for: from *before* to there is
        what was in flight.
        """
        self._goal = flushed + int((wanted - before) * _MOST_OF_IT)
        patience_s = min(took_s * _PART_OF_A_SYNC, _MOST_S) * self._trust
        if patience_s < _LEAST_S:
            patience_s = 0.0
            self._passed_over += 1
            if self._passed_over >= _TRIED_AGAIN_AFTER:
                self._passed_over, self._trust = 0, 1.0
        self._until_s = now_s + patience_s

    def wait_s(self, now_s: float, end: int) -> float:
        """Say how long a sync up to *end* should still wait; 0: begin it now."""
        if end >= self._goal:
            return 0.0
        # The clock may have been set back meanwhile.
        return min(_MOST_S, max(0.0, self._until_s - now_s))

    def began(self, end: int) -> None:
        """Learn from a sync that begins now and covers up to *end*."""
        if end >= self._goal:
            self._trust = min(1.0, self._trust * 2)
        else:
            self._trust /= 2
