"""How much each group may read from the disk: as was set, or as a strategy adapts it.

A strategy gives more to who needs it while there is room for all, and takes some of it
back when there is none. Source: ColdDataCgCtrService, ColdCtrStrategy and its kinds.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

from twistedmq.config.flow import ColdConfig
from twistedmq.config.live import Live

ADAPTIVE: Final = "||adaptive"
"""Ends the names under which the tools are told limits that adapt."""

GROW: Final = 1.5
SHRINK: Final = 0.8
MOST_SHRUNK: Final = 3
"""So many groups, those with the highest limits, lose something at a time."""
MAX_BYTES: Final = 2**63 - 1

HISTORY: Final = 10
"""Periods that are looked back on; until there are so many, nothing is done."""
AIMED_AT: Final = 0.8
"""Part of the limit for all that shall be used."""
PROPORTIONAL: Final = 0.5
INTEGRAL: Final = 0.3
DIFFERENTIAL: Final = 0.2


class Trend:
    """Whether there is room: a PID controller over what all groups read in a period."""

    def __init__(self) -> None:
        self._errors: deque[int] = deque(maxlen=HISTORY)

    def note(self, size: int, limit: int) -> None:
        """Be told that *size* bytes were read in a period, of *limit* at most."""
        self._errors.append(int(limit * AIMED_AT) - size)

    @property
    def room(self) -> float:
        """Above 0 there is room, below 0 there is none; 0 while that is not known."""
        errors = self._errors
        if len(errors) < HISTORY:
            return 0.0
        return (
            PROPORTIONAL * errors[-1]
            + INTEGRAL * sum(errors)
            + DIFFERENTIAL * (errors[-1] - errors[-2])
        )


class ColdLimits:
    """The limits of groups.

    Attributes:
        own: those that operators have set, which nothing adapts; kept until the broker
            stops, as upstream.
    """

    def __init__(self, config: Live[ColdConfig]) -> None:
        self.own: dict[str, int] = {}
        self._config = config
        self._adapted: dict[str, int] = {}
        self._trend = Trend()

    def of(self, group: str) -> int:
        """Give how many bytes a group may read from the disk in a period."""
        if (own := self.own.get(group)) is not None:
            return own
        config = self._config.value
        if config.adaptive and (adapted := self._adapted.get(group)) is not None:
            return adapted
        return config.group_bytes

    def table(self) -> dict[str, int]:
        """Give all that differ from the setting, as the tools show them."""
        adapted = {f"{group}{ADAPTIVE}": size for group, size in self._adapted.items()}
        return {**self.own, **adapted}

    def set(self, name: str, size: int) -> None:
        """Give the group *name* a limit; one that adapts further by its shown name."""
        table, group = self._named(name)
        table[group] = size

    def remove(self, name: str) -> None:
        """Take the limit away again; nothing happens if there is none."""
        table, group = self._named(name)
        table.pop(group, None)

    def _named(self, name: str) -> tuple[dict[str, int], str]:
        if name.endswith(ADAPTIVE):
            return self._adapted, name.removesuffix(ADAPTIVE)
        return self.own, name

    def adapt(self, sizes: Mapping[str, int], total: int) -> None:
        """Adapt to a period in which groups have read *sizes*, in all *total* bytes.

        Who is not among *sizes* has read nothing for long, and is forgotten.
        """
        config = self._config.value
        if not config.adaptive:
            self._adapted.clear()
            return
        limit = config.global_bytes
        is_crowded = total > limit
        self._trend.note(total, limit)
        room = self._trend.room
        for group in self._adapted.keys() - sizes.keys():
            del self._adapted[group]
        if not is_crowded and (room > 0 or not config.uses_pid):
            for group, size in sizes.items():
                if group not in self.own and size >= (known := self.of(group)):
                    self._adapted[group] = min(int(known * GROW), MAX_BYTES)
        if (room < 0) if config.uses_pid else is_crowded:
            self._shrink(config.group_bytes)

    def _shrink(self, least: int) -> None:
        groups = [group for group in self._adapted if group not in self.own]
        groups.sort(key=self._adapted.__getitem__, reverse=True)
        for group in groups[:MOST_SHRUNK]:
            self._adapted[group] = max(int(self._adapted[group] * SHRINK), least)
