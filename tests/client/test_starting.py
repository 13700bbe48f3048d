from datetime import UTC, datetime
from typing import Any

import pytest
from client_kit import WALL_MS, FakeCluster, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.errors import ArgumentError
from twistedmq.client.session import Session
from twistedmq.client.starting import (
    Start,
    StartFrom,
    check_start,
    heartbeat_value,
    start_offset,
)
from twistedmq.protocol.bodies.clients import ConsumeFromWhere
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.names import retry_topic


def start(cluster: FakeCluster, topic: str, where: Start) -> int:
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get(topic))
    queue = MessageQueue(topic, "broker-0", 0)
    offset = start_offset(queue, where, session.calls, session.routes)
    return result_of(Deferred.fromCoroutine(offset))


def test_a_group_begins_where_it_was_told(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T", queues=1)
    cluster.put("T", "a", "b")
    clock.advance(10)
    cluster.put("T", "c")
    assert start(cluster, "T", StartFrom.LAST) == 3
    assert start(cluster, "T", StartFrom.FIRST) == 0
    later = datetime.fromtimestamp(WALL_MS / 1000 + 5, UTC)
    assert start(cluster, "T", later) == 2


def test_all_of_a_retry_topic_is_wanted(cluster: FakeCluster) -> None:
    topic = retry_topic("G")
    cluster.create(topic, queues=1)
    cluster.put(topic, "a")
    assert start(cluster, topic, StartFrom.LAST) == 0


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (StartFrom.LAST, ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET),
        (StartFrom.FIRST, ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET),
        (datetime.now(UTC), ConsumeFromWhere.CONSUME_FROM_TIMESTAMP),
    ],
)
def test_brokers_are_told(where: Start, told: ConsumeFromWhere) -> None:
    assert heartbeat_value(where) is told


def test_a_beginning_is_an_end_or_a_time() -> None:
    check_start(StartFrom.LAST)
    check_start(datetime(2026, 1, 31, tzinfo=UTC))
    wrong: Any = "first"
    with pytest.raises(ArgumentError, match="start_from is 'first', not StartFrom"):
        check_start(wrong)
