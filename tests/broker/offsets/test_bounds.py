"""Ends of queues, and offsets by time."""

import pytest
from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.offsets import bounds
from twistedmq.broker.offsets.bounds import QueueBounds
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import (
    GetEarliestMsgStoretimeRequestHeader,
    GetMaxOffsetRequestHeader,
    GetMinOffsetRequestHeader,
    SearchOffsetRequestHeader,
)
from twistedmq.testing.batches import Told

START_MS = 1_700_000_000_000


@pytest.fixture
def side() -> ReadSide:
    made = ReadSide()
    made.topic("T")
    for _ in range(3):
        made.append(Told(topic="T"))
        made.now_ms += 1000
    return made


def test_ends_of_a_queue(side: ReadSide) -> None:
    header = GetMaxOffsetRequestHeader(topic="T", queue_id=0)
    assert side.ask(RequestCode.GET_MAX_OFFSET, header).header == {"offset": "3"}
    least = GetMinOffsetRequestHeader(topic="T", queue_id=0)
    assert side.ask(RequestCode.GET_MIN_OFFSET, least).header == {"offset": "0"}


def test_an_unknown_queue_is_empty(side: ReadSide) -> None:
    header = GetMaxOffsetRequestHeader(topic="TNope", queue_id=0)
    assert side.ask(RequestCode.GET_MAX_OFFSET, header).header == {"offset": "0"}


def test_the_time_of_the_first_message(side: ReadSide) -> None:
    code = RequestCode.GET_EARLIEST_MSG_STORETIME
    header = GetEarliestMsgStoretimeRequestHeader(topic="T", queue_id=0)
    assert side.ask(code, header).header == {"timestamp": str(START_MS)}
    header.queue_id = 1
    assert side.ask(code, header).header == {"timestamp": "-1"}


@pytest.mark.parametrize(
    ("boundary", "time_ms", "offset"),
    [
        (None, START_MS + 1000, 1),
        ("LOWER", START_MS + 1001, 2),
        ("UPPER", START_MS + 1999, 1),
        ("LOWER", START_MS - 5, 0),
    ],
)
def test_search_by_time(
    side: ReadSide, boundary: str | None, time_ms: int, offset: int
) -> None:
    header = SearchOffsetRequestHeader(
        topic="T", queue_id=0, timestamp=time_ms, boundary_type=boundary
    )
    reply = side.ask(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, header)
    assert reply.header == {"offset": str(offset)}


def test_a_cold_search_answers_later(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Deferred[int] = Deferred()
    monkeypatch.setattr(side.store, "offset_by_time", lambda *_: found)
    monkeypatch.setattr(side.store, "store_time", lambda *_: found)
    header = SearchOffsetRequestHeader(topic="T", queue_id=0, timestamp=5)
    answers = side.begin(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, header)
    found.callback(4)
    assert answers[0].header == {"offset": "4"}


def test_a_queue_is_young_while_its_first_message_is_near(
    side: ReadSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues = QueueBounds(side.store)
    assert queues.is_young("T", 0)
    assert not queues.is_young("T", 1)
    monkeypatch.setattr(bounds, "YOUNG_BYTES", 10)
    assert not queues.is_young("T", 0)
