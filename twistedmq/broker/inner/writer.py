"""How the broker stores messages of its own: retries, what has become due, marks.

``write`` stores, ``safe`` says when that may be relied on. A message that was not
written raises; one that is written may not be acknowledged before it is safe.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred

from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.inner.diversion import Diversions
from twistedmq.broker.inner.message import InnerMessage, as_batch
from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.interfaces import Appended, IMessageStore


class InnerWriter:
    """Stores messages for the broker itself.

    Args:
        store: where they go.
        counters: what came in, by topic.
        diversions: where delayed messages wait.
        settled: gives what fires once new topics are on disk and announced, or None.
    """

    def __init__(
        self,
        store: IMessageStore,
        counters: BrokerCounters,
        diversions: Diversions,
        settled: Callable[[], Deferred[None] | None] = lambda: None,
    ) -> None:
        self._store = store
        self._counters = counters
        self._diversions = diversions
        self._settled = settled

    def divert(self, message: InnerMessage) -> InnerMessage:
        """Give what is to be stored for *message*, which may have to wait first.

        Raises: TwistedMQError, where it may not be stored.
        """
        diverted = self._diversions.divert(message)
        return message if diverted is None else diverted.message

    def write(self, messages: Sequence[InnerMessage]) -> Appended:
        """Store *messages* (at least one) as they are, as one write.

        Raises: StoreFullError, and then none of them is stored.
        """
        return self.write_batch(as_batch(messages))

    def write_batch(self, batch: SendBatch) -> Appended:
        """Do as ``write`` with messages that are columns already."""
        appended = self._store.append(batch)
        size = appended.end - appended.physical_offsets[0]
        for topic, number in Counter(batch.topics).items():
            self._counters.sent(topic, number, size * number // len(batch))
        return appended

    def safe(self, appended: Appended) -> Deferred[None] | None:
        """None if what was written, and the topics made for it, may be relied on;
        else fires once that is so, and fails (StoreFullError) where the flush failed.
        """
        safe, settled = self._store.safe(appended.end), self._settled()
        if settled is not None:
            # A topic that could not be written down is logged and tried again there.
            settled.addErrback(lambda _: None)
        if safe is None:
            return settled
        return safe.addCallback(lambda _: settled)
