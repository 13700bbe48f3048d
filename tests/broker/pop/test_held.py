from typing import Any

from any_store import any_store
from twisted.internet.task import Clock

from twistedmq.broker.pop.held import ANY_QUEUE, HeldPop, HeldPops
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.config.store import StoreConfig
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.connections import FakeConnection


class Side:
    def __init__(self, **config: Any) -> None:
        self.clock = Clock()
        self.wheel = TimerWheel(self.clock)
        self.store = any_store(lambda: 0, Live(StoreConfig()))
        self.store.start()
        self.held = HeldPops(
            self.clock, self.wheel, self.store, Live(PopConfig(**config))
        )
        self.resumed: list[str] = []

    def hold(
        self,
        name: str,
        queue_id: int = ANY_QUEUE,
        topic: str = "T",
        group: str = "G",
        connection: FakeConnection | None = None,
        **more: Any,
    ) -> bool:
        pop = HeldPop(
            topic,
            group,
            queue_id,
            connection or FakeConnection(),
            lambda: self.resumed.append(name),
        )
        return self.held.hold(pop, 10, **more)

    def arrive(self, topic: str = "T", queue_id: int = 0) -> None:
        self.store.append(batch_of([Told(topic=topic, queue_id=queue_id)]))
        assert not self.resumed  # sends are answered first
        self.clock.advance(0)


def test_an_arrival_wakes_one_of_each_kind() -> None:
    side = Side()
    for name, queue_id in [("a", -1), ("b", -1), ("c", 2), ("d", 2), ("e", 1)]:
        assert side.hold(name, queue_id)
    side.hold("other group", group="H")
    side.hold("other topic", topic="U")
    side.arrive(queue_id=2)
    assert side.resumed == ["a", "c", "other group"]
    assert len(side.held) == 4
    assert side.held.count("T", "G", 2) == 1
    assert side.held.count("X", "G", 2) == 0


def test_many_arrivals_of_one_queue_wake_one() -> None:
    side = Side()
    side.hold("a")
    side.hold("b")
    side.store.append(batch_of([Told(topic="T")] * 3))
    side.arrive()
    assert side.resumed == ["a"]


def test_both_retry_topics_wake_whatever_queue_is_waited_for() -> None:
    for retry in ("%RETRY%G_T", "%RETRY%G+T"):
        side = Side()
        side.hold("a", 3)
        side.hold("b", 4)
        side.arrive(retry)
        assert side.resumed == ["a"]


def test_time_out_and_end() -> None:
    side = Side()
    side.hold("a")
    side.clock.advance(9.9)
    assert side.resumed == []
    side.clock.advance(0.2)
    assert side.resumed == ["a"]
    side.hold("b")
    side.hold("c", 1)
    side.held.close()
    assert side.resumed == ["a", "b", "c"]
    assert not side.hold("d")
    assert len(side.held) == len(side.wheel) == 0


def test_one_is_woken_by_hand_now_or_soon() -> None:
    side = Side()
    assert not side.held.notify("T", "G", -1)
    side.held.notify_soon("T", "G", -1)
    assert not side.clock.getDelayedCalls()
    side.hold("a")
    side.hold("b")
    assert not side.held.notify("T", "G", 0)
    assert side.held.notify("T", "G", -7)
    side.held.notify_soon("T", "G", -1)
    assert side.resumed == ["a"]
    side.clock.advance(0)
    assert side.resumed == ["a", "b"]


def test_a_queue_that_is_free_again_wakes_one_of_each_kind() -> None:
    side = Side()
    side.held.freed("T", "G", 2)
    assert not side.clock.getDelayedCalls()
    for name, queue_id in [("a", -1), ("b", 2), ("c", 2)]:
        side.hold(name, queue_id)
    side.held.freed("T", "G", 2)
    side.clock.advance(0)
    assert side.resumed == ["a", "b"]


def test_what_may_have_been_missed_is_looked_at_again() -> None:
    side = Side()
    side.hold("a", recheck=True)
    side.clock.advance(0)
    assert side.resumed == ["a"]


def test_limits_of_a_queue_and_of_all() -> None:
    side = Side(max_held_of_queue=1)
    assert side.hold("a")
    assert not side.hold("b")
    assert side.hold("c", 1)
    side = Side(max_held=1)
    assert side.hold("a")
    assert not side.hold("c", 1)


def test_a_lost_connection_is_not_answered() -> None:
    side = Side()
    connection = FakeConnection()
    side.hold("a", connection=connection)
    connection.close("gone")
    side.arrive()
    side.clock.advance(20)
    assert side.resumed == []
    assert len(side.held) == 0
    assert side.held._concerned == {}
