"""Both kinds of queues of a file store, as one: plain queues and batch queues."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from twisted.logger import Logger
from zope.interface import implementer

from twistedmq.store.context import StoreContext
from twistedmq.store.files.batch_queue_files import BatchQueueFiles
from twistedmq.store.files.extended_files import ExtendedFiles
from twistedmq.store.files.open_files import OpenFiles
from twistedmq.store.files.paths import StorePaths
from twistedmq.store.files.queue_files import QueueFiles
from twistedmq.store.queue_interfaces import IQueueIndex, QueueFileKey
from twistedmq.store.queue_state import BatchQueueState, QueueState, QueueTable


@implementer(IQueueIndex)
class QueueKinds:
    """Asks whoever keeps that kind of queue.

    Args:
        plain: keeps the queues with an entry a message.
        batch: keeps those of batch topics.
        extended: knows the tags codes to which entries of *plain* may only point.
        batch_topics: names of batch topics; those found on the disk are added.
    """

    _log = Logger()

    def __init__(
        self,
        plain: IQueueIndex,
        batch: BatchQueueFiles,
        extended: ExtendedFiles,
        batch_topics: set[str],
    ) -> None:
        self.plain = plain
        self.batch = batch
        self.extended = extended
        self._batch_topics = batch_topics

    @classmethod
    def of(
        cls, context: StoreContext, paths: StorePaths, open_files: OpenFiles
    ) -> "QueueKinds":
        """Make all of them for one store."""
        files, config = context.files, context.config.value
        extended = ExtendedFiles(
            files, paths.extended, config.extended_file_bytes, open_files
        )
        return cls(
            QueueFiles(
                files, paths.queues, config.queue_file_bytes, open_files, extended
            ),
            BatchQueueFiles(
                files, paths.batch_queues, config.batch_queue_file_bytes, open_files
            ),
            extended,
            context.batch_topics,
        )

    def load(self, cut: int, log_min: int) -> QueueTable:
        """Give every queue; see IQueueIndex."""
        self._batch_topics |= self.batch.topics()
        queues = self.plain.load(cut, log_min)
        queues.batch_topics = self._batch_topics
        for topic, queue_id in [key for key in queues if key[0] in self._batch_topics]:
            self._log.warn(
                "queue {topic}/{queue_id}: its plain entries are dropped, because the "
                "topic has batch queues",
                topic=topic,
                queue_id=queue_id,
            )
            del queues[topic, queue_id]
            self.plain.forget(topic, queue_id)
        queues.update(self.batch.load(cut, log_min))
        return queues

    def write(self, state: QueueState) -> None:
        """Write the entries of *state* that no file has."""
        if isinstance(state, BatchQueueState):
            self.batch.write(state)
        else:
            self.plain.write(state)

    def lacks(self, state: QueueState) -> bool:
        """Say whether files have to be made before *state* is written."""
        if isinstance(state, BatchQueueState):
            return self.batch.lacks(state)
        return self.plain.lacks(state)

    def to_make(self, states: Iterable[QueueState]) -> set[QueueFileKey]:
        """Give the files that have to be made before *states* are written."""
        plain: list[QueueState] = []
        batch: list[QueueState] = []
        for state in states:
            (batch if isinstance(state, BatchQueueState) else plain).append(state)
        return self.plain.to_make(plain) | self.batch.to_make(batch)

    def make(self, files: set[QueueFileKey]) -> None:
        """Make *files*; for a thread."""
        of_batches = {file for file in files if self.batch.has(file)}
        self.batch.make(of_batches)
        self.plain.make(files - of_batches)

    def unsynced(self) -> set[QueueFileKey]:
        """Give, and forget, the files that were written and not synced since."""
        return self.plain.unsynced() | self.batch.unsynced()

    def sync(self, files: set[QueueFileKey]) -> None:
        """Sync *files*; for a thread."""
        of_batches = {file for file in files if self.batch.has(file)}
        self.batch.sync(of_batches)
        self.plain.sync(files - of_batches)

    def read(
        self, topic: str, queue_id: int, offset: int, count: int, resident: bool
    ) -> bytes:
        """Read entries of a plain queue."""
        return self.plain.read(topic, queue_id, offset, count, resident)

    def cut(self, state: QueueState, physical_offset: int) -> None:
        """Have *state* end before a physical offset."""
        if isinstance(state, BatchQueueState):
            self.batch.cut(state, physical_offset)
        else:
            self.plain.cut(state, physical_offset)

    def end_of_last_records(self, queues: QueueTable) -> int:
        """Give the end of the last record that any of *queues* holds.

        Where only batch queues are left, the plain ones are to be made anew: 0.
        """
        plain, end = QueueTable(), 0
        for key, state in queues.items():
            if isinstance(state, BatchQueueState):
                end = max(end, self.batch.end_of_last_record(state))
            else:
                plain[key] = state
        return max(end, self.plain.end_of_last_records(plain)) if plain else 0

    def first_from(self, state: QueueState, physical_offset: int) -> int:
        """Give the offset of the first message at or behind a physical offset."""
        if isinstance(state, BatchQueueState):
            return self.batch.first_from(state, physical_offset)
        return self.plain.first_from(state, physical_offset)

    def expired(
        self, topic: str, queue_id: int, physical_offset: int
    ) -> Sequence[QueueFileKey]:
        """Give the files of a queue that hold nothing from *physical_offset* on."""
        if topic in self._batch_topics:
            return self.batch.expired(topic, queue_id, physical_offset)
        return self.plain.expired(topic, queue_id, physical_offset)

    def remove(self, file: QueueFileKey) -> None:
        """Remove one file."""
        (self.batch if self.batch.has(file) else self.plain).remove(file)

    def forget(self, topic: str, queue_id: int) -> None:
        """Remove all that is kept of a queue."""
        self.batch.forget(topic, queue_id)
        self.plain.forget(topic, queue_id)

    def set_aside(self, topic: str, target: Path) -> bool:
        """Move all that is kept of *topic* below *target*."""
        plain = self.plain.set_aside(topic, target / "plain")
        return self.batch.set_aside(topic, target / "batch") or plain
