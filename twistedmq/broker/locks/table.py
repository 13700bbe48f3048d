"""Who may consume which queue, for groups that consume in order.

A lock lasts a minute unless its client takes it again. Source: RebalanceLockManager.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from twistedmq.protocol.bodies import MessageQueue

LOCK_SECONDS: Final = 60.0


class _Lock(Struct):
    client_id: str
    taken_at: float


class QueueLocks:
    """Locks by group and queue.

    Args:
        seconds: a monotonic clock.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._locks: dict[str, dict[MessageQueue, _Lock]] = {}

    def lock(
        self, group: str, queues: Iterable[MessageQueue], client_id: str
    ) -> list[MessageQueue]:
        """Lock what is free, expired or this client's already; gives what it got."""
        held = self._locks.setdefault(group, {})
        now = self._seconds()
        locked: list[MessageQueue] = []
        for queue in queues:
            lock = held.get(queue)
            if lock is None or lock.client_id == client_id or self._expired(lock, now):
                held[queue] = _Lock(client_id, now)
                locked.append(queue)
        return locked

    def unlock(
        self, group: str, queues: Iterable[MessageQueue], client_id: str
    ) -> None:
        """Give up locks; those of other clients stay."""
        held = self._locks.get(group, {})
        for queue in queues:
            lock = held.get(queue)
            if lock is not None and lock.client_id == client_id:
                del held[queue]
        if not held:
            self._locks.pop(group, None)

    def any_held(self, group: str) -> bool:
        """Say whether somebody holds a lock of *group*: it consumes in order then."""
        now = self._seconds()
        locks = self._locks.get(group, {}).values()
        return any(not self._expired(lock, now) for lock in locks)

    def _expired(self, lock: _Lock, now: float) -> bool:
        return now - lock.taken_at > LOCK_SECONDS
