"""Who is told of new messages, and what an index is told of a batch."""

from collections.abc import Sequence

from msgspec import Struct
from twisted.logger import Logger

from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.system_flags import TRANSACTION_MASK, TRANSACTION_ROLLBACK
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.interfaces import ArrivalListener
from twistedmq.store.log_scan import LoggedRecord
from twistedmq.store.queue_state import QueueState, arrivals_of


class Arrivals:
    """The arrival listeners of a store. One that fails does not stop the others."""

    _log = Logger()

    def __init__(self) -> None:
        self._listeners: list[ArrivalListener] = []

    def add(self, listener: ArrivalListener) -> None:
        """Have *listener* told of what arrives."""
        self._listeners.append(listener)

    def tell(
        self, states: Sequence[QueueState], tags_codes: Sequence[int], store_ms: int
    ) -> None:
        """Tell of one batch; columns, an item a message."""
        if not self._listeners:
            return
        arrived = arrivals_of(states, tags_codes, store_ms)
        for listener in self._listeners:
            try:
                listener(arrived)
            except Exception:
                self._log.failure("an arrival listener failed")


def logged_index_items(records: Sequence[LoggedRecord]) -> list[IndexItem]:
    """Give what an index is told of records read back from the log."""
    return [
        IndexItem(
            record.topic, record.properties, record.physical_offset, record.store_ms
        )
        for record in records
        if record.sys_flag & TRANSACTION_MASK != TRANSACTION_ROLLBACK
    ]


class KeyColumns(Struct):
    """What of a SendBatch an index is told of: the bodies need not be kept for it."""

    topics: list[str]
    properties: list[bytes]
    sys_flags: list[int]


def index_items(
    batch: SendBatch | KeyColumns, physical_offsets: Sequence[int], store_ms: int
) -> list[IndexItem]:
    """Give what an index is told of *batch*; ends of transactions are not told."""
    return [
        IndexItem(topic, properties, offset, store_ms)
        for topic, properties, offset, sys_flag in zip(
            batch.topics,
            batch.properties,
            physical_offsets,
            batch.sys_flags,
            strict=True,
        )
        if sys_flag & TRANSACTION_MASK != TRANSACTION_ROLLBACK
    ]
