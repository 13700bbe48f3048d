"""A cluster that has trouble for so long, and clients that have to live with it."""

import gc
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from twistedmq.client.consumer import Consumer
from twistedmq.client.message import Message, MessageQueue
from twistedmq.client.producer import Producer
from twistedmq.testing.cluster import Cluster

TOPIC = "orders"
KEYS = 5
PERIOD_S = 60.0
HEALED_S = 300.0
"""In peace, so that everything that has to come does."""


@dataclass
class Story:
    """What came of it."""

    acked: list[tuple[str, int]] = field(default_factory=list)
    """By key, the numbers whose send was acknowledged, in order."""
    failed: int = 0
    consumed: Counter[tuple[str, int]] = field(default_factory=Counter)
    first_seen: list[tuple[str, int]] = field(default_factory=list)
    out_of_order: int = 0
    """What was first consumed when something behind it in its queue had been."""
    troubles: Counter[str] = field(default_factory=Counter)
    timers: list[int] = field(default_factory=list)
    deferreds: list[int] = field(default_factory=list)

    @property
    def lost(self) -> list[tuple[str, int]]:
        """What was acknowledged and never consumed."""
        return [each for each in self.acked if each not in self.consumed]

    @property
    def again(self) -> int:
        """How often something was consumed that had been already."""
        return sum(count - 1 for count in self.consumed.values())


class TroubledTimes:
    """Sends and consumes; each minute something goes wrong, chosen by the seed.

    Args:
        cluster: two brokers, with a store that lives on.
        seed: chooses.
        rate: messages a second.
        orderly: whether consumers consume in order.
    """

    def __init__(
        self, cluster: Cluster, seed: int, *, rate: float, orderly: bool
    ) -> None:
        self.story = Story()
        self._cluster = cluster
        self._random = Random(seed)
        self._rate = rate
        self._orderly = orderly
        self._numbers: Counter[str] = Counter()
        self._members: list[Consumer] = []
        self._offsets: dict[MessageQueue, int] = {}

    def run(self, minutes: int) -> Story:
        """Have so many minutes of trouble, and then peace."""
        cluster = self._cluster
        producer = cluster.run(cluster.producer("shop", timeout_s=10).start())
        self._join()
        self._join()
        sending = LoopingCall(self._send, producer)
        sending.clock = cluster.clock
        sending.start(1 / self._rate)
        for _ in range(minutes):
            self._trouble()
            cluster.advance(PERIOD_S)
            self._heal()
            self._count()
        sending.stop()
        cluster.faults.clear()
        cluster.advance(HEALED_S)
        return self.story

    def _send(self, producer: Producer) -> None:
        key = f"k{self._random.randrange(KEYS)}"
        number = self._numbers[key] = self._numbers[key] + 1
        message = Message(TOPIC, f"{key} {number}".encode(), sharding_key=key)
        producer.send(message).addCallbacks(
            lambda _: self.story.acked.append((key, number)), self._failed
        )

    def _failed(self, _: object) -> None:
        self.story.failed += 1

    def _consume(self, message: Any) -> None:
        key, number = message.body.decode().split()
        what = key, int(number)
        if not self.story.consumed[what]:
            self.story.first_seen.append(what)
            ahead = self._offsets.get(message.queue, -1)
            self.story.out_of_order += message.queue_offset < ahead
            self._offsets[message.queue] = max(ahead, message.queue_offset)
        self.story.consumed[what] += 1

    def _join(self) -> None:
        member = self._cluster.consumer("billing", {TOPIC: "*"}, orderly=self._orderly)
        member.run(self._consume).addErrback(self._not_joined, member)
        self._members.append(member)

    def _not_joined(self, _: object, member: Consumer) -> None:
        """As a program would: try again, if no name server answered."""
        if member in self._members:
            self._members.remove(member)
            self._join()

    def _leave(self) -> None:
        self._members.pop(0).close()

    def _trouble(self) -> None:
        kind = self._random.choice(sorted(self._TROUBLES))
        self.story.troubles[kind] += 1
        self._TROUBLES[kind](self)

    def _heal(self) -> None:
        self._cluster.faults.clear()
        for server in (*self._cluster.brokers.values(), self._cluster.name_server):
            self._cluster.run(server.start())

    def _count(self) -> None:
        gc.collect()
        self.story.timers.append(len(self._cluster.clock.getDelayedCalls()))
        self.story.deferreds.append(
            sum(isinstance(each, Deferred) for each in gc.get_objects())
        )

    def _broker(self) -> Any:
        return self._random.choice(list(self._cluster.brokers.values()))

    def _kill(self) -> None:
        self._broker().kill()
        self._cluster.advance(self._random.uniform(1, 40))
        self._heal()

    def _restart(self) -> None:
        self._cluster.run(self._broker().restart())

    def _no_name_server(self) -> None:
        self._cluster.name_server.kill()

    def _slow(self) -> None:
        self._cluster.faults.slow(self._broker().name, by=1.5)

    def _half_open(self) -> None:
        self._cluster.faults.half_open(server=self._broker().name)

    def _disconnect(self) -> None:
        self._cluster.faults.disconnect(server=self._broker().name)

    def _cut_off(self) -> None:
        self._cluster.faults.cut_off(server=self._broker().name)

    def _lossy(self) -> None:
        self._cluster.faults.drop_responses(chance=0.05)
        self._cluster.faults.drop_requests(chance=0.05)

    def _disorder(self) -> None:
        self._cluster.faults.reorder_responses(within=0.5)

    def _member_joins(self) -> None:
        self._join()
        if len(self._members) > 3:
            self._leave()

    def _member_leaves(self) -> None:
        self._leave()
        if not self._members:
            self._join()

    _TROUBLES = {  # noqa: RUF012 - the table of this class
        "kill": _kill,
        "restart": _restart,
        "no name server": _no_name_server,
        "slow": _slow,
        "half open": _half_open,
        "disconnect": _disconnect,
        "cut off": _cut_off,
        "lossy": _lossy,
        "disorder": _disorder,
        "a member joins": _member_joins,
        "a member leaves": _member_leaves,
    }
