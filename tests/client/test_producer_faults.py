"""A producer and real brokers, on a simulated network where things go wrong.

What holds throughout: a message that was acknowledged is there, a send that failed may
be, and the producer goes on without being restarted.
"""

from collections import Counter
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq import Message, Outcome, Producer, ReceivedMessage
from twistedmq.client.batching import Batching
from twistedmq.client.errors import NoNameServerError, SendFailedError, SendTimeoutError
from twistedmq.client.latency import LatencyAvoiding
from twistedmq.client.tracing import MessageTrace
from twistedmq.protocol.trace import TraceType, decode_trace
from twistedmq.remoting.errors import ConnectError
from twistedmq.testing import Cluster


class Sends:
    """Sends of one producer, and what came of them."""

    def __init__(self, cluster: Cluster, producer: Producer) -> None:
        self.failed: list[str] = []
        self.acknowledged: dict[str, bytes] = {}
        self._cluster = cluster
        self._producer = producer
        self._pending = 0
        self._number = 0

    def send(self, number: int, every_s: float = 0.0) -> None:
        for _ in range(number):
            body = b"m-%d" % self._number
            self._number += 1
            self._pending += 1
            sent = self._producer.send(Message("T", body))
            sent.addCallbacks(self._stored, self._not_stored, (body,), {}, (), {})
            self._cluster.advance(every_s)

    def wait(self) -> None:
        for _ in range(300):
            if not self._pending:
                return
            self._cluster.advance(0.1)
        raise AssertionError(f"{self._pending} sends hang")

    def check(self) -> Counter[str]:
        """See that all that was acknowledged is there; gives how often."""
        stored = self._cluster.run(self._cluster.stored("T"))
        found = Counter(message.message_id for message in stored)
        bodies = {message.message_id: message.body for message in stored}
        lost = {i: b for i, b in self.acknowledged.items() if bodies.get(i) != b}
        assert not lost
        return found

    def _stored(self, receipt: Any, body: bytes) -> None:
        self._pending -= 1
        self.acknowledged[receipt.message_id] = body

    def _not_stored(self, failure: Failure) -> None:
        self._pending -= 1
        failure.trap(SendFailedError, SendTimeoutError)
        self.failed.append(type(failure.value).__name__)


def started(cluster: Cluster, **options: Any) -> Producer:
    return cluster.run(cluster.producer("P", **options).start())


def test_a_broker_that_is_killed_and_comes_back() -> None:
    with Cluster(topics=["T"], store="file") as cluster:
        plain = Sends(cluster, started(cluster))
        batching = Batching(max_delay_ms=1)
        together = Sends(cluster, started(cluster, batching=batching))
        for sends in (plain, together):
            sends.send(10, every_s=0.01)
        cluster.broker.kill()
        for sends in (plain, together):
            sends.send(10, every_s=0.01)
        cluster.run(cluster.broker.start())
        for sends in (plain, together):
            sends.send(10, every_s=0.05)
            sends.wait()
            later = len(sends.acknowledged)
            sends.send(5)
            sends.wait()
            assert len(sends.acknowledged) == later + 5
            sends.check()


def test_a_connection_that_is_half_open() -> None:
    with Cluster(topics=["T"]) as cluster:
        sends = Sends(cluster, started(cluster, attempt_timeout_s=0.5))
        sends.send(3)
        sends.wait()
        cluster.faults.half_open(server="broker-a")
        sends.send(3)
        cluster.advance(60)
        sends.wait()
        sends.send(3)
        sends.wait()
        assert len(sends.acknowledged) >= 6
        sends.check()


def test_answers_that_are_lost_are_asked_for_again() -> None:
    """What was stored unheard is there twice, under the same id; not more often."""
    with Cluster(brokers=2, topics=["T"]) as cluster:
        sends = Sends(cluster, started(cluster, attempt_timeout_s=0.5))
        with cluster.faults.drop_responses("send", chance=0.3):
            sends.send(40, every_s=0.02)
            sends.wait()
        found = sends.check()
        twice = [message_id for message_id, times in found.items() if times > 1]
        assert twice
        assert max(found.values()) <= 3  # attempts
        assert len(sends.acknowledged) > 35


def test_name_servers_that_are_gone_are_not_missed_at_once() -> None:
    with Cluster(topics=["T"]) as cluster:
        sends = Sends(cluster, started(cluster))
        sends.send(1)
        sends.wait()
        cluster.faults.cut_off(server="namesrv")
        cluster.advance(120)
        sends.send(5)
        sends.wait()
        cluster.faults.clear()
        cluster.advance(60)
        assert len(sends.acknowledged) == 6
        sends.check()


def test_a_slow_broker_gets_little() -> None:
    with Cluster(brokers=2, topics=["T"]) as cluster:
        careful = started(cluster, selection=LatencyAvoiding())
        sends = Sends(cluster, careful)
        cluster.faults.slow("broker-a", by=0.7)
        for _ in range(20):
            sends.send(1)
            sends.wait()
        stored = cluster.run(cluster.stored("T"))
        brokers = Counter(message.queue.broker_name for message in stored)
        assert brokers["broker-b"] >= 3 * brokers["broker-a"]
        assert len(sends.acknowledged) == 20


def test_an_end_that_is_lost_is_asked_for() -> None:
    done: set[str] = set()
    asked: list[str] = []

    def check(half: ReceivedMessage) -> Outcome:
        asked.append(half.message_id)
        return Outcome.COMMIT if half.message_id in done else Outcome.ROLLBACK

    def work(half: Any) -> Outcome:
        done.add(half.message_id)
        return Outcome.COMMIT

    with Cluster(topics=["T"]) as cluster:
        producer = started(cluster, check=check)
        with cluster.faults.drop_requests(37, times=1) as fault:
            message = Message("T", b"paid")
            receipt = cluster.run(producer.send_in_transaction(message, work))
        assert fault.hits == 1
        assert (receipt.outcome, receipt.confirmed) == (Outcome.COMMIT, False)
        cluster.advance(120)
        [stored] = cluster.run(cluster.stored("T"))
        assert (stored.body, stored.message_id) == (b"paid", receipt.message_id)
        assert set(asked) == {receipt.message_id}


def test_work_that_died_is_decided_by_another_producer_of_the_group() -> None:
    with Cluster(topics=["T"]) as cluster:
        never: Deferred[Outcome] = Deferred()
        first = started(cluster, check=lambda half: Outcome.UNKNOWN)
        message = Message("T", b"paid")
        dying = first.send_in_transaction(message, lambda half: never)
        dying.addErrback(lambda _: None)
        cluster.advance(1)
        started(cluster, check=lambda half: Outcome.COMMIT, topics=["T", "U"])
        cluster.advance(180)
        assert [m.body for m in cluster.run(cluster.stored("T"))] == [b"paid"]
        never.callback(Outcome.UNKNOWN)


def test_the_trace_of_a_message_is_found_by_its_id() -> None:
    with Cluster(topics=["T"], settings={"traceTopicEnable": "true"}) as cluster:
        watchers = [MessageTrace()]
        consumer = cluster.consumer("G", {"T": "*"}, watchers=watchers)
        consumer.run(lambda message: None)
        producer = started(cluster, watchers=watchers)
        receipt = cluster.run(producer.send(Message("T", b"x", keys="order-7")))
        cluster.advance(20)
        admin = cluster.run(cluster.admin().start())
        items = cluster.run(admin.traces.of(receipt.message_id))
        kinds = [TraceType.SEND, TraceType.DELIVERY, TraceType.CONSUMED]
        assert sorted(item.type for item in items) == sorted(kinds)
        assert {item.keys for item in items} == {"order-7"}
        stored = cluster.run(cluster.stored("RMQ_SYS_TRACE_TOPIC"))
        assert sum(len(decode_trace(m.body.decode())) for m in stored) == 3


def test_what_cannot_be_reached_is_named() -> None:
    with Cluster(topics=["T"]) as cluster:
        producer = started(cluster)
        cluster.run(producer.send(Message("T", b"x")))
        cluster.broker.kill()
        with pytest.raises(SendFailedError) as failed:
            cluster.run(producer.send(Message("T", b"x")))
        assert failed.value.brokers == ["broker-a"] * 3
        refused = failed.value.causes[-1]
        assert isinstance(refused, ConnectError)
        assert refused.address in str(failed.value)
        nowhere = cluster.settings(nameservers="192.0.2.200:9876")
        lost = cluster.run(Producer("P", settings=nowhere).start())
        with pytest.raises(NoNameServerError, match=r"192\.0\.2\.200:9876"):
            cluster.run(lost.send(Message("T", b"x")))
