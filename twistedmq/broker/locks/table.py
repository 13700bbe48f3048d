"""Who may consume which queue, for groups that consume in order. Pure.

A lock lasts a minute unless its client takes it again. Source: RebalanceLockManager.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from twistedmq.config.live import Live
from twistedmq.config.locks import LockConfig
from twistedmq.protocol.bodies import MessageQueue


class _Lock(Struct):
    client_id: str
    taken_at: float


class QueueLocks:
    """Locks by group and queue.

    Args:
        seconds: a monotonic clock.
        config: how long a lock lasts.
    """

    def __init__(
        self, seconds: Callable[[], float], config: Live[LockConfig] | None = None
    ) -> None:
        self._seconds = seconds
        self._config = config or Live(LockConfig())
        self._locks: dict[str, dict[MessageQueue, _Lock]] = {}
        self._swept_at = seconds()

    def lock(
        self, group: str, queues: Iterable[MessageQueue], client_id: str
    ) -> list[MessageQueue]:
        """Lock what is free, expired or this client's already; gives what it got."""
        now = self._seconds()
        self._sweep(now)
        held = self._locks.setdefault(group, {})
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

    def holders(self, group: str) -> dict[str, list[MessageQueue]]:
        """Give the queues of *group* that are locked now, by client id, in order."""
        now = self._seconds()
        held: dict[str, list[MessageQueue]] = {}
        for queue, lock in sorted(self._locks.get(group, {}).items()):
            if not self._expired(lock, now):
                held.setdefault(lock.client_id, []).append(queue)
        return held

    def _expired(self, lock: _Lock, now: float) -> bool:
        return (now - lock.taken_at) * 1000 > self._config.value.expires_ms

    def _sweep(self, now: float) -> None:
        """Forget what ran out, at times: whoever asks may make up groups and queues."""
        if (now - self._swept_at) * 1000 <= self._config.value.expires_ms:
            return
        self._swept_at = now
        for group, held in list(self._locks.items()):
            for queue in [q for q, lock in held.items() if self._expired(lock, now)]:
                del held[queue]
            if not held:
                del self._locks[group]
