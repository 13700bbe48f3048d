"""The doors of the store. Each docstring is the contract; the tests that hold it are in
``twistedmq.testing.contracts``.

Offsets: a *physical offset* counts bytes from the start of the log, a *queue offset*
counts messages of one queue. Once given out, neither moves. The log is records in a
row: whatever else a store keeps around them has no physical offset.
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
from twistedmq.store.durability import Durability as Durability  # noqa: PLC0414 (for stores)
from twistedmq.store.index_interfaces import IndexHits


class ReadStatus(Enum):
    """How a read from a queue ended.

    Upstream: GetMessageStatus, whose names go out as remarks of pull answers.
    """

    __hash__ = object.__hash__

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
    """The physical offset behind the last byte of the batch, where the next batch
    begins (unless a segment ends there): what ``safe`` wants."""
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
    """Bytes of the record."""
    tags_code: int
    """Hash of the tag, 0 without one; for a delayed message, when it is due in ms."""
    count: int = 1
    """How many messages the record holds: more than one only in batch queues."""


class StoreFullError(ServiceUnavailableError):
    """The disk is full, or failed: nothing was stored. Reads go on.

    Its text goes to the producer and to the operator: what is full, and the limit.
    """


TagsPredicate = Callable[[int], bool]
"""Says whether a message with that tags code may match (a hash: not final)."""

RecordPredicate = Callable[[Buffer], bool]
"""Says whether an encoded record really matches; used only where tags do not decide."""

ArrivalListener = Callable[[Sequence[tuple[str, int, int, int, int]]], None]
"""Told once a batch of appends: (topic, queue id, new max queue offset, tags code and
store time in ms of the queue's last message) for each queue that grew."""


class IMessageReader(Interface):
    """What can be read of a store.

    Called in the reactor thread, between ``ready`` and ``stop``. A read that has what
    it needs in memory answers at once; one that must touch a cold disk may give a
    Deferred where the signature says so, and then shows a state of the store between
    call and answer. Damage that a read meets is never served: what is no whole record
    counts as not there for ``record_at``; ``read_queue`` gives at most what comes
    before it, or fails with DamagedRecordError, at once or by its Deferred.

    A *record* is the bytes that ``twistedmq.protocol.record_layout`` lays out; it holds
    its own physical and queue offset. Buffers given away are never changed afterwards.
    """

    def queue_bounds(topic: str, queue_id: int) -> tuple[int, int]:
        """Give (min, max): the first kept queue offset, and the next one to be given.

        (0, 0) for a queue that does not exist. Where all messages are gone, min equals
        max, and max does not go back.
        """

    def queues() -> list[tuple[str, int]]:
        """Give every (topic, queue id) that ever had a message here, in any order;
        those of deleted topics excepted.
        """

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

        Entries are looked at one after the other: those whose tags code *tags* refuses
        are passed over, then those whose record *matches* refuses. It ends after
        *max_count* records, before the record that would make it more than *max_bytes*
        (at least one is given however large it is), or where the settings of the store
        say so. ``next_offset`` is behind the last entry looked at, matched or not.

        Statuses, with the next offset where nothing was found: NO_MATCHED_LOGIC_QUEUE,
        0 (no such queue); NO_MESSAGE_IN_QUEUE, 0 (max is 0); OFFSET_TOO_SMALL, min;
        OFFSET_OVERFLOW_ONE, *offset* (it is max); OFFSET_OVERFLOW_BADLY, max (it is
        behind max); NO_MATCHED_MESSAGE (all were passed over); MESSAGE_WAS_REMOVING
        (the records are gone already); OFFSET_FOUND_NULL (no entry could be read).
        """

    def entries(topic: str, queue_id: int, offset: int, count: int) -> list[QueueEntry]:
        """Give up to *count* queue entries from *offset* on, in order.

        None for an *offset* outside the bounds. May wait for the disk: not for many.
        """

    def record_at(physical_offset: int) -> Buffer | Deferred[Buffer | None] | None:
        """Give the whole record that starts there; None if none does.

        Records of deleted topics are still found, until the log is cleaned.
        """

    def offset_by_time(
        topic: str, queue_id: int, time_ms: int, upper: bool
    ) -> int | Deferred[int]:
        """Find a queue offset by store time, which rises with the offsets.

        The first message stored at *time_ms* or later, max if there is none; with
        *upper* the last one stored at *time_ms* or earlier, min if there is none.
        0 for a queue that does not exist. (Upstream: getOffsetInQueueByTime.)
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
        """Find messages by key, stored in [*begin_ms*, *end_ms*], newest first.

        *index_type* is "" (keys and unique keys) or "T" (tag). Whatever was appended
        before is found, unless there is no index; hits may hold other keys of the same
        hash, so the reader looks at the record.
        """


class IMessageStore(IMessageReader):
    """An append-only log of records with queues over it.

    All methods are called in the reactor thread. A factory makes it and touches
    nothing; then ``start``, ``ready``, and at last ``stop``. Before ``ready`` only
    ``durability``, ``add_arrival_listener`` and ``stop`` may be used.

    What a restart finds: every batch that was safe, at the same offsets, and nothing
    that was never appended. What was appended but not safe may be missing, from the
    end of the log only, and then its offsets are given again. After kill -9, which the
    page cache survives, only stores with Durability.MEMORY may have lost anything that
    was safe.

    A store that is given to a broker keeps no reference to its callers but listeners.
    """

    ready: Deferred[None] = Attribute(
        "Fires when recovery is over and every other method may be called; fails with "
        "the reason (StoreOpenError) if the store cannot be opened."
    )
    durability: Durability = Attribute(
        "What ``safe`` promises with today's settings. With MEMORY, the tables of the "
        "broker are not kept over a restart either."
    )

    def start() -> None:
        """Open and recover, in a thread where that takes long; then fire ``ready``.

        What cannot succeed (a locked, foreign or unwritable directory) raises at once.

        Raises:
            StoreOpenError: one line for the operator, with the path. Nothing was
                changed.
        """

    def stop() -> Deferred[None]:
        """Make everything safe, close every file; fires when done, and never fails.

        May be called twice, and before or instead of ``start``.
        """

    def append(batch: SendBatch) -> Appended:
        """Add *batch* (at least one message) as one write; gives the offsets, in order.

        All of it or nothing is added. Physical offsets rise, over all batches; the
        queue offsets of one (topic, queue id) rise by one, from 0. The store lays out
        the records, with the wall clock and ``store_host`` of its context, and keeps
        the batch's sequences no longer than it must, unchanged. Entries in the schedule
        topic say when a message is due (``store.delay_levels``), all others have the
        tags codes of the batch. Readers see the messages at once. Not yet safe: see
        ``safe``. Arrival listeners are called
        before this returns.

        Raises:
            StoreFullError: and then nothing was added, no offset was used, and reads
                go on. The next append tries again; it must not be slow to refuse.
        """

    def safe(end: int) -> Deferred[Durability] | None:
        """None if every byte before *end* already is as safe as flush mode and
        ``replication.replicated`` of the context ask; else fires once it is.

        *end* is the ``end`` of an append. One sync releases all who wait.

        Fails with StoreFullError where the flush failed: nothing may be acknowledged.
        """

    def delete_topic(topic: str) -> int:
        """Forget the queues of *topic*; gives how many there were.

        Its records stay in the log until that is cleaned, but a restart does not bring
        the queues back, nor does a crash a second later. Messages sent to the topic
        afterwards begin at queue offset 0.
        """

    def add_arrival_listener(listener: ArrivalListener) -> None:
        """Have *listener* told of what arrives: once a batch, after it can be read.

        One that raises is logged and does not stop the others.
        """

    def status() -> dict[str, Any]:
        """Figures for people and for GET_BROKER_RUNTIME_INFO.

        At least min_offset, max_offset, flushed_offset (on the disk up to there),
        dispatched_offset (queues have everything up to there), all physical; and
        disk_ratio, from 0 to 1: how full the place is that the messages go to.
        """


class IQueueKinds(Interface):
    """Marks a store that has, beside plain queues, batch queues and light queues.

    *Batch queues* are those of the topics in ``StoreContext.batch_topics``. A record
    may hold several messages there, as many as its property INNER_NUM says; the queue
    offset rises by that, and INNER_BASE among the properties of a record with the
    system flag INNER_BATCH says at which offset its first one is. Reads give whole
    records: from the one that holds the offset asked for. The search by time gives
    offsets at which a record begins.

    *Light queues* exist with the settings enableLmq and enableMultiDispatch. A message
    goes into those that its property INNER_MULTI_DISPATCH names (commas between), into
    queue 0 of each, beside its own queue; INNER_MULTI_QUEUE_OFFSET says at which
    offsets, in that order. Other names get no offset.
    """


class IReplicableLog(Interface):
    """The log as bytes, for replication. Implemented beside IMessageStore.

    Two logs agree if all bytes they both have are the same. Either ``append`` or
    ``log_write`` is used; to go from the second to the first, call ``log_truncate``
    with ``dispatched_offset`` of the status, because the last record may be cut.
    """

    def log_bounds() -> tuple[int, int]:
        """Give (min, max) physical offset; ``log_write`` goes on at max.

        Bytes of a cut record count, though a restart may forget them.
        """

    def log_read(offset: int, max_bytes: int) -> Buffer | Deferred[Buffer]:
        """Give bytes from *offset* on; may end inside a record, not past a segment.

        At least one byte for an *offset* before ``dispatched_offset`` of the status,
        none for one at the log's max.
        """

    def log_write(offset: int, data: bytes) -> None:
        """Add *data*, which must start at the log's max; queues, index and arrivals
        follow from each record that became whole.

        Raises:
            ValueError: *offset* is not the end of the log, or what would be there is
                no record. The log is as it was.
            StoreFullError: the same, because the disk is full or failed.
        """

    def log_truncate(offset: int) -> None:
        """Forget everything from *offset* on, queues and index included.

        *offset* is the end of a whole record. Waits for the disk.
        """

    confirm_offset: int = Attribute(
        "Physical offset up to which enough replicas agree: the log's max after an "
        "append, until a HA mode says otherwise; never more than that."
    )


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
        """Make the store, and touch nothing before its ``start``.

        *context* is a ``twistedmq.store.context.StoreContext`` (reactor, wall clock,
        settings, store host, replication, files, threads).

        Raises:
            TwistedMQError: the arguments cannot be used; one line for the operator.
        """
