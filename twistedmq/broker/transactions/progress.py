"""How far the halves have been gone through: the offsets of a group of the system.

They are kept among the consumer offsets, so that a genuine broker goes on from there.
"""

from twistedmq.broker.offsets.table import NOT_FOUND, OffsetTable
from twistedmq.broker.transactions.halves import HALF_QUEUE
from twistedmq.protocol.names import TRANSACTION_GROUP
from twistedmq.store.interfaces import IMessageReader


class HalfProgress:
    """Offsets in the queues of halves and of op messages."""

    def __init__(self, store: IMessageReader, offsets: OffsetTable) -> None:
        self._store = store
        self._offsets = offsets

    def of(self, topic: str) -> tuple[int, int]:
        """Give where to go on in *topic*, and where its queue ends.

        An offset outside of the queue is put right: offsets may be safer than the
        messages were that they count, and what comes next must not be taken for those.
        """
        least, most = self._store.queue_bounds(topic, HALF_QUEUE)
        offset = self._offsets.query(TRANSACTION_GROUP, topic, HALF_QUEUE)
        if offset == NOT_FOUND:
            return least, most
        if not least <= offset <= most:
            offset = min(max(offset, least), most)
            self.keep(topic, offset)
        return offset, most

    def end_of(self, topic: str) -> int:
        """Give where the queue of *topic* ends."""
        return self._store.queue_bounds(topic, HALF_QUEUE)[1]

    def keep(self, topic: str, offset: int) -> None:
        """Go on at *offset* from now on; what is before it must be dealt with."""
        known = self._offsets.query(TRANSACTION_GROUP, topic, HALF_QUEUE)
        if known == NOT_FOUND:
            known = self._store.queue_bounds(topic, HALF_QUEUE)[0]
        if known != offset:
            self._offsets.commit(TRANSACTION_GROUP, topic, HALF_QUEUE, offset)
