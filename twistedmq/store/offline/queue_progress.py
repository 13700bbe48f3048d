"""How far a queue has been compared with the log, and what records say of queues."""

from typing import Final

from msgspec import Struct

from twistedmq.protocol import properties
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_MASK,
    TRANSACTION_NONE,
)
from twistedmq.store.log_scan import LoggedRecord
from twistedmq.store.offline.directory import QueueFolder

IN_QUEUES: Final = (TRANSACTION_NONE, TRANSACTION_COMMIT)
"""Records with these parts of a transaction in their flag have queue entries."""


class Missing(Struct):
    """Records in a row, in log order, that have no entry so far."""

    first: int
    """Queue offset."""
    last: int
    count: int
    physical_offset: int


class QueueProgress(Struct):
    """How far a queue was compared."""

    folder: QueueFolder
    next_position: int
    """Entries before this one were compared or told of."""
    missing: Missing | None = None


def is_in_queues(record: LoggedRecord) -> bool:
    """Whether a record has queue entries: half of a transaction by flag has none."""
    return record.sys_flag & TRANSACTION_MASK in IN_QUEUES


def batch_of(record: LoggedRecord) -> tuple[int, int]:
    """Give the first queue offset and the count of a record of a batch queue."""
    base = properties.get(record.properties, b"INNER_BASE") or b""
    number = properties.get(record.properties, b"INNER_NUM") or b""
    if base.isdigit() and number.isdigit():
        return int(base), int(number)
    return record.queue_offset, 1


def more(missing: Missing | None, queue_offset: int, physical_offset: int) -> Missing:
    """Give *missing* with one more record."""
    if missing is None:
        return Missing(queue_offset, queue_offset, 1, physical_offset)
    last = max(missing.last, queue_offset)
    return Missing(missing.first, last, missing.count + 1, missing.physical_offset)
