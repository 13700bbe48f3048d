"""How far each level has been delivered. Pure: no clock, no file."""

from collections.abc import Callable, Mapping

from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion


class DelayProgress:
    """Offsets in the queues of the schedule topic, by level.

    What is before an offset was delivered and is safe; so a crash delivers some
    messages twice, and forgets none.
    """

    def __init__(self, config: Live[DelayConfig], wall_ms: Callable[[], int]) -> None:
        """Begin empty; *wall_ms* stamps the data version."""
        self._config = config
        self._wall_ms = wall_ms
        self._offsets: dict[int, int] = {}
        self._changed: set[int] = set()
        self._advances = 0
        self.data_version = DataVersion(timestamp=wall_ms())

    def load(self, offsets: Mapping[int, int], version: DataVersion) -> None:
        """Take over what a file holds."""
        self._offsets.update(offsets)
        self.data_version = version

    def offset(self, level: int) -> int:
        """Give the first offset of *level* that was not delivered."""
        return self._offsets.get(level, 0)

    def offsets(self) -> dict[int, int]:
        """Give a copy of all, by level."""
        return dict(self._offsets)

    def advance(self, level: int, offset: int) -> None:
        """Note that what is before *offset* is delivered and safe."""
        if self._offsets.get(level) == offset:
            return
        self._offsets[level] = offset
        self._changed.add(level)
        self._advances += 1
        if self._advances % max(self._config.value.version_step, 1) == 0:
            self.data_version = self.data_version.next(self._wall_ms())

    def take_changed(self) -> set[int]:
        """Give the levels that moved since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed
