from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.hand_assignment import HandAssignment, HandParts
from twistedmq.client.session import Session
from twistedmq.protocol.bodies.queues import MessageQueue

A, B, C = (MessageQueue("T", "broker-0", n) for n in range(3))


class Owner:
    """Has queues, and takes them when told."""

    def __init__(self) -> None:
        self.owned: list[MessageQueue] = []
        self.fail: set[MessageQueue] = set()
        self.slow: Deferred[None] | None = None

    async def take(self, queue: MessageQueue) -> None:
        if self.slow is not None:
            await self.slow
        if queue in self.fail:
            raise ValueError("not now")
        self.owned.append(queue)

    async def give_back(self, queue: MessageQueue) -> None:
        self.owned.remove(queue)


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def hand(cluster: FakeCluster, owner: Owner) -> HandAssignment:
    cluster.create("T")
    session = Session(cluster.settings())
    result_of(session.start())
    session.routes.stop()
    parts = HandParts(
        routes=session.routes,
        clock=session.reactor,
        owned=lambda: owner.owned,
        take=owner.take,
        give_back=owner.give_back,
    )
    return HandAssignment(parts)


def test_what_is_wanted_is_taken_and_the_rest_given_back(
    hand: HandAssignment, owner: Owner
) -> None:
    hand.want([A, B])
    assert result_of(hand.round()) is None
    assert owner.owned == []  # not yet
    result_of(hand.start())
    assert owner.owned == [A, B]
    hand.want([B, C])
    result_of(hand.round())
    assert owner.owned == [B, C]
    assert hand.wanted == {B, C}


def test_what_cannot_be_taken_is_tried_again(
    hand: HandAssignment, owner: Owner, clock: Clock, logged: Any
) -> None:
    owner.fail = {A}
    hand.want([A, B])
    result_of(hand.start())
    assert owner.owned == [B]
    assert logged("cannot be read now: not now")
    owner.fail.clear()
    clock.advance(1)
    assert sorted(owner.owned) == [A, B]
    assert not clock.getDelayedCalls()


def test_who_changes_his_mind_meanwhile_has_the_last_word(
    hand: HandAssignment, owner: Owner
) -> None:
    owner.slow = Deferred()
    hand.want([A])
    begun = held(hand.start())
    hand.want([B])
    again = held(hand.round())
    assert begun == again == []
    slow, owner.slow = owner.slow, None
    slow.callback(None)
    assert owner.owned == [B]
    assert begun == again == [None]


def test_after_the_end_nothing_is_taken(
    hand: HandAssignment, owner: Owner, clock: Clock
) -> None:
    owner.slow = Deferred()
    hand.want([A, B])
    held(hand.start())
    ended = held(hand.stop())
    assert ended == []
    owner.slow.callback(None)
    assert ended == [None]
    assert owner.owned == [A]
    result_of(hand.round())
    assert owner.owned == [A]
