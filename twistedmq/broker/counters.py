"""What went through this broker, by topic, group and queue, over the last while.

Counted once a batch or a pull; read by admin requests and the page of figures. Names
and keys are those that tools ask for. Source: BrokerStatsManager.
"""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence

from twistedmq.broker.statistics.counter import (
    DAY_S,
    HOUR_S,
    MINUTE_S,
    Counter,
    Rate,
    Sum,
)
from twistedmq.broker.statistics.days import Sums
from twistedmq.broker.statistics.names import (
    BROKER_ACK,
    BROKER_CK,
    BROKER_GET,
    BROKER_GET_FROM_DISK,
    BROKER_GET_OURS,
    BROKER_PUT,
    BROKER_PUT_OURS,
    DLQ_PUT,
    GROUP_ACK,
    GROUP_CK,
    GROUP_GET,
    GROUP_GET_FROM_DISK,
    GROUP_GET_LATENCY,
    IN_PAIRS,
    NUMS,
    QUEUE_GET,
    QUEUE_PUT,
    SIZE,
    SNDBCK2DLQ_TIMES,
    SNDBCK_PUT,
    TOPIC_AT,
    TOPIC_PUT,
    TOPIC_PUT_LATENCY,
    WITH_GROUP,
    part_of,
)
from twistedmq.broker.statistics.send_tallies import SendTallies
from twistedmq.broker.statistics.throughput import Throughput
from twistedmq.broker.statistics.topic_counter import SIZE_BOUNDS, TopicCounter
from twistedmq.protocol.names import SYSTEM_TOPICS


class BrokerCounters:
    """All counters of a broker, by name and key as the admin tools ask for them."""

    def __init__(self, seconds: Callable[[], float], broker_key: str) -> None:
        """Take time from *seconds*; the broker's own counters have *broker_key*."""
        self._seconds = seconds
        self._key = broker_key
        self._by_name: dict[str, dict[str, Counter]] = {}
        self._changed: list[Counter] = []
        self._disk_listeners: list[Callable[[str, str, int, int], object]] = []
        # Those of GROUP_GET and its latency again, asked for with each pull.
        self._topics: dict[str, TopicCounter] = {}
        self._tallies = SendTallies(self._topic)
        self._readers: dict[tuple[str, str], Counter] = {}
        self._latencies: dict[tuple[str, str, int], Counter] = {}
        self._popped: dict[tuple[str, str, bool], list[int]] = {}
        # Those of GROUP_ACK and GROUP_CK, each with the broker's.
        self._lent: dict[tuple[str, str, str], tuple[Counter, Counter]] = {}
        self._by_name[TOPIC_PUT] = self._topics  # type: ignore[assignment]
        self.put_ours = self.counter(BROKER_PUT_OURS, broker_key)
        """What was stored, but for system topics."""
        self._put_system = Counter(self._changed, seconds())
        self.put = Sum(self.put_ours, self._put_system)
        self.got_ours = self.counter(BROKER_GET_OURS, broker_key)
        self._got_system = Counter(self._changed, seconds())
        self.got = Sum(self.got_ours, self._got_system)
        self._sums = {BROKER_PUT: self.put, BROKER_GET: self.got}
        self.throughput = Throughput(
            seconds, lambda: self.put.messages, lambda: self.got.messages
        )

    # Counting

    def sent(self, topic: str, messages: int, size: int, calls: int = 0) -> None:
        """Count messages that were stored, once a batch and topic."""
        counter = self._topic(topic)
        counter.add(calls or messages, messages, size)
        counter.of_broker.add(0, messages, size)
        counter.sizes[bisect_left(SIZE_BOUNDS, size // messages)] += messages

    def sent_batch(
        self,
        topic: str,
        starts: Sequence[int],
        end: int,
        queue_ids: Sequence[int],
        took_ms: int = 0,
    ) -> None:
        """Count what calls brought to one topic: records at *starts*, up to *end*.

        *queue_ids* are those of the calls, one each; *took_ms* is how long it was until
        they were answered.
        """
        counter = self._topic(topic)
        number, size, calls = len(starts), end - starts[0], len(queue_ids)
        counter.add(calls, number, size)
        counter.of_broker.add(0, number, size)
        if number == 1:
            answers, queue_id = counter.answers, queue_ids[0]
            answers[queue_id] = answers.get(queue_id, 0) + 1
            counter.sizes[bisect_left(SIZE_BOUNDS, size)] += 1
        else:
            counter.answers.update(queue_ids)
            counter.add_sizes(starts, end)
        if took_ms:
            for queue_id, answered in Tally(queue_ids).items():
                counter.took(queue_id, answered, answered * took_ms)

    def sent_mixed(
        self,
        topics: Sequence[str],
        starts: Sequence[int],
        end: int,
        queue_ids: Sequence[int],
        took_ms: int = 0,
    ) -> None:
        """Do so for calls that brought one message each, to several topics; see
        SendTallies.
        """
        if SYSTEM_TOPICS.isdisjoint(topics):
            self.put_ours.add(0, len(topics), end - starts[0])
        else:
            ends = (*starts[1:], end)
            for topic, start, stop in zip(topics, starts, ends, strict=True):
                self._topic(topic).of_broker.add(0, 1, stop - start)
        places = zip(topics, queue_ids, strict=True)
        self._tallies.add(places, starts, end, took_ms)

    def sent_kind(self, topic: str, kind: str, messages: int, size: int) -> None:
        """Say that so many of those that were sent are of another kind than normal."""
        counter = self._topic(topic)
        counted = counter.kinds.setdefault(kind, [0, 0])
        counted[0] += messages
        counted[1] += size

    def pulled(
        self,
        topic: str,
        group: str,
        messages: int,
        size: int,
        queue_id: int = -1,
        took_ms: int = 0,
    ) -> None:
        """Count messages that were given to a consumer, once a pull.

        *queue_id* where known: the time that it *took* is counted by queue.
        """
        counter = self._readers.get((topic, group))
        if counter is None:
            counter = self.counter(GROUP_GET, f"{topic}@{group}")
            self._readers[topic, group] = counter
        counter.add(1, messages, size)
        got = self._got_system if topic in SYSTEM_TOPICS else self.got_ours
        got.add(0, messages, size)
        if queue_id >= 0:
            latency = self._latencies.get((topic, group, queue_id))
            if latency is None:
                latency = self.counter(GROUP_GET_LATENCY, f"{queue_id}@{topic}@{group}")
                self._latencies[topic, group, queue_id] = latency
            latency.add(1, took_ms, 0)

    def popped(
        self, asked: str, topic: str, group: str, messages: int, size: int
    ) -> None:
        """Count messages that were given to a pop of topic *asked*, once a queue.

        *topic* is another one where they are there for another try.
        """
        self.pulled(topic, group, messages, size)
        counted = self._popped.setdefault((asked, group, topic != asked), [0, 0])
        counted[0] += messages
        counted[1] += size

    def on_disk_read(self, listener: Callable[[str, str, int, int], object]) -> None:
        """Have *listener* told of reads from the disk: topic, group, queue, bytes."""
        self._disk_listeners.append(listener)

    def read_from_disk(
        self, topic: str, group: str, queue_id: int, messages: int, size: int
    ) -> None:
        """Count messages for which the disk had to be read."""
        for listener in self._disk_listeners:
            listener(topic, group, queue_id, size)
        self.counter(GROUP_GET_FROM_DISK, f"{topic}@{group}").add(1, messages, size)
        self.counter(BROKER_GET_FROM_DISK, self._key).add(0, messages, size)

    def acked(self, topic: str, group: str, messages: int) -> None:
        """Count messages that a group has acknowledged after a pop."""
        of_group, of_broker = self._of_lent(GROUP_ACK, BROKER_ACK, topic, group)
        of_group.add(1, messages, 0)
        of_broker.add(0, messages, 0)

    def lent(self, topic: str, group: str, checkpoints: int) -> None:
        """Count check points that pops and changes of the invisible time made."""
        of_group, of_broker = self._of_lent(GROUP_CK, BROKER_CK, topic, group)
        of_group.add(1, checkpoints, 0)
        of_broker.add(0, checkpoints, 0)

    def _of_lent(
        self, name: str, broker_name: str, topic: str, group: str
    ) -> tuple[Counter, Counter]:
        found = self._lent.get((name, topic, group))
        if found is None:
            found = self._lent[name, topic, group] = (
                self.counter(name, f"{topic}@{group}"),
                self.counter(broker_name, self._key),
            )
        return found

    def sent_back(self, topic: str, group: str, *, dead: bool) -> None:
        """Count a message that a group could not consume; *dead*: it has given up."""
        self.counter(SNDBCK_PUT, f"{topic}@{group}").add(1, 1, 0)
        if dead:
            self.given_up(topic, group)

    def given_up(self, topic: str, group: str) -> None:
        """Count a message that goes to the dead letters of a group."""
        key = f"Owner@{topic}@{group}@SEND_BACK"
        self.counter(SNDBCK2DLQ_TIMES, key).add(1, 1, 0)
        self.counter(DLQ_PUT, f"{topic}@{group}").add(1, 1, 0)

    def queue_put(self, topic: str, queue_id: int, messages: int, size: int) -> None:
        """Count by queue, which is done for delayed and sent-back messages only."""
        self.counter(QUEUE_PUT, f"{topic}@{queue_id}").add(1, messages, size)

    def queue_got(
        self, topic: str, queue_id: int, group: str, messages: int, size: int
    ) -> None:
        """Count by queue, which is done for the delivery of delayed messages only."""
        key = f"{topic}@{queue_id}@{group}"
        self.counter(QUEUE_GET, key).add(1, messages, size)

    def counter(self, name: str, key: str) -> Counter:
        """Give a counter, which may be new; *name* is without _NUMS or _SIZE."""
        table = self._by_name.setdefault(name, {})
        found = table.get(key)
        if found is None:
            found = table[key] = self._new_counter()
        return found

    def _new_counter(self) -> Counter:
        return Counter(self._changed, self._seconds())

    def _topic(self, topic: str) -> TopicCounter:
        return self._topics.get(topic) or self._new_topic(topic)

    def _new_topic(self, topic: str) -> TopicCounter:
        of_broker = self._put_system if topic in SYSTEM_TOPICS else self.put_ours
        made = TopicCounter(
            self._changed, self._seconds(), of_broker, self._new_counter
        )
        self._topics[topic] = made
        return made

    # Forgetting

    def forget_topic(self, topic: str) -> None:
        """Drop the counters of a deleted topic."""
        self._tallies.settle()
        for name, at in TOPIC_AT.items():
            table = self._by_name.get(name, {})
            for key in [key for key in table if part_of(key, at) == topic]:
                del table[key]
        for reader in [key for key in self._readers if key[0] == topic]:
            del self._readers[reader]
        for place in [key for key in self._latencies if key[0] == topic]:
            del self._latencies[place]
        for popped in [key for key in self._popped if key[0] == topic]:
            del self._popped[popped]
        for lent in [key for key in self._lent if key[1] == topic]:
            del self._lent[lent]

    def forget_group(self, group: str) -> None:
        """Drop the counters of a deleted group."""
        for name in WITH_GROUP:
            table = self._by_name.get(name, {})
            for key in [key for key in table if part_of(key, -1) == group]:
                del table[key]
        for reader in [key for key in self._readers if key[1] == group]:
            del self._readers[reader]
        for place in [key for key in self._latencies if key[1] == group]:
            del self._latencies[place]
        for popped in [key for key in self._popped if key[1] == group]:
            del self._popped[popped]
        for lent in [key for key in self._lent if key[2] == group]:
            del self._lent[lent]

    # Reading

    def sampling(self) -> Iterator[None]:
        """Sample the counters that have changed, a bit a step.

        A round ends with those that had changed when it began: under load others
        change all the time.
        """
        yield from self._tallies.settling()
        due = list(self._changed)
        self._changed.clear()  # the counters hold on to it
        while due:
            due.pop().sample(self._seconds())
            yield

    def topics(self) -> Iterator[tuple[str, TopicCounter]]:
        """Give what was sent to each topic."""
        self._tallies.settle()
        return iter(list(self._topics.items()))

    def readers(self) -> Iterator[tuple[str, str, Counter]]:
        """Give topic, group and what the group got of it."""
        for (topic, group), counter in list(self._readers.items()):
            yield topic, group, counter

    def pops(self) -> Iterator[tuple[str, str, bool, int, int]]:
        """Give topic, group, whether for another try, and the messages and bytes."""
        for (topic, group, is_retry), (messages, size) in list(self._popped.items()):
            yield topic, group, is_retry, messages, size

    def all_of(self, name: str) -> Iterator[tuple[str, Counter]]:
        """Give the counters of one name by key."""
        self._tallies.settle()
        return iter(list(self._by_name.get(name, {}).items()))

    def sums(self) -> Sums:
        """Give what clients sent and got since the start."""
        return Sums(self.put_ours.messages, self.got_ours.messages)

    def put_per_second(self, topic: str) -> float:
        """Give the messages a second that were sent to *topic*, over a minute."""
        return self._per_second(TOPIC_PUT, topic)

    def got_per_second(self, group: str, topic: str) -> float:
        """Give the messages a second that *group* got of *topic*, over a minute."""
        return self._per_second(GROUP_GET, f"{topic}@{group}")

    def rates(self, stats_name: str, key: str) -> tuple[Rate, Rate, Rate] | None:
        """Give minute, hour and day of one counter; None if nothing was counted.

        *stats_name* is as the tools say it: "TOPIC_PUT_NUMS", "GROUP_GET_LATENCY".
        """
        counter = self._find(stats_name, key)
        if counter is None:
            return None
        now_s, of_bytes = self._seconds(), stats_name.endswith(SIZE)
        minute, hour, day = (
            counter.rate(now_s, window, of_bytes=of_bytes)
            for window in (MINUTE_S, HOUR_S, DAY_S)
        )
        return minute, hour, day

    def _find(self, stats_name: str, key: str) -> "Counter | Sum | None":
        self._tallies.settle()
        if stats_name == TOPIC_PUT_LATENCY:
            return self._put_latency(key)
        table = self._by_name.get(stats_name)
        if stats_name.endswith((NUMS, SIZE)):
            name = stats_name.removesuffix(NUMS).removesuffix(SIZE)
            if name in self._sums and key == self._key:
                return self._sums[name]
            table = self._by_name.get(name)
        elif f"{stats_name}{NUMS}" in IN_PAIRS:
            return None  # half a name
        return (table or {}).get(key)

    def _put_latency(self, key: str) -> Counter | None:
        queue_id, _, topic = key.partition("@")
        counter = self._topics.get(topic)
        if counter is None or not queue_id.isdecimal():
            return None
        return counter.latency(int(queue_id))

    def _per_second(self, name: str, key: str) -> float:
        self._tallies.settle()
        counter = self._by_name.get(name, {}).get(key)
        if counter is None:
            return 0.0
        return counter.rate(self._seconds(), MINUTE_S).per_second
