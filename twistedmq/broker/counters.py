"""What went through this broker, by topic and by group, over the last while.

Counted once a batch or a pull; read by admin requests. Source: BrokerStatsManager.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct

TOPIC_PUT: Final = "TOPIC_PUT"
GROUP_GET: Final = "GROUP_GET"
BROKER_PUT: Final = "BROKER_PUT"
BROKER_GET: Final = "BROKER_GET"
NUMS: Final = "_NUMS"
SIZE: Final = "_SIZE"

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

_BUCKET_S: Final = {MINUTE_S: 10, HOUR_S: 600, DAY_S: HOUR_S}
"""How finely each window is cut."""
_FINEST_S: Final = min(_BUCKET_S.values())


class Rate(Struct, frozen=True):
    """What one window of a counter holds."""

    calls: int
    """How often something was counted."""
    total: int
    per_second: float

    @property
    def average(self) -> float:
        """What one call brought, on the average."""
        return self.total / self.calls if self.calls else 0.0


class Counter:
    """Counts messages and bytes; knows the last minute, hour and day."""

    __slots__ = ("_ends_s", "_latest", "_windows", "bytes", "calls", "messages")

    def __init__(self) -> None:
        self.calls = 0
        self.messages = 0
        self.bytes = 0
        # By window: buckets of [number of the bucket, calls, messages, bytes].
        self._windows: dict[int, deque[list[int]]] = {w: deque() for w in _BUCKET_S}
        # What was counted in the finest bucket of now, and when that bucket ends:
        # a count is four additions, whatever windows there are.
        self._latest = [0, 0, 0]
        self._ends_s = 0.0

    def add(self, now_s: float, messages: int, size: int) -> None:
        """Count one call that brought *messages* of *size* bytes together."""
        if now_s >= self._ends_s:
            self._settle()
            self._ends_s = (now_s // _FINEST_S + 1) * _FINEST_S
        self.calls += 1
        self.messages += messages
        self.bytes += size
        latest = self._latest
        latest[0] += 1
        latest[1] += messages
        latest[2] += size

    def _settle(self) -> None:
        """Put what was counted in the finest bucket into the windows."""
        calls, messages, size = self._latest
        if not calls:
            return
        self._latest = [0, 0, 0]
        begin_s = self._ends_s - _FINEST_S
        for window, buckets in self._windows.items():
            number = int(begin_s // _BUCKET_S[window])
            if not buckets or buckets[-1][0] != number:
                self._drop_old(window, number)
                buckets.append([number, 0, 0, 0])
            bucket = buckets[-1]
            bucket[1] += calls
            bucket[2] += messages
            bucket[3] += size

    def rate(self, now_s: float, window: int, *, of_bytes: bool = False) -> Rate:
        """Sum up the last *window* seconds: MINUTE_S, HOUR_S or DAY_S."""
        self._settle()
        self._drop_old(window, int(now_s // _BUCKET_S[window]))
        buckets = self._windows[window]
        total = sum(bucket[3 if of_bytes else 2] for bucket in buckets)
        return Rate(sum(bucket[1] for bucket in buckets), total, total / window)

    def _drop_old(self, window: int, number: int) -> None:
        buckets = self._windows[window]
        oldest = number - window // _BUCKET_S[window] + 1
        while buckets and buckets[0][0] < oldest:
            buckets.popleft()


class BrokerCounters:
    """All counters of a broker, by name and key as the admin tools ask for them."""

    def __init__(self, seconds: Callable[[], float], broker_key: str) -> None:
        """Take time from *seconds*; the broker's own counters have *broker_key*."""
        self._seconds = seconds
        self._by_name: dict[tuple[str, str], Counter] = {}
        # Those of TOPIC_PUT and GROUP_GET again, asked for with each send and pull.
        self._by_topic: dict[str, Counter] = {}
        self._by_reader: dict[tuple[str, str], Counter] = {}
        self.put = self._make(BROKER_PUT, broker_key)
        self.got = self._make(BROKER_GET, broker_key)

    def sent(self, topic: str, messages: int, size: int) -> None:
        """Count messages that were stored, once a batch and topic."""
        now_s = self._seconds()
        counter = self._by_topic.get(topic)
        if counter is None:
            counter = self._by_topic[topic] = self._make(TOPIC_PUT, topic)
        self.put.add(now_s, messages, size)
        counter.add(now_s, messages, size)

    def pulled(self, topic: str, group: str, messages: int, size: int) -> None:
        """Count messages that were given to a consumer, once a pull."""
        now_s = self._seconds()
        counter = self._by_reader.get((topic, group))
        if counter is None:
            counter = self._make(GROUP_GET, f"{topic}@{group}")
            self._by_reader[topic, group] = counter
        self.got.add(now_s, messages, size)
        counter.add(now_s, messages, size)

    def forget_topic(self, topic: str) -> None:
        """Drop the counters of a deleted topic."""
        self._by_name.pop((TOPIC_PUT, topic), None)
        self._by_topic.pop(topic, None)
        for reader in [key for key in self._by_reader if key[0] == topic]:
            del self._by_reader[reader]
        prefix = f"{topic}@"
        for key in [key for key in self._by_name if key[1].startswith(prefix)]:
            del self._by_name[key]

    def put_per_second(self, topic: str) -> float:
        """Give the messages a second that were sent to *topic*, over a minute."""
        return self._per_second(TOPIC_PUT, topic)

    def got_per_second(self, group: str, topic: str) -> float:
        """Give the messages a second that *group* got of *topic*, over a minute."""
        return self._per_second(GROUP_GET, f"{topic}@{group}")

    def rates(self, stats_name: str, key: str) -> tuple[Rate, Rate, Rate] | None:
        """Give minute, hour and day of one counter; None if nothing was counted.

        *stats_name* is a counter's name and what it counts: "TOPIC_PUT_NUMS".
        """
        name, of_bytes = stats_name.removesuffix(NUMS), stats_name.endswith(SIZE)
        counter = self._by_name.get((name.removesuffix(SIZE), key))
        if counter is None or not stats_name.endswith((NUMS, SIZE)):
            return None
        now_s = self._seconds()
        minute, hour, day = (
            counter.rate(now_s, window, of_bytes=of_bytes) for window in _BUCKET_S
        )
        return minute, hour, day

    def _per_second(self, name: str, key: str) -> float:
        counter = self._by_name.get((name, key))
        if counter is None:
            return 0.0
        return counter.rate(self._seconds(), MINUTE_S).per_second

    def _make(self, name: str, key: str) -> Counter:
        counter = self._by_name.get((name, key))
        if counter is None:
            counter = self._by_name[(name, key)] = Counter()
        return counter
