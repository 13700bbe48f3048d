"""Consumers under load while things go wrong, and the book of what came of it."""

import gc
from collections import Counter
from itertools import count
from typing import Any

from client_kit import NAME_SERVER, held
from faulty_cluster import FaultyCluster
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, LoopingCall, deferLater

from twistedmq.client.consumer import Consumer
from twistedmq.client.message import Message, MessageQueue, ReceivedMessage
from twistedmq.client.producer import Producer
from twistedmq.client.starting import StartFrom

TOPIC, GROUP = "T", "G"
SETTLED_S = 180.0


def live(kind: type) -> int:
    """Give how many objects of a kind there are."""
    gc.collect()
    return sum(isinstance(each, kind) for each in gc.get_objects())


class Run:
    """One group over two brokers, and a producer that sends all the time.

    Args:
        clock: the virtual time.
        seed: what chance is.
        orderly: how it is consumed.
        every_s: how often a message is sent.
        works_s: how long a function has a message at most.
        queues: of the topic at each broker at first; 8 at most.
    """

    def __init__(
        self,
        clock: Clock,
        seed: int,
        *,
        orderly: bool,
        every_s: float = 0.2,
        works_s: float = 0.5,
        queues: int = 4,
    ) -> None:
        self.clock = clock
        self.cluster = FaultyCluster(clock, brokers=2, seed=seed)
        self.random = self.cluster.random
        self.orderly = orderly
        self.every_s = every_s
        self.works_s = works_s
        self.events: Counter[str] = Counter()
        self.acked: set[bytes] = set()
        self.unsent = 0
        self.deliveries: Counter[bytes] = Counter()
        self.reached: dict[MessageQueue, int] = {}
        self.in_work: Counter[MessageQueue] = Counter()
        self.excused: set[MessageQueue] = set()
        self.wrong: list[str] = []
        self._numbers = count()
        self._queues = queues
        self.cluster.create(TOPIC, self._queues)
        self.producer = Producer("P", settings=self.cluster.settings(), timeout_s=20)
        self._sends = LoopingCall(self._send)
        self._sends.clock = clock
        self._load_s = 0.0

    def start(self, members: int = 2) -> None:
        """Have members join and the load begin."""
        started = held(self.producer.start())
        for _ in range(members):
            self.join()
        self.advance(1)
        assert started
        self._sends.start(self.every_s)

    def advance(self, seconds: float) -> None:
        """Let time pass, from one thing that happens to the next."""
        end = self.clock.seconds() + seconds
        while calls := self.clock.getDelayedCalls():
            following = min(call.getTime() for call in calls)
            if following > end:
                break
            self.clock.advance(max(0.0, following - self.clock.seconds()))
        self.clock.advance(max(0.0, end - self.clock.seconds()))

    def join(self) -> None:
        """Have one more member; without a name server none can start."""
        if NAME_SERVER in self.cluster.down:
            return
        name = f"m{next(self._numbers)}"
        consumer = Consumer(
            GROUP,
            {TOPIC: "*"},
            orderly=self.orderly,
            suspend_s=0.1,
            start_from=StartFrom.FIRST,
            settings=self.cluster.settings(instance_name=name),
        )
        self.cluster.consumers[name] = consumer
        consumer.run(self._consume).addErrback(self._broke)

    def leave(self) -> None:
        """Have one member close, not the last one."""
        if len(self.cluster.consumers) > 1:
            name = self.random.choice(sorted(self.cluster.consumers))
            self.cluster.consumers.pop(name).close().addErrback(self._broke)

    def trouble(self) -> None:
        """Have something happen, as chance will."""
        what = self.random.choice(sorted(self._TROUBLES))
        self.events[what] += 1
        self._TROUBLES[what](self)

    def settle(self) -> None:
        """Send no more, mend everything, and wait until all is consumed."""
        self._sends.stop()
        self.heal()
        self.advance(SETTLED_S)

    def close(self) -> None:
        """Close everybody."""
        closing = [held(each.close()) for each in self.cluster.consumers.values()]
        closing.append(held(self.producer.close()))
        self.advance(60)
        assert all(closing), "somebody does not close"

    def check(self) -> None:
        """See that what was promised holds."""
        assert not self.wrong, self.wrong[:5]
        lost = self.acked - set(self.deliveries)
        assert not lost, f"{len(lost)} of {len(self.acked)} lost: {sorted(lost)[:5]}"

    @property
    def duplicates(self) -> int:
        """How many deliveries were not the first of their message."""
        return sum(times - 1 for times in self.deliveries.values())

    def _send(self) -> None:
        number = next(self._numbers)
        body = f"{number:06d}".encode()
        sent = self.producer.send(Message(TOPIC, body))

        def stored(_: Any) -> None:
            self.acked.add(body)

        def failed(_: Any) -> None:
            self.unsent += 1

        sent.addCallbacks(stored, failed)

    def _consume(self, message: ReceivedMessage) -> Deferred[None]:
        queue = message.queue
        self._look_at_order(message)
        self.in_work[queue] += 1
        works_s = self.random.uniform(0, self.works_s)
        return deferLater(self.clock, works_s, self._consumed, message)  # type: ignore[arg-type]

    def _look_at_order(self, message: ReceivedMessage) -> None:
        """What comes is the next of its queue, or one that came before."""
        queue, offset = message.queue, message.queue_offset
        if not self.orderly or queue.topic != TOPIC:
            return
        if self.in_work[queue] and queue not in self.excused:
            self.wrong.append(f"{queue} {offset}: two in work")
        reached = self.reached.get(queue, -1)
        if offset > reached + 1:
            self.wrong.append(f"{queue} {offset} came after {reached}")

    def _consumed(self, message: ReceivedMessage) -> None:
        queue = message.queue
        self.in_work[queue] -= 1
        if not self.in_work[queue]:
            self.excused.discard(queue)
        if self.random.random() < 0.01:
            raise ValueError("as chance will")
        self.deliveries[message.body] += 1
        reached = max(self.reached.get(queue, -1), message.queue_offset)
        self.reached[queue] = reached

    def _broke(self, failure: Any) -> None:
        self.wrong.append(f"a consumer broke: {failure.value!r}")

    def heal(self) -> None:
        """Mend everything."""
        cluster = self.cluster
        for address in list(cluster.down):
            cluster.start(address)
        cluster.network.silent.clear()
        cluster.network.delay_s.clear()

    def _a_broker(self) -> str:
        return self.random.choice(sorted(self.cluster.addresses.values()))

    def _later_heal(self, least_s: float, most_s: float) -> None:
        self.clock.callLater(self.random.uniform(least_s, most_s), self.heal)

    def _restart(self) -> None:
        self.cluster.stop(self._a_broker())
        # its locks are gone: what is in work may be begun by another member as well
        self.excused.update(queue for queue, number in self.in_work.items() if number)
        self._later_heal(1, 10)

    def _no_name_server(self) -> None:
        self.cluster.stop(NAME_SERVER)
        self._later_heal(5, 40)

    def _slow(self) -> None:
        self.cluster.network.delay_s[self._a_broker()] = 1.0
        self._later_heal(5, 20)

    def _half_open(self) -> None:
        self.cluster.network.silent.add(self._a_broker())
        self._later_heal(5, 70)

    def _break_off(self) -> None:
        self.cluster.network.break_off(self._a_broker())

    def _more_queues(self) -> None:
        self._queues = min(self._queues + 1, 8)
        self.cluster.create(TOPIC, self._queues)

    _TROUBLES = {  # noqa: RUF012 - the table of this class
        "broker restart": _restart,
        "no name server": _no_name_server,
        "slow broker": _slow,
        "half-open connection": _half_open,
        "lost connection": _break_off,
        "route change": _more_queues,
        "join": join,
        "leave": leave,
    }
