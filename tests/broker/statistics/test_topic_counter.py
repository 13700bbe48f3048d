from twisted.internet.task import Clock

from twistedmq.broker.statistics.counter import DAY_S, MINUTE_S, SAMPLE_S, Counter
from twistedmq.broker.statistics.topic_counter import TopicCounter


class Side:
    def __init__(self) -> None:
        self.clock = Clock()
        self.changed: list[Counter] = []
        self.counter = TopicCounter(
            self.changed, self.clock.seconds(), self.make(), self.make
        )

    def make(self) -> Counter:
        return Counter(self.changed, self.clock.seconds())

    def send(self, *queue_ids: int) -> None:
        self.counter.add(len(queue_ids), len(queue_ids), 100)
        self.counter.answers.update(queue_ids)

    def pass_s(self, seconds: float) -> None:
        for _ in range(int(seconds // SAMPLE_S)):
            self.clock.advance(SAMPLE_S)
            while self.changed:
                self.changed.pop().sample(self.clock.seconds())

    def average(self, window: int) -> float:
        latency = self.counter.latency(0)
        assert latency is not None
        return latency.rate(self.clock.seconds(), window).average


def test_times_are_kept_once_one_took_time_and_all_answers_count_from_then() -> None:
    side = Side()
    side.send(0, 0, 1)
    side.send(0)
    side.counter.took(0, 1, 10)
    side.send(0)
    assert side.average(MINUTE_S) == 5
    side.pass_s(120)
    side.send(0, 0)
    side.pass_s(SAMPLE_S)
    assert side.average(MINUTE_S) == 0
    assert side.average(DAY_S) == 2.5


def test_a_queue_nobody_sent_to_has_no_times() -> None:
    side = Side()
    side.send(1)
    assert side.counter.latency(0) is None
    latency = side.counter.latency(1)
    assert latency is not None
    assert (latency.calls, latency.messages) == (0, 0)
