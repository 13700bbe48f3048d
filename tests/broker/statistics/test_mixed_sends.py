from twisted.internet.task import Clock

from twistedmq.broker.statistics.counter import MINUTE_S, Counter
from twistedmq.broker.statistics.mixed_sends import MixedSends
from twistedmq.broker.statistics.topic_counter import TopicCounter


class Side:
    """Topics, whose counters are made when they are asked for."""

    def __init__(self) -> None:
        self.topics: dict[str, TopicCounter] = {}
        self.changed: list[Counter] = []
        self.mixed = MixedSends(self.counter_of)

    def make(self) -> Counter:
        return Counter(self.changed, 0.0)

    def counter_of(self, topic: str) -> TopicCounter:
        if topic not in self.topics:
            self.topics[topic] = TopicCounter(self.changed, 0.0, self.make(), self.make)
        return self.topics[topic]


def test_nothing_is_counted_before_somebody_wants_to_know() -> None:
    side = Side()
    side.mixed.settle()
    side.mixed.add(["A", "B", "A"], [0, 10, 30], 60, [("A", 3), ("B", 0), ("A", 3)])
    assert side.topics == {}
    side.mixed.settle()
    side.mixed.settle()
    counted = {
        name: (topic.calls, topic.messages, topic.bytes, dict(topic.answers))
        for name, topic in side.topics.items()
    }
    assert counted == {"A": (2, 2, 40, {3: 2}), "B": (1, 1, 20, {0: 1})}
    assert side.topics["A"].rate(Clock().seconds(), MINUTE_S).total == 2


def test_calls_may_bring_several_messages() -> None:
    side = Side()
    side.mixed.add(["A", "A", "B"], [0, 10, 20], 30, [("A", 0), ("B", 0)])
    side.mixed.settle()
    assert (side.topics["A"].calls, side.topics["A"].messages) == (1, 2)


def test_sizes_are_sorted_one_by_one_where_they_differ_much() -> None:
    side = Side()
    side.mixed.add(["A", "B"], [0, 100], 9000, [("A", 0), ("B", 0)])
    side.mixed.add(["A", "B"], [9000, 9100], 9200, [("A", 0), ("B", 0)])
    side.mixed.settle()
    assert side.topics["A"].sizes[:3] == [2, 0, 0]
    assert side.topics["B"].sizes[:3] == [1, 0, 1]
