"""The door of the consume queues. Its docstring is the contract; the tests that hold it
are in ``twistedmq.testing.contracts.queue_index``.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from zope.interface import Interface

from twistedmq.store.queue_state import QueueState, QueueTable

QueueFileKey = tuple[str, int, int, str]
"""Names one file of a queue: topic, queue id, its first byte's place in the queue, and
which kind of queue. Only who gave it out looks inside."""


class IQueueIndex(Interface):
    """The consume queues of the file store: for each queue, where its messages are.

    Entries are derived from the log: they are written behind the replies and made again
    from the log after a crash, so this may lag and must never lead. An entry is 20
    bytes (``twistedmq.store.queue_state.ENTRY``): physical offset, record size, tags
    code. Entries of a queue have rising physical offsets; a size of FILLER_SIZE marks
    one that stands for nothing.

    What changes a queue (``write``, ``cut``, ``forget``, ``set_aside``), ``lacks`` and
    ``to_make`` are called in one thread, the reactor's, or recovery's before the store
    is open. All else may be called in any thread, beside it. Failures of the disk are
    OSErrors.

    A write is quick but for the first one to a file, which has to be made. Who must not
    be held up by that asks ``lacks`` before, and has ``make`` called in a thread with
    what ``to_make`` gives.
    """

    def load(cut: int, log_min: int) -> QueueTable:
        """Give every kept queue, without the entries at or behind physical offset
        *cut*, which are forgotten, and with nothing in memory.

        ``min_offset`` is the first entry that points at or behind *log_min*. Queues
        that end up with no entry are left out. Called again, it looks again.

        Raises:
            StoreOpenError: what is kept cannot be read with today's settings.
        """

    def write(state: QueueState) -> None:
        """Keep the entries of *state* from ``written_offset`` on, and move that up.

        Not yet safe: see ``sync``. They stay in the queue's tail. Files that are
        missing are made.

        Raises:
            OSError: ``written_offset`` says how far it came; the rest is tried again.
        """

    def lacks(state: QueueState) -> bool:
        """Say whether ``write`` of *state* would have to make a file first. No disk is
        asked: what was removed from outside does not count.
        """

    def to_make(states: Iterable[QueueState]) -> set[QueueFileKey]:
        """Give what ``write`` of *states* would have to make, for ``make``."""

    def make(files: set[QueueFileKey]) -> None:
        """Make *files*, which ``to_make`` gave, ready to be written to; for a thread.

        What is cut, forgotten or set aside meanwhile is not made, or is gone again when
        that call returns, which waits for one file at most. Until something is written
        there, a file that was made is nothing: ``load`` leaves its queue out.

        Raises:
            OSError: some were perhaps made; ``write`` may be called all the same.
        """

    def unsynced() -> set[QueueFileKey]:
        """Give, and forget, the files that were written and not synced since."""

    def sync(files: set[QueueFileKey]) -> None:
        """Return when *files*, and that they exist, are on the disk. Those that were
        removed meanwhile do not count.
        """

    def read(
        topic: str, queue_id: int, offset: int, count: int, resident: bool
    ) -> bytes:
        """Give up to *count* packed entries from queue offset *offset* on: fewer, or
        none, where files end or are missing. Behind the last written entry there may
        be zeros: the caller knows where a queue ends.

        Raises:
            NotResidentError: *resident* was asked and a disk would be waited for.
        """

    def cut(state: QueueState, physical_offset: int) -> None:
        """Have *state*, all of it written, end before its first entry at or behind
        *physical_offset*: there, in its files, and in memory.
        """

    def end_of_last_records(queues: QueueTable) -> int:
        """Give the physical offset behind the last record that any of *queues*, as
        ``load`` gave them, holds; 0 without any.
        """

    def first_from(state: QueueState, physical_offset: int) -> int:
        """Give the queue offset of the first entry of *state* that points at or behind
        *physical_offset*; its ``next_offset`` if none does. Changes nothing: who
        removes the beginning of the log sets ``min_offset`` to this.
        """

    def expired(
        topic: str, queue_id: int, physical_offset: int
    ) -> Sequence[QueueFileKey]:
        """Give the files of a queue, oldest first, whose entries all point before
        *physical_offset*. The last file of a queue is never among them.
        """

    def remove(file: QueueFileKey) -> None:
        """Remove one file that ``expired`` gave; no error if it is gone."""

    def forget(topic: str, queue_id: int) -> None:
        """Remove all that is kept of a queue: it begins anew."""

    def set_aside(topic: str, target: Path) -> bool:
        """Move all that is kept of *topic* to *target*, a path that does not exist, for
        the caller to remove at leisure; gives whether there was anything.
        """
