"""An index in memory, and none at all."""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

from zope.interface import implementer

from twistedmq.store.index_interfaces import IIndexStrategy, IndexHits, IndexItem
from twistedmq.store.index_keys import find_key, keys_of

_Places = deque[tuple[int, int]]


@implementer(IIndexStrategy)
class MemoryIndex:
    """A dictionary from key to (physical offset, store time) pairs."""

    def __init__(self, query_limit: int = 64) -> None:
        """Give at most *query_limit* hits a query."""
        self._query_limit: Final = query_limit
        self._places: dict[str, _Places] = {}
        self._order: deque[tuple[int, str]] = deque()
        """Every (physical offset, key), so that the oldest are found."""
        self._lock = Lock()
        self._last: tuple[int, int] = (-1, 0)

    def put(self, items: Sequence[IndexItem]) -> None:
        """Add the keys of *items*."""
        known = self._last[0]
        with self._lock:
            for item in items:
                if item.physical_offset <= known:
                    continue
                for key in keys_of(item):
                    places = self._places.setdefault(key, deque())
                    places.append((item.physical_offset, item.store_ms))
                    self._order.append((item.physical_offset, key))
                    self._last = item.physical_offset, item.store_ms

    def find(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find by key; nothing else shares its hash here."""
        with self._lock:
            places = self._places.get(find_key(topic, key, index_type), ())
            hits = [at for at, ms in reversed(places) if begin_ms <= ms <= end_ms]
            offset, store_ms = self._last
        count = min(max_count, self._query_limit)
        return IndexHits(hits[:count], store_ms, max(offset, 0))

    def indexed_offset(self) -> int:
        """Give the offset of the last record put; -1 if there is none."""
        return self._last[0]

    def flush(self) -> None:
        """Nothing is buffered."""

    def truncate(self, physical_offset: int) -> None:
        """Forget items at or behind *physical_offset*."""
        with self._lock:
            if self._last[0] < physical_offset:
                return
            while self._order and self._order[-1][0] >= physical_offset:
                self._forget(self._order.pop()[1], deque.pop)
            if self._order:
                self._last = self._places[self._order[-1][1]][-1]
            else:
                self._last = (-1, 0)

    def expire(self, physical_offset: int) -> None:
        """Forget items before *physical_offset*."""
        with self._lock:
            while self._order and self._order[0][0] < physical_offset:
                self._forget(self._order.popleft()[1], deque.popleft)

    def _forget(self, key: str, take: Callable[[_Places], object]) -> None:
        places = self._places[key]
        take(places)
        if not places:
            del self._places[key]

    def close(self) -> None:
        """Nothing is open."""


@implementer(IIndexStrategy)
class NoIndex:
    """Finds nothing and costs nothing."""

    def put(self, items: Sequence[IndexItem]) -> None:
        """Ignore *items*."""

    def find(
        self,
        topic: str,
        key: str,
        max_count: int,
        begin_ms: int,
        end_ms: int,
        index_type: str,
    ) -> IndexHits:
        """Find nothing."""
        return IndexHits([])

    def indexed_offset(self) -> int:
        """Nothing is ever indexed."""
        return -1

    def flush(self) -> None:
        """Nothing is buffered."""

    def truncate(self, physical_offset: int) -> None:
        """Nothing is kept."""

    def expire(self, physical_offset: int) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""
