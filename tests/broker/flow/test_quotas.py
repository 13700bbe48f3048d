from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from write_side import WriteSide, answers_in, send_frame

from twistedmq.broker.flow.quotas import Quotas
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.testing.connections import FakeConnection


class Limited:
    """Handlers of sends with quotas, on a virtual clock."""

    def __init__(self, **limits: int) -> None:
        self.side = WriteSide()
        for topic in ("T", "U"):
            self.side.topics.put(TopicConfig(topic_name=topic))
        self.config = Live(FlowConfig(**limits))
        self.quotas = Quotas(self.side.topics, self.config, self.side.clock.seconds)
        self.handlers = self.side.send_handlers()
        self.handlers.limit(self.quotas)

    def send(
        self, connection: FakeConnection, *topics: str, size: int = 10
    ) -> list[Command]:
        frames = [
            send_frame(topic=topic, opaque=n, body=b"x" * size)
            for n, topic in enumerate(topics)
        ]
        answers = self.handlers.serve(frames, connection)
        if isinstance(answers, Deferred):
            found: list[bytes] = []
            answers.addCallback(found.append)
            self.side.clock.advance(0)
            (answers,) = found
        return list(answers_in(answers).values())

    def refused(self) -> dict[str, Any]:
        return {s.labels[0]: s.value for s in self.quotas.samples() if s.value}


def codes(replies: list[Command]) -> list[int]:
    return [reply.code for reply in replies]


GOOD, BUSY = ResponseCode.SUCCESS, ResponseCode.SYSTEM_BUSY


def test_without_limits_nothing_is_asked() -> None:
    assert not Limited().quotas.are_on


def test_a_client_that_is_too_fast_is_told_which_limit_and_when() -> None:
    limited, client = Limited(client_messages=3), FakeConnection()
    assert codes(limited.send(client, "T", "T", "T", "T")) == [GOOD] * 4
    (reply,) = limited.send(client, "T")
    assert reply.code == BUSY
    assert reply.remark == (
        "[FLOW_CONTROL]client 192.0.2.1:4711 is over the limit "
        "clientMaxMessagesPerSecond=3, try again in 667 ms"
    )
    limited.side.clock.advance(0.7)
    assert codes(limited.send(client, "T")) == [GOOD]
    assert limited.refused() == {"clientMaxMessagesPerSecond": 1}


def test_bytes_have_a_limit_of_their_own() -> None:
    limited, client = Limited(client_bytes=100), FakeConnection()
    assert codes(limited.send(client, "T", size=150)) == [GOOD]
    (reply,) = limited.send(client, "T", size=1)
    assert "clientMaxBytesPerSecond=100" in (reply.remark or "")
    limited.side.clock.advance(1)
    assert codes(limited.send(client, "T", size=1)) == [GOOD]


def test_a_topic_has_one_limit_for_all_who_send() -> None:
    limited = Limited(topic_messages=2)
    first, second = FakeConnection(), FakeConnection("192.0.2.2:1")
    assert codes(limited.send(first, "T", "T")) == [GOOD] * 2
    replies = limited.send(second, "T", "U", "T")
    assert sorted(codes(replies)) == [GOOD, BUSY, BUSY]
    refused = next(reply for reply in replies if reply.code == BUSY)
    assert "topic T is over the limit topicMaxMessagesPerSecond=2" in (
        refused.remark or ""
    )


@pytest.mark.parametrize(
    "attribute", ["max.messages.per.second", "max.bytes.per.second"]
)
def test_an_attribute_of_the_topic_goes_before(attribute: str) -> None:
    limited, client = Limited(), FakeConnection()
    limited.side.topics.put(TopicConfig(topic_name="T", attributes={attribute: "1"}))
    assert limited.quotas.are_on
    assert codes(limited.send(client, "T", "U")) == [GOOD, GOOD]
    replies = limited.send(client, "T", "U")
    assert sorted(codes(replies)) == [GOOD, BUSY]
    assert any(f"{attribute}=1" in (reply.remark or "") for reply in replies)
    limited.side.topics.put(TopicConfig(topic_name="T"))
    assert not limited.quotas.are_on
    assert codes(limited.send(client, "T", "U")) == [GOOD, GOOD]


def test_an_attribute_can_lift_the_limit() -> None:
    limited, client = Limited(topic_messages=1), FakeConnection()
    attributes = {"max.messages.per.second": "0"}
    limited.side.topics.put(TopicConfig(topic_name="T", attributes=attributes))
    for _ in range(5):
        assert codes(limited.send(client, "T")) == [GOOD]


def test_limits_that_change_hold_at_once() -> None:
    limited, client = Limited(client_messages=1), FakeConnection()
    limited.send(client, "T", "T")
    assert codes(limited.send(client, "T")) == [BUSY]
    limited.config.set(replace(limited.config.value, client_messages=0))
    assert not limited.quotas.are_on
    assert codes(limited.send(client, "T")) == [GOOD]


def test_a_connection_that_is_gone_is_forgotten() -> None:
    limited, client = Limited(client_messages=1), FakeConnection()
    limited.send(client, "T")
    client.close("gone")
    assert not limited.quotas._of_connection


def test_a_flood_from_one_client_does_not_starve_the_others() -> None:
    """One sends far more than it may, for 20 seconds; ten others are modest."""
    limited = Limited(client_messages=50)
    flood = FakeConnection("192.0.2.66:6")
    modest = [FakeConnection(f"192.0.2.{n}:1") for n in range(10)]
    stored = dict.fromkeys((flood, *modest), 0)
    for _ in range(200):
        limited.side.clock.advance(0.1)
        for _ in range(10):
            replies = limited.send(flood, *["T"] * 4)
            stored[flood] += codes(replies).count(GOOD)
        for client in modest:
            stored[client] += codes(limited.send(client, "T")).count(GOOD)
    assert all(stored[client] == 200 for client in modest)
    assert 50 * 20 <= stored[flood] <= 50 * 21 + 4
