"""How fast a consumer fetches and consumes, by topic: counted, and sampled at times.

Counting is an addition at the place where something happens; it knows no windows. What
went on in the last minute and hour is found from samples. Source: ConsumerStatsManager.
"""

from collections import deque
from typing import Final

from twistedmq.client.reactor import Clock
from twistedmq.protocol.bodies.running import ConsumeStatus
from twistedmq.remoting.periodic import PeriodicCall

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
SAMPLE_S: Final = 10.0
HOUR_SAMPLE_S: Final = 600.0


class TopicCounts:
    """What a consumer has done with one topic; each only rises."""

    __slots__ = (
        "calls",
        "consume_s",
        "consumed",
        "failed",
        "pull_s",
        "pulled",
        "pulls",
    )

    def __init__(self) -> None:
        self.pulls = 0
        """Those that brought something."""
        self.pull_s = 0.0
        """How long they took, the wait for messages included."""
        self.pulled = 0
        self.calls = 0
        """Of the user's function."""
        self.consume_s = 0.0
        """How long these took."""
        self.consumed = 0
        self.failed = 0

    def values(self) -> tuple[float, ...]:
        """Give all of them, in the order of their names."""
        return tuple(getattr(self, name) for name in self.__slots__)


class Counts(dict[str, TopicCounts]):
    """The counts by topic, which are there when they are asked for.

    The topic is that of the queue: what is retried counts under the retry topic.
    """

    def __missing__(self, topic: str) -> TopicCounts:
        """Begin to count."""
        counts = self[topic] = TopicCounts()
        return counts


_Sample = tuple[float, dict[str, tuple[float, ...]]]
_NOTHING: Final = TopicCounts().values()


class Rates:
    """Samples counts, and tells rates.

    Args:
        clock: the reactor's.

    Attributes:
        counts: whoever does something adds it here.
    """

    def __init__(self, clock: Clock) -> None:
        self.counts = Counts()
        self._clock = clock
        begin: _Sample = (clock.seconds(), {})
        self._minute = deque([begin])
        self._hour = deque([begin])
        self._sampling = PeriodicCall(self.sample, clock)

    def start(self) -> None:
        """Begin to sample."""
        self._sampling.start(SAMPLE_S, now=False)

    def stop(self) -> None:
        """Sample no more."""
        if self._sampling.running:
            self._sampling.stop()

    def sample(self) -> None:
        """Note what was counted until now."""
        now_s = self._clock.seconds()
        sample = now_s, {topic: each.values() for topic, each in self.counts.items()}
        _note(self._minute, sample, MINUTE_S)
        if now_s - self._hour[-1][0] >= HOUR_SAMPLE_S:
            _note(self._hour, sample, HOUR_S)

    def status(self, topic: str) -> ConsumeStatus:
        """Give the rates of a topic over the last minute.

        As the genuine consumer has them: how long a call took is that of the last hour
        where there was none in the minute, and failures are those of the hour.
        """
        minute = self._since(self._minute, topic)
        hour = self._since(self._hour, topic)
        span_s = max(SAMPLE_S, self._clock.seconds() - self._minute[0][0])
        consume = minute if minute["calls"] else hour
        return ConsumeStatus(
            pull_rt=_average_ms(minute["pull_s"], minute["pulls"]),
            pull_tps=minute["pulled"] / span_s,
            consume_rt=_average_ms(consume["consume_s"], consume["calls"]),
            consume_ok_tps=minute["consumed"] / span_s,
            consume_failed_tps=minute["failed"] / span_s,
            consume_failed_msgs=int(hour["failed"]),
        )

    def _since(self, samples: "deque[_Sample]", topic: str) -> dict[str, float]:
        """Give how much was counted since the first of *samples*."""
        counts = self.counts.get(topic)
        now = _NOTHING if counts is None else counts.values()
        then = samples[0][1].get(topic, _NOTHING)
        each = (after - before for after, before in zip(now, then, strict=True))
        return dict(zip(TopicCounts.__slots__, each, strict=True))


def _note(samples: "deque[_Sample]", sample: _Sample, window_s: float) -> None:
    """Keep one sample from before the window, and all that are in it."""
    samples.append(sample)
    while samples[1][0] <= sample[0] - window_s:
        samples.popleft()


def _average_ms(seconds: float, number: float) -> float:
    return seconds * 1000 / number if number else 0.0
