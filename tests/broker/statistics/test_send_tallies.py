from twisted.internet.task import Clock

from twistedmq.broker.statistics.counter import MINUTE_S, Counter
from twistedmq.broker.statistics.send_tallies import SendTallies
from twistedmq.broker.statistics.topic_counter import TopicCounter


class Side:
    """Topics, whose counters are made when they are asked for."""

    def __init__(self) -> None:
        self.topics: dict[str, TopicCounter] = {}
        self.changed: list[Counter] = []
        self.tallies = SendTallies(self.counter_of)

    def make(self) -> Counter:
        return Counter(self.changed, 0.0)

    def counter_of(self, topic: str) -> TopicCounter:
        if topic not in self.topics:
            self.topics[topic] = TopicCounter(self.changed, 0.0, self.make(), self.make)
        return self.topics[topic]


def test_nothing_is_counted_before_somebody_wants_to_know() -> None:
    side = Side()
    side.tallies.settle()
    side.tallies.add(["A", "B", "A"], [0, 10, 30], 60, [("A", 3), ("B", 0), ("A", 3)])
    assert side.topics == {}
    side.tallies.settle()
    side.tallies.settle()
    counted = {
        name: (topic.calls, topic.messages, topic.bytes, dict(topic.answers))
        for name, topic in side.topics.items()
    }
    assert counted == {"A": (2, 2, 40, {3: 2}), "B": (1, 1, 20, {0: 1})}
    assert side.topics["A"].rate(Clock().seconds(), MINUTE_S).total == 2


def test_calls_may_bring_several_messages() -> None:
    side = Side()
    side.tallies.add(["A", "A", "B"], [0, 10, 20], 30, [("A", 0), ("B", 0)])
    side.tallies.settle()
    assert (side.topics["A"].calls, side.topics["A"].messages) == (1, 2)


def test_sizes_are_sorted_one_by_one_where_they_differ_much() -> None:
    side = Side()
    side.tallies.add(["A", "B"], [0, 100], 9000, [("A", 0), ("B", 0)])
    side.tallies.add(["A", "B"], [9000, 9100], 9200, [("A", 0), ("B", 0)])
    side.tallies.settle()
    assert side.topics["A"].sizes[:3] == [2, 0, 0]
    assert side.topics["B"].sizes[:3] == [1, 0, 1]


def test_times_are_counted_after_the_answers_they_are_of() -> None:
    side = Side()
    side.tallies.add(["A", "B"], [0, 10], 20, [("A", 0), ("B", 1)])
    side.tallies.took([("A", 0), ("B", 1)], 3)
    side.tallies.add(["A", "B"], [20, 30], 40, [("A", 0), ("B", 1)])
    side.tallies.took([("A", 0)], 5)
    side.tallies.settle()
    latency = side.topics["A"].latency(0)
    assert latency is not None
    assert (latency.calls, latency.messages) == (1, 8)
    side.tallies.settle()
    latency = side.topics["B"].latency(1)
    assert latency is not None
    assert latency.messages == 3


def test_it_can_be_done_bit_by_bit_while_more_comes() -> None:
    side = Side()
    places = [("A", 0), ("B", 1)]
    side.tallies.add(["A", "B"], [0, 10], 20, places)
    side.tallies.took(places, 3)
    steps = side.tallies.settling()
    next(steps)
    assert side.topics["A"].calls == 1
    side.tallies.add(["A", "B"], [20, 30], 40, places)
    for _ in steps:
        pass
    assert [topic.messages for topic in side.topics.values()] == [1, 1]
    side.tallies.settle()
    assert [topic.messages for topic in side.topics.values()] == [2, 2]


def test_who_asks_meanwhile_has_everything_and_nothing_twice() -> None:
    side = Side()
    places = [("A", 0), ("B", 1)]
    side.tallies.add(["A", "B"], [0, 10], 20, places)
    steps = side.tallies.settling()
    next(steps)
    side.tallies.add(["A", "B"], [20, 30], 40, places)
    side.tallies.settle()
    for _ in steps:
        pass
    counted = {name: topic.messages for name, topic in side.topics.items()}
    assert counted == {"A": 2, "B": 2}
    assert [topic.calls for topic in side.topics.values()] == [2, 2]


def test_what_was_begun_and_left_is_not_lost() -> None:
    side = Side()
    side.tallies.add(["A", "B"], [0, 10], 20, [("A", 0), ("B", 1)])
    steps = side.tallies.settling()
    next(steps)
    steps.close()
    side.tallies.settle()
    assert [topic.bytes for topic in side.topics.values()] == [10, 10]
