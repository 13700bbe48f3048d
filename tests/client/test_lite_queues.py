"""What ``LitePullConsumer`` shows of its queues is tested with it; here: the rest."""

from typing import Any

import pytest
from client_kit import FakeCluster, result_of

from twistedmq.client.lite_queues import LiteQueues, LiteRules
from twistedmq.client.pausable_inbox import PausableInbox
from twistedmq.client.rebalance import AverageAllocation
from twistedmq.client.session import Session
from twistedmq.client.starting import StartFrom
from twistedmq.client.window import Limits
from twistedmq.protocol.bodies.clients import HeartbeatData
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import MessageIllegalError

Q = [MessageQueue("T", "broker-0", n) for n in range(2)]


@pytest.fixture
def queues(cluster: FakeCluster) -> LiteQueues:
    cluster.create("T", queues=2)
    session = Session(cluster.settings())
    result_of(session.start())
    rules = LiteRules(
        group="G",
        subscriptions={},
        start_from=StartFrom.FIRST,
        limits=Limits(),
        in_all=Limits(),
        allocation=AverageAllocation(),
    )
    data = HeartbeatData(client_id="me")
    heartbeats = session.heartbeats(lambda: data, masters_only=False)
    inbox = PausableInbox(lambda queue: None)
    return LiteQueues(session, rules, inbox, heartbeats)


def test_a_listener_that_fails_keeps_no_queue_back(
    queues: LiteQueues, logged_failures: Any
) -> None:
    heard: list[frozenset[MessageQueue]] = []

    def fail(had: frozenset[MessageQueue]) -> None:
        raise ValueError("mine")

    queues.on_assigned(fail)
    off = queues.on_assigned(heard.append)
    result_of(queues.choose(Q, "*"))
    result_of(queues.start())
    assert queues.owned.queues == Q
    off()
    result_of(queues.choose(Q[:1], "*"))
    assert heard == [frozenset(Q[:1]), frozenset(Q)]
    assert len(logged_failures.flush(ValueError)) == 3


def test_wrong_topics_are_refused(cluster: FakeCluster, queues: LiteQueues) -> None:
    before = len(cluster.requests)
    with pytest.raises(MessageIllegalError):
        queues.choose([MessageQueue("no topic", "broker-0", 0)], "*")
    assert len(cluster.requests) == before


def test_where_to_begin_in_a_queue_that_was_never_taken_is_forgotten(
    cluster: FakeCluster, queues: LiteQueues
) -> None:
    cluster.put("T", "a", "b", "c")
    result_of(queues.choose(Q[:1], "*"))
    queues.owned.seek(Q[0], 2)
    result_of(queues.choose([], "*"))
    result_of(queues.start())
    result_of(queues.choose(Q[:1], "*"))
    assert queues.position(Q[0]) == 0
