"""More of it in test_consumer: here is what a whole consumer does not show."""

from random import Random
from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher

from twistedmq.client.assignment import Assignment, AssignmentParts, Membership
from twistedmq.client.locks import QueueLockedError
from twistedmq.client.rebalance import BrokerAllocation
from twistedmq.client.session import Session
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.assignments import (
    MessageQueueAssignment,
    MessageRequestMode,
    QueryAssignmentResponseBody,
)
from twistedmq.protocol.bodies.clients import HeartbeatData
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command


class Queues:
    """Takes queues and gives them back, when the test says so."""

    def __init__(self) -> None:
        self.owned: list[MessageQueue] = []
        self.waits: Deferred[None] | None = None
        self.broken = False
        self.locked = False
        self.has_bug = False

    async def take(self, queue: MessageQueue) -> None:
        if self.waits is not None:
            await self.waits
        if self.locked:
            raise QueueLockedError(queue)
        if self.broken:
            raise OSError("not now")
        self.owned.append(queue)

    async def give_back(self, queue: MessageQueue) -> None:
        if self.has_bug:
            raise ZeroDivisionError
        self.owned.remove(queue)


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def assignment(cluster: FakeCluster, queues: Queues) -> Assignment:
    cluster.create("T", queues=2)
    session = Session(cluster.settings())
    result_of(session.start())
    heartbeat: Any = lambda: succeed(None)  # noqa: E731
    parts = AssignmentParts(
        calls=session.calls,
        routes=session.routes,
        clock=session.reactor,
        random=Random(1),
        heartbeat=heartbeat,
        owned=lambda: queues.owned,
        take=queues.take,
        give_back=queues.give_back,
    )
    return Assignment(parts, Membership("G", "me", ("T",), None))


def test_what_is_asked_for_during_a_round_makes_another(
    cluster: FakeCluster, assignment: Assignment, queues: Queues
) -> None:
    queues.waits = Deferred()
    started = held(assignment.start())
    cluster.create("T", queues=3)
    assignment.soon()
    assignment.soon()
    assert not started
    queues.waits.callback(None)
    assert len(queues.owned) == 2
    assert started == [None]


def test_stopping_waits_for_the_round(assignment: Assignment, queues: Queues) -> None:
    queues.waits = Deferred()
    assignment.start()
    stopped = held(assignment.stop())
    assert not stopped
    queues.waits.callback(None)
    assert stopped == [None]
    assert len(queues.owned) == 1  # the second was not begun any more
    assignment.soon()


def test_after_trouble_it_is_tried_again_soon(
    assignment: Assignment, queues: Queues, clock: Clock
) -> None:
    queues.broken = True
    result_of(assignment.start())
    assert not queues.owned
    queues.broken = False
    clock.advance(1)
    assert len(queues.owned) == 2


def test_otherwise_every_twenty_seconds(
    assignment: Assignment, queues: Queues, clock: Clock
) -> None:
    result_of(assignment.start())
    queues.owned.clear()
    clock.advance(19)
    assert not queues.owned
    clock.advance(1)
    assert len(queues.owned) == 2
    result_of(assignment.stop())


def test_a_queue_that_is_gone_is_given_back(
    cluster: FakeCluster, assignment: Assignment, queues: Queues, clock: Clock
) -> None:
    result_of(assignment.start())
    cluster.create("T", queues=1)
    clock.advance(30)
    assert queues.owned == [MessageQueue("T", "broker-0", 0)]


def test_a_bug_in_a_part_is_logged_and_survived(
    assignment: Assignment, queues: Queues, clock: Clock, logged_failures: Any
) -> None:
    result_of(assignment.start())
    queues.owned.append(MessageQueue("T", "broker-0", 9))
    queues.has_bug = True
    clock.advance(20)
    assert len(logged_failures.flush(ZeroDivisionError)) == 1
    queues.has_bug = False
    clock.advance(1)
    assert len(queues.owned) == 2


def test_queues_of_a_topic_not_wanted_any_more_are_given_back(
    assignment: Assignment, queues: Queues
) -> None:
    queues.owned.append(MessageQueue("OLD", "broker-0", 0))
    result_of(assignment.start())
    assert {queue.topic for queue in queues.owned} == {"T"}


def test_a_round_can_be_waited_for(assignment: Assignment, queues: Queues) -> None:
    result_of(assignment.start())
    queues.owned.clear()
    queues.waits = Deferred()
    over = held(assignment.round())
    assert over == []
    queues.waits.callback(None)
    assert over == [None]
    assert len(queues.owned) == 2


def test_a_queue_that_is_locked_is_tried_again_without_a_word(
    assignment: Assignment, queues: Queues, clock: Clock
) -> None:
    queues.locked = True
    told: list[Any] = []
    globalLogPublisher.addObserver(told.append)
    result_of(assignment.start())
    globalLogPublisher.removeObserver(told.append)
    assert not [event for event in told if event["log_level"] is LogLevel.warn]
    queues.locked = False
    clock.advance(1)
    assert len(queues.owned) == 2


def told_by_broker(
    cluster: FakeCluster, assignment: Assignment, answer: bytes | None
) -> list[str]:
    """Start with a broker that shares out; gives the codes of what it was asked."""
    assignment._membership = Membership("G", "me", ["T"], BrokerAllocation())
    code = RequestCode.QUERY_ASSIGNMENT
    if answer is None:
        cluster.refuse[code] = ResponseCode.REQUEST_CODE_NOT_SUPPORTED, "what?"
    else:
        cluster.serve[code] = lambda *_: Command(code=0, body=answer)
    cluster.members["G"] = {"me": HeartbeatData(), "you": HeartbeatData()}
    result_of(assignment.start())
    return [code.name for code in map(RequestCode, cluster.codes())]


def test_a_broker_may_share_out(
    cluster: FakeCluster, assignment: Assignment, queues: Queues
) -> None:
    mine = MessageQueue("T", "broker-0", 1)
    told = QueryAssignmentResponseBody(
        message_queue_assignments=[MessageQueueAssignment(message_queue=mine)]
    )
    asked = told_by_broker(cluster, assignment, loose_json.encode(told))
    assert queues.owned == [mine]
    assert "GET_CONSUMER_LIST_BY_GROUP" not in asked


def test_a_broker_that_cannot_share_out_leaves_it_to_us(
    cluster: FakeCluster, assignment: Assignment, queues: Queues
) -> None:
    told_by_broker(cluster, assignment, None)
    assert queues.owned == [MessageQueue("T", "broker-0", 0)]


def test_while_a_broker_cannot_tell_what_we_have_stays(
    cluster: FakeCluster, assignment: Assignment, queues: Queues
) -> None:
    queues.owned.append(MessageQueue("T", "broker-0", 0))
    told_by_broker(cluster, assignment, b"{}")
    assert queues.owned == [MessageQueue("T", "broker-0", 0)]


def test_what_is_to_be_popped_is_not_pulled(
    cluster: FakeCluster, assignment: Assignment, queues: Queues
) -> None:
    every = MessageQueueAssignment(mode=MessageRequestMode.POP)
    told = QueryAssignmentResponseBody(message_queue_assignments=[every])
    told_by_broker(cluster, assignment, loose_json.encode(told))
    assert not queues.owned
