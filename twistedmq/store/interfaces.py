"""The doors of the store. Each docstring is the contract; the tests that hold it are in
``twistedmq.testing.contracts``.

Offsets: a *physical offset* counts bytes from the start of the log, a *queue offset*
counts messages of one queue. Once given out, neither moves.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import ServiceUnavailableError
from twistedmq.protocol.send_batch import SendBatch


class Durability(Enum):
    """What an acknowledged message survives."""

    MEMORY = "memory"
    PAGE_CACHE = "page-cache"
    DISK = "disk"
    REPLICATED = "replicated"


class ReadStatus(Enum):
    """How a read from a queue ended.

    Upstream: GetMessageStatus, whose names go out as remarks of pull answers.
    """

    FOUND = "FOUND"
    NO_MATCHED_MESSAGE = "NO_MATCHED_MESSAGE"
    MESSAGE_WAS_REMOVING = "MESSAGE_WAS_REMOVING"
    OFFSET_FOUND_NULL = "OFFSET_FOUND_NULL"
    OFFSET_OVERFLOW_BADLY = "OFFSET_OVERFLOW_BADLY"
    OFFSET_OVERFLOW_ONE = "OFFSET_OVERFLOW_ONE"
    OFFSET_TOO_SMALL = "OFFSET_TOO_SMALL"
    NO_MATCHED_LOGIC_QUEUE = "NO_MATCHED_LOGIC_QUEUE"
    NO_MESSAGE_IN_QUEUE = "NO_MESSAGE_IN_QUEUE"


class Appended(Struct):
    """Where a batch went. Columns, one item a message, in the order of the batch."""

    physical_offsets: list[int]
    queue_offsets: list[int]
    end: int
    """The physical offset behind the last byte of the batch: what ``safe`` wants."""
    store_ms: int
    """Wall clock time written into all records of the batch."""


class QueueRead(Struct):
    """What a read from a queue found."""

    status: ReadStatus
    next_offset: int
    min_offset: int
    max_offset: int
    count: int = 0
    records: list[Buffer] = []
    """Whole encoded records in queue order; neighbours in the log are one buffer."""
    size: int = 0
    """Bytes in ``records``."""


class QueueEntry(Struct):
    """One message's place (upstream: CqUnit)."""

    queue_offset: int
    physical_offset: int
    size: int
    tags_code: int


class IndexHits(Struct):
    """What an index found, newest first."""

    physical_offsets: list[int]
    last_update_ms: int = 0
    last_update_offset: int = 0


class StoreFullError(ServiceUnavailableError):
    """The disk is full, or failed: nothing was stored. Reads go on."""


TagsPredicate = Callable[[int], bool]
"""Says whether a message with that tags code may match (a hash: not final)."""

RecordPredicate = Callable[[Buffer], bool]
"""Says whether an encoded record really matches; used only where tags do not decide."""

ArrivalListener = Callable[[Sequence[tuple[str, int, int, int, int]]], None]
"""Told once a batch of appends: (topic, queue id, new max queue offset, tags code and
store time in ms of the queue's last message) for each queue that grew."""


class IMessageStore(Interface):
    """An append-only log of records with queues over it.

    All methods are called in the reactor thread. A read that has what it needs in
    memory answers at once; one that must touch a cold disk gives a Deferred.
    """

    ready: Deferred[None] = Attribute(
        "Fires when recovery is over and every other method may be called; fails with "
        "the reason if the store cannot be opened."
    )
    durability: Durability = Attribute("What ``safe`` promises with today's settings.")

    def start() -> None:
        """Open and recover, in a thread where that takes long; then fire ``ready``.

        What cannot succeed (a locked, foreign or unwritable directory) raises at once.
        """

    def stop() -> Deferred[None]:
        """Make everything safe, close every file; fires when done. Idempotent."""

    def append(batch: SendBatch) -> Appended:
        """Add *batch* as one write; gives the offsets, in order.

        Readers see the messages at once. Not yet safe: see ``safe``. Arrival listeners
        are called before this returns. The queue offsets of one (topic, queue) rise by
        one.

        Raises:
            StoreFullError: and then nothing was added.
        """

    def safe(end: int) -> Deferred[Durability] | None:
        """None if every byte before *end* already is as safe as the settings ask;
        else fires once it is.

        Fails with StoreFullError where the flush failed: nothing may be acknowledged.
        """

    def queue_bounds(topic: str, queue_id: int) -> tuple[int, int]:
        """Give (min, max): the first kept queue offset, and the next one to be given.
        (0, 0) for a queue that does not exist.
        """

    def queues() -> list[tuple[str, int]]:
        """Give every (topic, queue id) that ever had a message here."""

    def read_queue(
        topic: str,
        queue_id: int,
        offset: int,
        max_count: int,
        max_bytes: int,
        tags: TagsPredicate | None,
        matches: RecordPredicate | None,
    ) -> QueueRead | Deferred[QueueRead]:
        """Give up to *max_count* records from queue offset *offset* on, in order.

        At least one record is given however large it is. ``next_offset`` is behind the
        last entry looked at, matched or not. Offsets and statuses follow upstream's
        DefaultMessageStore.getMessage.
        """

    def entries(topic: str, queue_id: int, offset: int, count: int) -> list[QueueEntry]:
        """Give up to *count* queue entries from *offset* on."""

    def record_at(physical_offset: int) -> Buffer | Deferred[Buffer | None] | None:
        """Give the whole record that starts there; None if none does."""

    def offset_by_time(
        topic: str, queue_id: int, time_ms: int, upper: bool
    ) -> int | Deferred[int]:
        """Find the queue offset for a store time, as upstream's
        getOffsetInQueueByTime with BoundaryType LOWER or UPPER.
        """

    def store_time(topic: str, queue_id: int, offset: int) -> int | Deferred[int]:
        """Give the store time in ms of the message at *offset*, -1 if there is none."""

    def query(
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits | Deferred[IndexHits]:
        """Find messages by key; *index_type* is "" (keys, unique keys) or "T" (tag)."""

    def delete_topic(topic: str) -> int:
        """Forget the queues of *topic*; gives how many there were. Its records stay in
        the log until that is cleaned.
        """

    def add_arrival_listener(listener: ArrivalListener) -> None:
        """Have *listener* told of what arrives."""

    def status() -> dict[str, Any]:
        """Figures for people and for GET_BROKER_RUNTIME_INFO: at least min_offset,
        max_offset, flushed_offset, dispatched_offset (all physical), disk_ratio.
        """


class IReplicableLog(Interface):
    """The log as bytes, for replication. Implemented beside IMessageStore."""

    def log_bounds() -> tuple[int, int]:
        """Give (min, max) physical offset."""

    def log_read(offset: int, max_bytes: int) -> Buffer | Deferred[Buffer]:
        """Give bytes from *offset* on; may end inside a record, not past a segment."""

    def log_write(offset: int, data: bytes) -> None:
        """Add *data*, which must start at the log's end; queues follow from it.

        Raises:
            ValueError: *offset* is not the end of the log.
        """

    def log_truncate(offset: int) -> None:
        """Forget everything from *offset* on, queues and index included."""

    confirm_offset: int = Attribute(
        "Physical offset up to which enough replicas agree."
    )


class IndexItem(Struct):
    """What an index is told of one record."""

    topic: str
    properties: Buffer
    physical_offset: int
    store_ms: int


class IIndexStrategy(Interface):
    """Finds records by key. Written behind the replies, rebuilt from the log after a
    crash: it may lag, and it must never lead.
    """

    def put(items: Sequence[IndexItem]) -> None:
        """Add the keys (UNIQ_KEY, each word of KEYS, TAGS) of *items*, in log order."""

    def find(
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find candidates; different keys may share a hash, so the reader checks."""

    def indexed_offset() -> int:
        """Give the physical offset of the last indexed record; -1 if there is none."""

    def flush() -> None:
        """Write and sync what is buffered. May be called from a thread."""

    def truncate(physical_offset: int) -> None:
        """Forget items at or behind *physical_offset*."""

    def close() -> None:
        """Flush and close."""


class IReplication(Interface):
    """A HA mode: what "replicated" means for an append."""

    def replicated(end: int) -> Deferred[Durability] | None:
        """None if nothing need be waited for; else fires when enough replicas have
        every byte before *end*.
        """


class IStoreFactory(Interface):
    """A plugin that opens stores: ``--store scheme:arguments``."""

    scheme: str = Attribute("Name before the colon.")

    def open_store(arguments: str, context: Any) -> IMessageStore:
        """Make the store; *context* is a ``twistedmq.store.context.StoreContext``
        (reactor, wall clock, settings, store host, replication).
        """
