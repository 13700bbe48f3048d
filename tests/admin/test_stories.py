from typing import Any

import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from twisted.internet.defer import fail

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.admin.messages import Messages
from twistedmq.admin.stories import Step, Stories
from twistedmq.protocol.names import TRACE_TOPIC
from twistedmq.remoting.errors import ConnectError
from twistedmq.testing.batches import Told

BORN_MS = 1_700_000_000_000
TRACES = (
    "Pub\x011700000000000\x01r\x01shop\x01T\x01U1\x01new\x01\x01h\x015\x0112\x010\x01O"
    "\x01true\x02",
    "SubBefore\x011700000000100\x01r\x01billing\x01R1\x01U1\x010\x01\x02"
    "SubAfter\x01R1\x01U1\x0130\x01false\x01\x012\x011700000000130\x01billing\x02",
)


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("T", queues=1)
    side.append(Told(topic="T", tag="new", unique_key="U1", more={"PGROUP": "shop"}))
    cluster.member("billing", {"T": "*"})
    side.offsets.commit("billing", "T", 0, 1)
    return cluster


@pytest.fixture
def stories(cluster: BrokerCluster) -> Stories:
    return result_of(Admin(settings=cluster.settings()).start()).stories


def test_a_message_that_nobody_traced(stories: Stories) -> None:
    story = result_of(stories.of("T", "U1"))
    assert not story.is_traced
    assert [(e.step, e.where) for e in story.events] == [
        (Step.BORN, "10.0.0.1:12345"),
        (Step.STORED, "T@broker-a:0 offset 0"),
    ]
    assert story.events[0].group == "shop"
    assert [track.group for track in story.tracks] == ["billing"]


def test_retries_and_the_end(cluster: BrokerCluster, stories: Stories) -> None:
    side = cluster.side
    side.topic("%DLQ%billing", queues=1)
    side.now_ms += 10_000
    side.append(Told(topic="%RETRY%billing", unique_key="U1"))
    side.now_ms += 10_000
    side.append(Told(topic="%DLQ%billing", unique_key="U1"))
    story = result_of(stories.of("T", "U1"))
    came_back, given_up = story.events[2:]
    assert (came_back.step, came_back.group, came_back.attempt) == (
        Step.CAME_BACK,
        "billing",
        1,
    )
    assert came_back.where == "%RETRY%billing@broker-a:0 offset 0"
    assert (given_up.step, given_up.at_ms) == (Step.GIVEN_UP, BORN_MS + 20_000)
    assert given_up.cause == "after 0 retries"


def test_what_clients_wrote_down(cluster: BrokerCluster, stories: Stories) -> None:
    cluster.side.topic(TRACE_TOPIC, queues=1)
    cluster.side.append(
        *(Told(topic=TRACE_TOPIC, body=b.encode(), keys="U1") for b in TRACES)
    )
    story = result_of(stories.of("T", "U1"))
    assert story.is_traced
    sent, delivered, failed = (event for event in story.events if event.traced)
    assert (sent.step, sent.group, sent.took_ms) == (Step.SENT, "shop", 12)
    assert (delivered.step, delivered.attempt) == (Step.DELIVERED, 1)
    assert (failed.step, failed.took_ms, failed.cause) == (
        Step.FAILED,
        30,
        "raised an error",
    )
    times = [event.at_ms for event in story.events]
    assert times == sorted(times)


def test_a_message_that_is_not_there(stories: Stories) -> None:
    with pytest.raises(MessageNotFoundError):
        result_of(stories.of("T", "U9"))


def test_what_could_not_be_asked_is_told(
    cluster: BrokerCluster, stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ConnectError("x:1", "refused")
    real = Messages.by_unique_id

    def by_unique_id(self: Messages, topic: str, *more: Any, **limits: Any) -> Any:
        return real(self, topic, *more, **limits) if topic == "T" else fail(gone)

    monkeypatch.setattr(Messages, "by_unique_id", by_unique_id)
    story = result_of(stories.of("T", "U1"))
    assert story.unknown == (gone,)
    assert len(story.events) == 2
