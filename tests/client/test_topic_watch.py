from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.task import Clock

from twistedmq.client.session import Session
from twistedmq.client.topic_watch import QueuesListener, TopicWatch
from twistedmq.protocol.bodies.queues import MessageQueue

Seen = list[tuple[str, list[int]]]


@pytest.fixture
def watch(cluster: FakeCluster) -> TopicWatch:
    cluster.create("T", queues=1)
    session = Session(cluster.settings())
    result_of(session.start())
    return TopicWatch(session.routes)


def listener(seen: Seen) -> QueuesListener:
    def hear(topic: str, queues: frozenset[MessageQueue]) -> None:
        seen.append((topic, sorted(queue.queue_id for queue in queues)))

    return hear


def test_a_listener_hears_of_queues_that_come_and_go(
    cluster: FakeCluster, clock: Clock, watch: TopicWatch
) -> None:
    seen: Seen = []
    watch.add("T", listener(seen))
    assert seen == []
    cluster.create("T", queues=3)
    clock.advance(30)
    cluster.create("T", queues=2)
    clock.advance(30)
    assert seen == [("T", [0, 1, 2]), ("T", [0, 1])]


def test_a_route_that_changes_otherwise_is_no_news(
    cluster: FakeCluster, clock: Clock, watch: TopicWatch
) -> None:
    seen: Seen = []
    watch.add("T", listener(seen))
    cluster.addresses["broker-0"] = "192.0.2.99:10911"
    clock.advance(30)
    assert seen == []


def test_who_has_called_it_off_hears_no_more(
    cluster: FakeCluster, clock: Clock, watch: TopicWatch
) -> None:
    seen: Seen = []
    watch.add("T", listener(seen))()
    cluster.create("T", queues=3)
    clock.advance(30)
    assert seen == []


def test_a_topic_that_is_made_later_is_news(
    cluster: FakeCluster, clock: Clock, watch: TopicWatch
) -> None:
    seen: Seen = []
    watch.add("new", listener(seen))
    cluster.create("new", queues=1)
    clock.advance(5)
    assert seen == [("new", [0])]


def test_a_listener_that_fails_is_logged_and_harms_nobody(
    cluster: FakeCluster, clock: Clock, watch: TopicWatch, logged_failures: Any
) -> None:
    seen: Seen = []

    def fail(topic: str, queues: frozenset[MessageQueue]) -> None:
        raise ValueError("mine")

    watch.add("T", fail)
    watch.add("T", listener(seen))
    cluster.create("T", queues=2)
    clock.advance(30)
    assert seen == [("T", [0, 1])]
    assert len(logged_failures.flush(ValueError)) == 1


def test_calling_off_twice_is_once(
    cluster: FakeCluster, clock: Clock, watch: TopicWatch
) -> None:
    seen: Seen = []
    watch.add("T", listener(seen))
    call_off = watch.add("T", listener([]))
    call_off()
    call_off()
    cluster.create("T", queues=2)
    clock.advance(30)
    assert seen == [("T", [0, 1])]
