from typing import Any

import pytest
from client_kit import result_of
from pop_cluster import PopCluster
from twisted.internet.task import Clock

from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_targets import AssignedTargets, AssignmentParts, RouteTargets
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode


@pytest.fixture
def cluster(clock: Clock) -> PopCluster:
    made = PopCluster(clock, brokers=2)
    made.create("T", queues=3)
    return made


@pytest.fixture
def session(cluster: PopCluster) -> Session:
    made = Session(cluster.settings(instance_name="1"))
    result_of(made.start())
    return made


def test_each_broker_of_each_topic_that_can_be_read(
    cluster: PopCluster, session: Session
) -> None:
    cluster.create("U", queues=1, brokers=["broker-1"])
    cluster.create("write-only", perm=2)
    for topic in ("T", "U", "write-only"):
        result_of(session.routes.get(topic))
    targets = RouteTargets(session.routes, ("T", "U", "write-only", "unknown"))
    result_of(targets.start())
    assert targets.current() == [
        MessageQueue("T", "broker-0", -1),
        MessageQueue("T", "broker-1", -1),
        MessageQueue("U", "broker-1", -1),
    ]
    targets.soon()
    targets.stop()


def assigned(session: Session, beats: list[Any]) -> AssignedTargets:
    parts = AssignmentParts(
        group="G",
        client_id=session.client_id,
        calls=PopCalls(session.pool),
        routes=session.routes,
        clock=session.reactor,
        heartbeat=lambda: beats.append(None),
    )
    return AssignedTargets(parts, ("T",))


def test_what_brokers_assign(
    cluster: PopCluster, session: Session, clock: Clock
) -> None:
    mine = [MessageQueue("T", "broker-0", 2)]
    cluster.assigned[session.client_id] = mine
    targets = assigned(session, [])
    result_of(targets.start())
    assert targets.current() == mine
    more = [MessageQueue("T", "broker-1", -1)]
    cluster.assigned[session.client_id] = more
    clock.advance(20)
    assert targets.current() == more
    cluster.assigned[session.client_id] = mine
    targets.soon()
    assert targets.current() == mine
    cluster.assigned[session.client_id] = []
    clock.advance(20)
    assert targets.current() == []
    targets.stop()
    targets.soon()


def test_without_an_answer_what_was_said_holds(
    cluster: PopCluster, session: Session, clock: Clock, logged: Any
) -> None:
    mine = [MessageQueue("T", "broker-0", 2)]
    cluster.assigned[session.client_id] = mine
    beats: list[Any] = []
    targets = assigned(session, beats)
    result_of(targets.start())
    cluster.assigned.clear()
    targets.soon()
    cluster.down.update(cluster.addresses.values())
    clock.advance(1)
    assert targets.current() == mine
    assert len(beats) == 2
    assert logged("G: what is to be consumed of T is not known now")
    cluster.down.clear()
    before = cluster.codes().count(RequestCode.QUERY_ASSIGNMENT)
    clock.advance(1)
    assert cluster.codes().count(RequestCode.QUERY_ASSIGNMENT) > before
    targets.stop()
