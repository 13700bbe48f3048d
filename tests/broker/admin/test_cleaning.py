"""Requests to delete."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from read_side import ReadSide
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from twistedmq.broker.admin.cleaning import CleaningHandlers
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.names import HALF_TOPIC
from twistedmq.store.retention_interfaces import IRetention
from twistedmq.testing.batches import Told


@implementer(IRetention)
class Retaining:
    """A store of which only the deleting half is there."""

    def __init__(self) -> None:
        self.asked = 0
        self.empty: list[tuple[str, int]] = []
        self.forgotten: list[tuple[str, int]] = []

    def expire_now(self) -> None:
        self.asked += 1

    def forget_expired_queues(
        self, keeps: Callable[[str, int], bool]
    ) -> "Deferred[int]":
        self.forgotten = [key for key in self.empty if not keeps(*key)]
        return succeed(len(self.forgotten))

    def reserve(self, hours: Any) -> None:
        raise AssertionError


class Cleaning(ReadSide):
    """A read side with cleaning handlers."""

    def __init__(self, retaining: Retaining | None = None) -> None:
        super().__init__()
        store = cast("Any", retaining or self.store)
        self.handlers |= CleaningHandlers(store, self.topics).table()


@pytest.fixture
def side() -> Cleaning:
    return Cleaning()


def test_queues_of_deleted_topics_go(side: Cleaning) -> None:
    side.topic("T")
    side.append(
        Told(topic="T"),
        Told(topic="TGone"),
        Told(topic=HALF_TOPIC),
        Told(topic="%LMQ%light"),
    )
    assert side.ask(RequestCode.CLEAN_UNUSED_TOPIC).code == ResponseCode.SUCCESS
    assert {topic for topic, _ in side.store.queues()} == {
        "T",
        HALF_TOPIC,
        "%LMQ%light",
    }


def test_expired_messages_are_deleted_on_request() -> None:
    retaining = Retaining()
    reply = Cleaning(retaining).ask(RequestCode.DELETE_EXPIRED_COMMITLOG)
    assert reply.code == ResponseCode.SUCCESS
    assert retaining.asked == 1


def test_queues_in_use_keep_their_offsets() -> None:
    retaining = Retaining()
    side = Cleaning(retaining)
    side.topic("T", 2)
    used = [("T", 0), ("T", 1), (HALF_TOPIC, 7), ("%LMQ%light", 0)]
    retaining.empty = [*used, ("T", 2), ("TGone", 0)]
    reply = side.ask(RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE)
    assert reply.code == ResponseCode.SUCCESS
    assert retaining.forgotten == [("T", 2), ("TGone", 0)]


def test_a_store_that_keeps_everything_says_so() -> None:
    side = Cleaning(cast("Any", object()))
    assert side.ask(RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE).code == ResponseCode.SUCCESS
    reply = side.ask(RequestCode.DELETE_EXPIRED_COMMITLOG)
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert "keeps everything" in (reply.remark or "")
