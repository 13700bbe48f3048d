from twisted.internet.task import Clock

from twistedmq.broker.statistics.counter import MINUTE_S, Counter
from twistedmq.broker.statistics.send_tallies import SendTallies
from twistedmq.broker.statistics.topic_counter import TopicCounter

PLACES = [("A", 0), ("B", 1)]


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
    side.tallies.add([("A", 3), ("B", 0), ("A", 3)], [0, 10, 30], 60, 0)
    assert side.topics == {}
    side.tallies.settle()
    side.tallies.settle()
    counted = {
        name: (topic.calls, topic.messages, topic.bytes, dict(topic.answers))
        for name, topic in side.topics.items()
    }
    assert counted == {"A": (2, 2, 40, {3: 2}), "B": (1, 1, 20, {0: 1})}
    assert side.topics["A"].rate(Clock().seconds(), MINUTE_S).total == 2


def test_sizes_are_sorted_one_by_one_where_they_differ_much() -> None:
    side = Side()
    side.tallies.add(PLACES, [0, 100], 9000, 0)
    side.tallies.add(PLACES, [9000, 9100], 9200, 0)
    side.tallies.settle()
    assert side.topics["A"].sizes[:3] == [2, 0, 0]
    assert side.topics["B"].sizes[:3] == [1, 0, 1]


def test_large_ones_do_not_count_as_more() -> None:
    side = Side()
    for _ in range(3):
        side.tallies.add([("A", 0)], [0], 1 << 40, 0)
    side.tallies.settle()
    assert (side.topics["A"].messages, side.topics["A"].bytes) == (3, 3 << 40)


def latency(side: Side, topic: str, queue_id: int) -> tuple[int, int]:
    """Give how many answers there were, and the ms of all."""
    counter = side.topics[topic].latency(queue_id)
    assert counter is not None
    return counter.calls, counter.messages


def test_how_long_answers_took_is_counted_by_queue() -> None:
    side = Side()
    side.tallies.add(PLACES, [0, 10], 20, 3)
    side.tallies.add(PLACES, [20, 30], 40, 5)
    side.tallies.add(PLACES, [40, 50], 60, 0)
    side.tallies.settle()
    assert latency(side, "A", 0) == (3, 8)
    side.tallies.settle()
    assert latency(side, "B", 1) == (3, 8)


def test_it_can_be_done_bit_by_bit_while_more_comes() -> None:
    side = Side()
    side.tallies.add(PLACES, [0, 10], 20, 3)
    steps = side.tallies.settling()
    next(steps)
    assert side.topics["A"].calls == 1
    side.tallies.add(PLACES, [20, 30], 40, 3)
    for _ in steps:
        pass
    assert [topic.messages for topic in side.topics.values()] == [1, 1]
    side.tallies.settle()
    assert [topic.messages for topic in side.topics.values()] == [2, 2]


def test_who_asks_meanwhile_has_everything_and_nothing_twice() -> None:
    side = Side()
    side.tallies.add(PLACES, [0, 10], 20, 0)
    steps = side.tallies.settling()
    next(steps)
    side.tallies.add(PLACES, [20, 30], 40, 0)
    side.tallies.settle()
    for _ in steps:
        pass
    counted = {name: topic.messages for name, topic in side.topics.items()}
    assert counted == {"A": 2, "B": 2}
    assert [topic.calls for topic in side.topics.values()] == [2, 2]


def test_what_was_begun_and_left_is_not_lost() -> None:
    side = Side()
    side.tallies.add(PLACES, [0, 10], 20, 0)
    steps = side.tallies.settling()
    next(steps)
    steps.close()
    side.tallies.settle()
    assert [topic.bytes for topic in side.topics.values()] == [10, 10]
