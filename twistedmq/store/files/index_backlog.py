"""What the index has not been told yet: batches, put behind the replies."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from twistedmq.protocol.send_batch import SendBatch
from twistedmq.store.arrivals import KeyColumns, index_items
from twistedmq.store.index_interfaces import IIndexStrategy, IndexItem

_MESSAGES_A_SLICE: Final = 256
_DELAY_S: Final = 0.02


class IndexBacklog:
    """Puts the oldest batches first, about so many messages a turn of the reactor.

    A slice grows with the backlog, so that the index cannot fall behind for ever.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        index: IIndexStrategy,
        prepare: Callable[[], "Deferred[None]"] | None = None,
    ) -> None:
        """*prepare* is called at the first batch; batches wait until it fired."""
        self._reactor = reactor
        self._index = index
        self._prepare = prepare
        self._held = False
        self._batches: deque[tuple[KeyColumns, Sequence[int], int]] = deque()
        self._messages = 0
        self._call: IDelayedCall | None = None

    def add(
        self, batch: SendBatch, physical_offsets: Sequence[int], store_ms: int
    ) -> None:
        """Keep a batch that was stored."""
        if self._prepare is not None:
            self._held = True
            prepare, self._prepare = self._prepare, None
            prepare().addErrback(self._not_prepared).addCallback(self._prepared)
        columns = KeyColumns(batch.topics, batch.properties, batch.sys_flags)
        self._batches.append((columns, physical_offsets, store_ms))
        self._messages += len(physical_offsets)
        if self._call is None:
            self._call = self._reactor.callLater(_DELAY_S, self._turn)

    def _prepared(self, _: object) -> None:
        self._held = False

    def _not_prepared(self, failure: Any) -> None:
        self._log.failure("the index could not be read", failure)

    def _turn(self) -> None:
        self._call = None
        if not self._held:
            self._put(max(_MESSAGES_A_SLICE, self._messages // 8))
        if self._batches:
            delay_s = _DELAY_S if self._held else 0
            self._call = self._reactor.callLater(delay_s, self._turn)

    def put_all(self) -> None:
        """Put everything now."""
        self._put(self._messages)

    def _put(self, messages: int) -> None:
        items: list[IndexItem] = []
        while self._batches and messages > 0:
            columns, offsets, store_ms = self._batches.popleft()
            self._messages -= len(offsets)
            messages -= len(offsets)
            items += index_items(columns, offsets, store_ms)
        if items:
            self._index.put(items)

    def stop(self) -> None:
        """Do nothing more by itself."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
