from collections.abc import Iterator

import pytest
from assignment_kit import FakeNameServers
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from twistedmq.broker.assignment.routes import Queues, ReadableQueues
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import MessageQueue

CONFIG = Live(AssignmentConfig(route_poll_ms=30_000))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def found(readable: ReadableQueues, topic: str = "T") -> list[Queues | None]:
    queues = readable.of(topic)
    answers: list[Queues | None] = []
    if isinstance(queues, Deferred):
        queues.addCallback(answers.append)
    else:
        answers.append(queues)
    return answers


def test_the_queues_of_all_brokers_that_may_be_read(clock: Clock) -> None:
    servers = FakeNameServers()
    servers.topic("T", b1=2, b2=1)
    servers.queues["T"][1].perm = 2
    wanted = (MessageQueue("T", "b1", 0), MessageQueue("T", "b1", 1))
    assert found(servers.readable(clock, CONFIG)) == [wanted]


def test_an_answer_holds_for_a_while(clock: Clock) -> None:
    servers = FakeNameServers()
    servers.topic("T", b=1)
    readable = servers.readable(clock, CONFIG)
    found(readable)
    servers.topic("T", b=2)
    clock.advance(29)
    assert [len(queues or ()) for queues in found(readable)] == [1]
    clock.advance(2)
    assert [len(queues or ()) for queues in found(readable)] == [2]
    assert len(servers.asked) == 2


def test_many_who_wait_are_one_question(clock: Clock) -> None:
    servers = FakeNameServers()
    servers.topic("T", b=1)
    servers.slow = True
    readable = servers.readable(clock, CONFIG)
    first, second = found(readable), found(readable)
    assert (first, second) == ([], [])
    servers.answer_now()
    assert first == second == [(MessageQueue("T", "b", 0),)]
    assert len(servers.asked) == 1


def test_another_name_server_is_asked_when_one_is_away(clock: Clock) -> None:
    servers = FakeNameServers("ns1:1", "ns2:2")
    servers.topic("T", b=1)
    servers.away = {"ns1:1"}
    assert found(servers.readable(clock, CONFIG)) == [(MessageQueue("T", "b", 0),)]


def test_what_was_known_holds_on_while_nobody_answers(clock: Clock) -> None:
    servers = FakeNameServers()
    servers.topic("T", b=1)
    readable = servers.readable(clock, CONFIG)
    found(readable)
    servers.away = {"ns1:1"}
    clock.advance(60)
    assert found(readable) == [(MessageQueue("T", "b", 0),)]
    assert found(readable, "U") == [None]
    servers.away, servers.garbage = set(), b"<html>"
    assert found(readable) == [(MessageQueue("T", "b", 0),)]


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def test_trouble_is_told_once(clock: Clock, log_lines: list[str]) -> None:
    servers = FakeNameServers()
    readable = servers.readable(clock, CONFIG)
    servers.away = {"ns1:1"}
    for _ in range(3):
        found(readable)
    assert len(log_lines) == 1
    assert "cannot be asked for" in log_lines[0]
    servers.away = set()
    found(readable)
    servers.away = {"ns1:1"}
    found(readable)
    assert len(log_lines) == 2


def test_a_topic_that_is_gone_is_forgotten(clock: Clock) -> None:
    servers = FakeNameServers()
    servers.topic("T", b=1)
    readable = servers.readable(clock, CONFIG)
    found(readable)
    del servers.queues["T"]
    clock.advance(60)
    assert found(readable) == [None]
    servers.away = {"ns1:1"}
    assert found(readable) == [None]


def test_without_a_name_server_nothing_is_known(clock: Clock) -> None:
    servers = FakeNameServers()
    servers.servers = []
    assert found(servers.readable(clock, CONFIG)) == [None]


def test_so_many_topics_are_remembered(clock: Clock) -> None:
    servers = FakeNameServers()
    readable = servers.readable(clock, CONFIG)  # remembers three
    for number in range(5):
        servers.topic(f"T{number}", b=1)
        found(readable, f"T{number}")
    servers.asked.clear()
    found(readable, "T4")
    assert servers.asked == []
    found(readable, "T0")
    assert servers.asked == [("ns1:1", "T0")]
