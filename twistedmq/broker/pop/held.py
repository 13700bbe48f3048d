"""Requests of consumers that pop, held until a message comes, a time-out, or the end.

Held are pops, and whatever else waits in the same way: for a message of a topic that a
group may pop, in one queue or in any (-1). What is put back into the group's pop retry
topics counts as coming to the topic. One arrival wakes one request, as one request
takes many messages; it wakes the next one itself where it leaves some.
"""

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.interfaces import IReactorTime

from twistedmq.broker.waiting import Waiting
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.pop_handles import pop_retry_topic
from twistedmq.remoting.interfaces import IConnection
from twistedmq.remoting.timer_wheel import Timer, TimerWheel
from twistedmq.store.interfaces import IMessageStore

ANY_QUEUE: Final = -1

Pair = tuple[str, str]
"""(topic, group)."""

Arrival = tuple[str, int, int, int, int]
"""As the store tells it: topic, queue id, max queue offset, tags code, store time."""


class HeldPop:
    """One waiting request."""

    __slots__ = ("connection", "pair", "queue_id", "resume", "timer")

    def __init__(
        self,
        topic: str,
        group: str,
        queue_id: int,
        connection: IConnection,
        resume: Callable[[], object],
    ) -> None:
        """Wait in *queue_id*, or in ANY_QUEUE; *resume* is called once, to answer."""
        self.pair: Pair = (topic, group)
        self.queue_id = max(queue_id, ANY_QUEUE)
        self.connection = connection
        self.resume = resume
        self.timer: Timer | None = None


class HeldPops:
    """All waiting requests by topic, group and queue id.

    What arrives is noted at once and acted on in the next turn of the reactor. Arrivals
    in topics nobody waits for cost one look-up.
    """

    def __init__(
        self,
        clock: IReactorTime,
        wheel: TimerWheel,
        store: IMessageStore,
        config: Live[PopConfig],
    ) -> None:
        """Time out with *wheel*; be told by *store* what arrives."""
        self._clock = clock
        self._config = config
        self._by_pair: dict[Pair, dict[int, dict[HeldPop, None]]] = {}
        self._waiting: Waiting[HeldPop] = Waiting(wheel, self._release, self._forget)
        # By topic, retry topics included: who is concerned by an arrival there.
        self._concerned: dict[str, dict[Pair, None]] = {}
        self._arrived: dict[tuple[str, int], None] = {}
        self._to_recheck: dict[HeldPop, None] = {}
        self._freed: dict[tuple[str, str, int], None] = {}
        self._scheduled = False
        self._closed = False
        store.add_arrival_listener(self.arrived)

    def __len__(self) -> int:
        """Count the waiting requests."""
        return len(self._waiting)

    def count(self, topic: str, group: str, queue_id: int) -> int:
        """Count the requests that wait in one queue, or in ANY_QUEUE."""
        return len(self._by_pair.get((topic, group), {}).get(queue_id, ()))

    def hold(self, pop: HeldPop, timeout_s: float, *, recheck: bool = False) -> bool:
        """Keep *pop* for up to *timeout_s*; False if there are too many, or at the end.

        With *recheck* it is answered in the next turn: something may have arrived
        between its look at the queues and now.
        """
        limits = self._config.value
        if (
            self._closed
            or len(self._waiting) >= limits.max_held
            or self.count(*pop.pair, pop.queue_id) >= limits.max_held_of_queue
        ):
            return False
        queues = self._by_pair.get(pop.pair)
        if queues is None:
            queues = self._by_pair[pop.pair] = {}
            for topic in _topics_of(pop.pair):
                self._concerned.setdefault(topic, {})[pop.pair] = None
        queues.setdefault(pop.queue_id, {})[pop] = None
        self._waiting.add(pop, timeout_s)
        if recheck:
            self._to_recheck[pop] = None
            self._schedule()
        return True

    def arrived(self, arrivals: Sequence[Arrival]) -> None:
        """Note what the store just got."""
        concerned = self._concerned
        if not concerned:
            return
        for topic, queue_id, *_ in arrivals:
            if topic in concerned:
                self._arrived[topic, queue_id] = None
                self._schedule()

    def notify(self, topic: str, group: str, queue_id: int) -> bool:
        """Wake the request that has waited longest in one queue, or in ANY_QUEUE.

        It is answered within this call. Gives whether there was one.
        """
        queues = self._by_pair.get((topic, group))
        waiting = None if queues is None else queues.get(max(queue_id, ANY_QUEUE))
        if not waiting:
            return False
        self._release(next(iter(waiting)))
        return True

    def notify_soon(self, topic: str, group: str, queue_id: int) -> None:
        """Do the same in the next turn, for whoever waits then."""
        if (topic, group) in self._by_pair:
            self._clock.callLater(0, self.notify, topic, group, queue_id)

    def freed(self, topic: str, group: str, queue_id: int) -> None:
        """Have one request in *queue_id* and one in ANY_QUEUE answered, next turn.

        For a queue that gives something again without an arrival.
        """
        if (topic, group) in self._by_pair:
            self._freed[topic, group, queue_id] = None
            self._schedule()

    def close(self) -> None:
        """Have everything answered, and hold nothing any more: the broker stops."""
        self._closed = True
        for queues in list(self._by_pair.values()):
            for waiting in list(queues.values()):
                for pop in list(waiting):
                    self._release(pop)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._clock.callLater(0, self._wake)

    def _wake(self) -> None:
        self._scheduled = False
        arrived, self._arrived = self._arrived, {}
        recheck, self._to_recheck = self._to_recheck, {}
        freed, self._freed = self._freed, {}
        for topic, group, queue_id in freed:
            self._notify_both(topic, group, queue_id)
        for pop in recheck:
            self._release(pop)
        for topic, queue_id in arrived:
            for pair in list(self._concerned.get(topic, ())):
                if pair[0] == topic:
                    self._notify_both(*pair, queue_id)
                else:
                    self._wake_for_retry(pair)

    def _notify_both(self, topic: str, group: str, queue_id: int) -> None:
        self.notify(topic, group, ANY_QUEUE)
        self.notify(topic, group, queue_id)

    def _wake_for_retry(self, pair: Pair) -> None:
        """Wake one, whatever its queue: each pop looks into the retry topics."""
        for queue_id in list(self._by_pair.get(pair, ())):
            if self.notify(*pair, queue_id):
                return

    def _release(self, pop: HeldPop) -> None:
        if self._forget(pop):
            pop.resume()

    def _forget(self, pop: HeldPop) -> bool:
        queues = self._by_pair.get(pop.pair, {})
        waiting = queues.get(pop.queue_id)
        if waiting is None or pop not in waiting:
            return False
        del waiting[pop]
        if not waiting:
            del queues[pop.queue_id]
            if not queues:
                self._forget_pair(pop.pair)
        self._waiting.remove(pop)
        return True

    def _forget_pair(self, pair: Pair) -> None:
        del self._by_pair[pair]
        for topic in _topics_of(pair):
            pairs = self._concerned[topic]
            del pairs[pair]
            if not pairs:
                del self._concerned[topic]


def _topics_of(pair: Pair) -> tuple[str, str, str]:
    topic, group = pair
    return (
        topic,
        pop_retry_topic(topic, group, v2=False),
        pop_retry_topic(topic, group, v2=True),
    )
