from typing import Any

import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.reading import TopicReader
from twistedmq.client.starting import Start, StartFrom
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode


def read(cluster: FakeCluster, start: Start | int, tags: str = "*") -> list[bytes]:
    """Start reading; what comes is added to what is given."""
    got: list[bytes] = []
    reader = TopicReader("T", tags, start_from=start, settings=cluster.settings())
    result_of(reader.start())

    async def follow() -> None:
        async for message in reader:
            got.append(message.body)  # noqa: PERF401 - seen as they come

    Deferred.fromCoroutine(follow())
    return got


@pytest.mark.parametrize(
    ("start", "seen"),
    [(StartFrom.FIRST, [b"b", b"c"]), (StartFrom.LAST, [b"c"]), (1, [b"b", b"c"])],
)
def test_reading_begins_where_it_was_told(
    cluster: FakeCluster, start: Start | int, seen: list[bytes]
) -> None:
    cluster.create("T", queues=1)
    cluster.put("T", "a", "b")
    cluster.min_offsets[MessageQueue("T", "broker-0", 0)] = 1
    got = read(cluster, start)
    cluster.put("T", "c")
    assert got == seen


def test_nothing_is_committed_and_nobody_joins(cluster: FakeCluster) -> None:
    cluster.create("T", queues=1)
    got = read(cluster, StartFrom.FIRST, "x || y")
    cluster.put("T", "a", tag="x")
    cluster.put("T", "b", tag="z")
    assert got == [b"a"]
    assert not cluster.committed
    assert not cluster.members


def test_new_queues_are_read_from_their_beginning(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T", queues=1)
    got = read(cluster, StartFrom.LAST)
    cluster.create("T", queues=2)
    cluster.put("T", "a", queue_id=1)
    clock.advance(30)
    assert got == [b"a"]


def test_a_queue_that_cannot_be_read_yet_is_told(
    cluster: FakeCluster, clock: Clock, logged: Any
) -> None:
    cluster.create("T", queues=1)
    read(cluster, StartFrom.LAST)
    cluster.refuse[RequestCode.GET_MIN_OFFSET] = 1, "no"
    cluster.create("T", queues=2)
    clock.advance(30)
    assert logged("broker-0", "cannot be read yet: ", "no")


def test_a_topic_must_be_there(cluster: FakeCluster, clock: Clock) -> None:
    reader = TopicReader("NOPE", settings=cluster.settings())
    with pytest.raises(RouteNotFoundError):
        result_of(reader.start())
    assert not clock.getDelayedCalls()


def test_a_reader_is_a_context(cluster: FakeCluster, clock: Clock) -> None:
    cluster.create("T", queues=1)
    cluster.put("T", "a")

    async def first() -> bytes:
        settings = cluster.settings()
        async with TopicReader(
            "T", start_from=StartFrom.FIRST, settings=settings
        ) as reader:
            async for message in reader:
                return message.body
        raise AssertionError

    assert result_of(Deferred.fromCoroutine(first())) == b"a"
    assert cluster.closed == 1


def test_a_new_queue_that_cannot_be_read_is_tried_again(
    cluster: FakeCluster, clock: Clock
) -> None:
    """Its broker may only be starting, and no route changes for that."""
    cluster.create("T", queues=1)
    got = read(cluster, StartFrom.LAST)
    cluster.create("T", queues=2)
    cluster.put("T", "a", queue_id=1)
    cluster.refuse[RequestCode.GET_MIN_OFFSET] = ResponseCode.SYSTEM_BUSY, "no"
    clock.advance(30)
    assert got == []
    cluster.refuse.clear()
    clock.advance(1)
    assert got == [b"a"]


def test_a_queue_that_comes_while_the_others_are_begun_is_read(
    cluster: FakeCluster, clock: Clock
) -> None:
    cluster.create("T", queues=1)
    slow = cluster.wait_for(RequestCode.GET_MAX_OFFSET)
    reader = TopicReader("T", settings=cluster.settings())
    started = held(reader.start())
    cluster.create("T", queues=2)
    clock.advance(30)
    slow.callback(None)
    assert started == [reader]
    assert len(reader._pullers) == 2
    result_of(reader.close())
    assert not clock.getDelayedCalls()
