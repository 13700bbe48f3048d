"""How much groups read that is not in memory, and which of them have to wait.

A group that catches up from far behind keeps the disk busy, and fills the memory with
what nobody else wants. So it may read so many bytes from the disk in five seconds; all
groups together have a limit, too. Source: ColdDataCgCtrService.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct

from twistedmq.broker.flow.cold_limits import ColdLimits
from twistedmq.config.flow import ColdConfig
from twistedmq.config.live import Live
from twistedmq.metrics.samples import Sample, counter
from twistedmq.protocol.names import is_system_group

PERIOD_S: Final = 5
FORGET_MS: Final = 60_000
"""A group that has read nothing cold for so long is not listed any more."""
_MOST_TURNS: Final = FORGET_MS // 1000 // PERIOD_S + 1
"""After so many periods without a read nothing is left that would change."""

DELAYED: Final = counter(
    "twistedmq_cold_reads_delayed_total",
    "Pulls that were put off, since their group reads too much from the disk",
)


class ColdGroup(Struct, rename="camel"):
    """What one group has read from the disk (upstream: AccAndTimeStamp)."""

    created_ms: int
    last_ms: int
    size: int = 0
    """Bytes, in the present five seconds."""


class ColdReads:
    """Counts cold reads by group, and says whose turn it is not.

    Attributes:
        limits: of groups, in bytes.
    """

    def __init__(
        self,
        config: Live[ColdConfig],
        seconds: Callable[[], float],
        wall_ms: Callable[[], int],
    ) -> None:
        self.limits = ColdLimits(config)
        self._config = config
        self._seconds = seconds
        self._wall_ms = wall_ms
        self._groups: dict[str, ColdGroup] = {}
        self._places: set[tuple[str, str, int]] = set()
        self._size = 0
        self._period = int(seconds() // PERIOD_S)
        self._delayed = 0

    def note(self, topic: str, group: str, queue_id: int, size: int) -> None:
        """Be told that *size* bytes of a queue were read from the disk for a group."""
        self._turn()
        now_ms = self._wall_ms()
        known = self._groups.get(group)
        if known is None:
            known = self._groups[group] = ColdGroup(now_ms, now_ms)
        known.size += size
        known.last_ms = now_ms
        self._size += size
        self._places.add((topic, group, queue_id))

    @property
    def are_there(self) -> bool:
        """Whether anybody has read from the disk lately; if not, nobody must wait."""
        return bool(self._places)

    def must_wait(self, topic: str, group: str, queue_id: int) -> bool:
        """Whether a group that reads this queue from the disk has read enough."""
        config = self._config.value
        if not config.enabled or is_system_group(group):
            return False
        self._turn()
        if (topic, group, queue_id) not in self._places:
            return False
        size = self._groups[group].size
        return size >= self.limits.of(group) or self._size >= config.global_bytes

    def delayed(self) -> None:
        """Count a pull that was put off."""
        self._delayed += 1

    def info(self) -> dict[str, Any]:
        """Give what the tool shows, by the genuine names."""
        self._turn()
        config = self._config.value
        return {
            "runtimeTable": {
                group: {
                    "coldAcc": each.size,
                    "createTimeMills": each.created_ms,
                    "lastColdReadTimeMills": each.last_ms,
                }
                for group, each in self._groups.items()
            },
            "configTable": self.limits.table(),
            "cgColdReadThreshold": config.group_bytes,
            "globalColdReadThreshold": config.global_bytes,
            "globalAcc": self._size,
        }

    def samples(self) -> Iterator[Sample]:
        """Give how often groups had to wait."""
        yield DELAYED.of(self._delayed)

    def _turn(self) -> None:
        """End the periods that are over; those without a read at once."""
        period = int(self._seconds() // PERIOD_S)
        passed, self._period = period - self._period, period
        for _ in range(min(passed, _MOST_TURNS)):
            self._end_period()

    def _end_period(self) -> None:
        forgotten_ms = self._wall_ms() - FORGET_MS
        for group, each in list(self._groups.items()):
            if each.last_ms <= forgotten_ms:
                del self._groups[group]
        sizes = {group: each.size for group, each in self._groups.items()}
        self.limits.adapt(sizes, self._size)
        for each in self._groups.values():
            each.size = 0
        self._size = 0
        self._places.clear()
