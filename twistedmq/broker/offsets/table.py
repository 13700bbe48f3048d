"""How far each group has come in each queue. Pure: no clock, no file."""

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from twistedmq.config.broker import OffsetConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion

NOT_FOUND = -1
"""What a query gives for a queue the group never committed on."""

Key = tuple[str, str]
"""(topic, group)."""


class OffsetTable:
    """Committed offsets by (topic, group) and queue id.

    Beside them live the *pull* offsets (how far a group has read, for figures only) and
    the *reset* offsets (where an operator wants a group to go on; taken by the next
    pull). Only committed offsets are kept on disk.
    """

    def __init__(self, config: Live[OffsetConfig], wall_ms: Callable[[], int]) -> None:
        """Begin empty; *wall_ms* stamps the data version."""
        self._config = config
        self._wall_ms = wall_ms
        self._version = DataVersion(timestamp=wall_ms())
        self._commits = 0
        self._committed: dict[Key, dict[int, int]] = {}
        self._pulled: dict[Key, dict[int, int]] = {}
        self._reset: dict[Key, dict[int, int]] = {}
        self._topics: dict[str, set[str]] = {}
        self._groups: dict[str, set[str]] = {}
        self._changed: set[Key] = set()

    # What pulls and commits do

    def commit(self, group: str, topic: str, queue_id: int, offset: int) -> None:
        """Set the offset of the next message that *group* wants from a queue."""
        key = (topic, group)
        queues = self._committed.get(key)
        if queues is None:
            queues = self._add(key)
        queues[queue_id] = offset
        self._changed.add(key)
        self._commits += 1
        if self._commits >= self._config.value.version_step:
            self._next_version()

    def commit_pull(self, group: str, topic: str, queue_id: int, offset: int) -> None:
        """Note where the next pull of *group* will start."""
        key = (topic, group)
        queues = self._pulled.get(key)
        if queues is None:
            queues = self._pulled[key] = {}
        queues[queue_id] = offset

    def query(self, group: str, topic: str, queue_id: int) -> int:
        """Give the committed offset, or what it was reset to; else NOT_FOUND."""
        key = (topic, group)
        if self._reset and self._config.value.server_side_reset:
            reset = self._reset.get(key)
            if reset is not None and queue_id in reset:
                return reset[queue_id]
        queues = self._committed.get(key)
        return NOT_FOUND if queues is None else queues.get(queue_id, NOT_FOUND)

    def query_pull(self, group: str, topic: str, queue_id: int) -> int:
        """Give the pull offset, else the committed one, else NOT_FOUND."""
        offset = self._pulled.get((topic, group), {}).get(queue_id)
        return self.query(group, topic, queue_id) if offset is None else offset

    # Resetting

    def reset(self, group: str, topic: str, queue_id: int, offset: int) -> None:
        """Have *group* go on at *offset*, whatever it commits until its next pull."""
        self._reset.setdefault((topic, group), {})[queue_id] = offset
        self.commit(group, topic, queue_id, offset)

    def is_reset(self, group: str, topic: str, queue_id: int) -> bool:
        """Whether a reset waits for the next pull of *group*."""
        if not self._reset or not self._config.value.server_side_reset:
            return False
        return queue_id in self._reset.get((topic, group), ())

    def take_reset(self, group: str, topic: str, queue_id: int) -> int | None:
        """Give the waiting reset and forget it; None if none waits."""
        if not self._reset:
            return None
        queues = self._reset.get((topic, group))
        if queues is None:
            return None
        offset = queues.pop(queue_id, None)
        if not queues:
            del self._reset[(topic, group)]
        return offset if self._config.value.server_side_reset else None

    # Looking around

    def queues_of(self, group: str, topic: str) -> Mapping[int, int]:
        """Give the committed offsets of *group* by queue id."""
        return self._committed.get((topic, group), {})

    def topics_of(self, group: str) -> set[str]:
        """Give the topics on which *group* committed."""
        return set(self._topics.get(group, ()))

    def groups_of(self, topic: str) -> set[str]:
        """Give the groups that committed on *topic*."""
        return set(self._groups.get(topic, ()))

    def groups(self) -> Mapping[str, set[str]]:
        """Give the topics of every group."""
        return self._topics

    def items(self) -> Iterator[tuple[Key, dict[int, int]]]:
        """Give all committed offsets."""
        return iter(self._committed.items())

    def __len__(self) -> int:
        """Count the pairs of topic and group."""
        return len(self._committed)

    # Whole groups and topics

    def clone(self, source: str, target: str, topic: str) -> None:
        """Put *target* where *source* is."""
        queues = self._committed.get((topic, source))
        if queues is not None:
            self._add((topic, target)).update(queues)

    def remove_group(self, group: str) -> None:
        """Forget everything about *group*."""
        for topic in self.topics_of(group):
            self._drop((topic, group))
        for table in (self._pulled, self._reset):
            for key in [key for key in table if key[1] == group]:
                del table[key]

    def remove_topic(self, topic: str) -> None:
        """Forget everything about *topic*."""
        for group in self.groups_of(topic):
            self._drop((topic, group))
        for table in (self._pulled, self._reset):
            for key in [key for key in table if key[0] == topic]:
                del table[key]

    @property
    def data_version(self) -> DataVersion:
        """Rises with every so many commits; slaves compare it."""
        return self._version

    # Keeping

    @property
    def version_now(self) -> DataVersion:
        """The data version with the time of now, for what is kept."""
        return replace(self._version, timestamp=self._wall_ms())

    def load(
        self, items: Mapping[Key, Mapping[int, int]], version: DataVersion
    ) -> None:
        """Fill an empty table with what was kept; nothing counts as changed."""
        for key, queues in items.items():
            self._add(key).update(queues)
        self._version = version
        self._changed.clear()

    @property
    def has_changes(self) -> bool:
        """Whether something changed since ``take_changes``."""
        return bool(self._changed)

    def take_changes(self) -> dict[Key, dict[int, int] | None]:
        """Give what changed since the last call; None for what is gone.

        The offsets by queue are the table's own and go on changing: whoever uses them
        in another thread copies them there (which is atomic). This way the reactor
        spends next to nothing on them; what is newer counts as changed again anyway.
        """
        changed, self._changed = self._changed, set()
        committed = self._committed.get
        return {key: committed(key) for key in changed}

    def changes_lost(self, changes: Mapping[Key, object]) -> None:
        """Count *changes* as changed again: they could not be written."""
        self._changed.update(changes)

    def _next_version(self) -> None:
        self._commits = 0
        counter = self._version.counter + 1
        self._version = replace(
            self._version, counter=counter, timestamp=self._wall_ms()
        )

    def _add(self, key: Key) -> dict[int, int]:
        topic, group = key
        self._topics.setdefault(group, set()).add(topic)
        self._groups.setdefault(topic, set()).add(group)
        self._changed.add(key)
        return self._committed.setdefault(key, {})

    def _drop(self, key: Key) -> None:
        topic, group = key
        del self._committed[key]
        self._changed.add(key)
        for table, name, member in (
            (self._topics, group, topic),
            (self._groups, topic, group),
        ):
            table[name].discard(member)
            if not table[name]:
                del table[name]
