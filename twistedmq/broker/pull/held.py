"""Pulls that found nothing and wait for a message, a time-out, or the end.

Where a held pull is woken: ``HeldPulls.arrived`` (told by the store) and ``_wake``.
"""

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.waiting import Waiting
from twistedmq.config.broker import BrokerLimits
from twistedmq.config.live import Live
from twistedmq.remoting.interfaces import IConnection
from twistedmq.remoting.timer_wheel import Timer, TimerWheel
from twistedmq.store.interfaces import (
    IMessageStore,
    RecordPredicate,
    TagsPredicate,
)

Place = tuple[str, int]
"""(topic, queue id)."""

_NO_LIMIT: Final = 2**31 - 1

Arrival = tuple[str, int, int, int, int]
"""As the store tells it: topic, queue id, max queue offset, tags code, store time."""


class HeldPull:
    """One waiting pull."""

    __slots__ = (
        "checked", "connection", "matches", "place", "resume", "tags", "timer",
    )  # fmt: skip

    def __init__(
        self,
        place: Place,
        offset: int,
        tags: TagsPredicate | None,
        connection: IConnection,
        resume: Callable[[], None],
        matches: RecordPredicate | None = None,
    ) -> None:
        """Wait for a message at *offset* or behind it that *tags* lets through.

        And that *matches* lets through as well, where it is given.

        *resume* is called once, when there is something to answer.
        """
        self.place = place
        self.checked = offset
        self.tags = tags
        self.matches = matches
        self.connection = connection
        self.resume = resume
        self.timer: Timer | None = None


class HeldPulls:
    """All waiting pulls by (topic, queue id).

    What arrives is noted at once and acted on in the next turn of the reactor: sends
    are answered first, and many arrivals wake a pull once. Arrivals in queues nobody
    waits for cost one look-up.
    """

    def __init__(
        self,
        clock: IReactorTime,
        wheel: TimerWheel,
        store: IMessageStore,
        limits: Live[BrokerLimits],
    ) -> None:
        """Time out with *wheel*; look at queue entries of *store* before waking."""
        self._clock = clock
        self._store = store
        self._limits = limits
        self._by_place: dict[Place, dict[HeldPull, None]] = {}
        self._waiting: Waiting[HeldPull] = Waiting(wheel, self._release, self._forget)
        self._arrived: dict[Place, tuple[int, int]] = {}
        self._scheduled = False
        store.add_arrival_listener(self.arrived)

    def __len__(self) -> int:
        """Count the waiting pulls."""
        return len(self._waiting)

    def hold(self, pull: HeldPull, timeout_s: float) -> bool:
        """Keep *pull* for up to *timeout_s*; False if there are too many already."""
        if len(self._waiting) >= self._limits.value.max_held_pulls:
            return False
        self._by_place.setdefault(pull.place, {})[pull] = None
        self._waiting.add(pull, timeout_s)
        end = self._store.queue_bounds(*pull.place)[1]
        if end > pull.checked:
            self._note(pull.place, end, None)
        return True

    def arrived(self, arrivals: Sequence[Arrival]) -> None:
        """Note what the store just got."""
        waiting = self._by_place
        if not waiting:
            return
        for topic, queue_id, end, tags_code, _ in arrivals:
            if (topic, queue_id) in waiting:
                self._note((topic, queue_id), end, tags_code)

    def wake(self, topic: str, queue_id: int) -> None:
        """Have all pulls of a queue answered now: something about it changed."""
        for pull in list(self._by_place.get((topic, queue_id), ())):
            self._release(pull)

    def wake_all(self) -> None:
        """Have everything answered: the broker stops, or its role changed."""
        for pulls in list(self._by_place.values()):
            for pull in list(pulls):
                self._release(pull)

    def _note(self, place: Place, end: int, tags_code: int | None) -> None:
        self._arrived[place] = (end, -1 if tags_code is None else tags_code)
        if not self._scheduled:
            self._scheduled = True
            self._clock.callLater(0, self._wake)

    def _wake(self) -> None:
        self._scheduled = False
        arrived, self._arrived = self._arrived, {}
        for place, (end, tags_code) in arrived.items():
            for pull in list(self._by_place.get(place, ())):
                if self._concerns(pull, end, tags_code):
                    self._release(pull)

    def _concerns(self, pull: HeldPull, end: int, tags_code: int) -> bool:
        """Whether one of the new messages up to *end* is wanted by *pull*.

        *tags_code* is the last one's; those before it are looked up.
        """
        start, pull.checked = pull.checked, max(end, pull.checked)
        if end <= start:
            return False
        if pull.matches is not None:
            return self._some_match(pull, start, end)
        tags = pull.tags
        if tags is None or tags(tags_code):
            return True
        entries = self._store.entries(*pull.place, start, end - start)
        return any(tags(entry.tags_code) for entry in entries)

    def _some_match(self, pull: HeldPull, start: int, end: int) -> bool:
        """Whether *pull* wants a message from *start* on, by its properties.

        One read looks at so many; the rest is looked at in the next turn.
        """
        read = self._store.read_queue(
            *pull.place, start, 1, _NO_LIMIT, pull.tags, pull.matches
        )
        if isinstance(read, Deferred):
            # on a disk: the pull, let go, reads it again and tells what goes wrong
            read.addErrback(lambda _: None)
            return True
        if read.count or read.next_offset <= start:
            return True
        pull.checked = read.next_offset
        if pull.checked < end:
            self._note(pull.place, end, None)
        return False

    def _release(self, pull: HeldPull) -> None:
        if self._forget(pull):
            pull.resume()

    def _forget(self, pull: HeldPull) -> bool:
        pulls = self._by_place.get(pull.place)
        if pulls is None or pull not in pulls:
            return False
        del pulls[pull]
        if not pulls:
            del self._by_place[pull.place]
        self._waiting.remove(pull)
        return True
