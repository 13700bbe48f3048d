from collections.abc import Callable
from typing import Any

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.task import Clock

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pulling import PullParts, QueuePuller
from twistedmq.client.session import Session
from twistedmq.client.subscription import Subscription
from twistedmq.client.window import Limits, QueueWindow
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command

PULL = RequestCode.PULL_MESSAGE
QUEUE = MessageQueue("T", "broker-0", 0)


class Pulled:
    """What came of pulling one queue."""

    def __init__(self) -> None:
        self.messages: list[ReceivedMessage] = []
        self.moved: list[MessageQueue] = []
        self.unknown = 0

    @property
    def bodies(self) -> str:
        return "".join(message.body.decode() for message in self.messages)

    def not_known(self) -> None:
        self.unknown += 1


@pytest.fixture
def pulled() -> Pulled:
    return Pulled()


@pytest.fixture
def start(cluster: FakeCluster, pulled: Pulled) -> Callable[..., QueuePuller]:
    cluster.create("T", queues=1)
    session = Session(cluster.settings())
    result_of(session.start())
    result_of(session.routes.get("T"))

    def make(
        offset: int = 0, limits: Limits | None = None, tags: str = "*", **changes: Any
    ) -> QueuePuller:
        parts = PullParts(
            group="G",
            calls=session.calls,
            routes=session.routes,
            clock=session.reactor,
            deliver=pulled.messages.extend,
            moved=pulled.moved.append,
            unknown=pulled.not_known,
            **changes,
        )
        window = QueueWindow(offset, limits)
        puller = QueuePuller(parts, QUEUE, Subscription("T", tags, 3), window)
        puller.start()
        return puller

    return make


def pulls(cluster: FakeCluster) -> list[int]:
    return [h.queue_offset for _, code, h in cluster.requests if code == PULL]


def test_what_is_there_and_what_comes_is_pulled(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    cluster.put("T", "a", "b")
    puller = start()
    cluster.put("T", "c")
    assert pulled.bodies == "abc"
    assert puller.window.next_offset == 3
    assert puller.window.committable == 0
    assert pulls(cluster) == [0, 2, 3]


def test_a_pull_without_messages_is_followed_by_the_next(
    cluster: FakeCluster, start: Callable[..., QueuePuller], clock: Clock
) -> None:
    start()
    clock.advance(15)
    clock.advance(15)
    assert pulls(cluster) == [0, 0, 0]


def test_what_is_filtered_away_moves_the_offset(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    puller = start(tags="Aa")
    cluster.put("T", "x", tag="BB")  # the broker cannot tell
    assert pulled.bodies == ""
    assert puller.window.committable == 1


def test_no_pull_is_sent_while_there_is_no_room(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    cluster.put("T", *map(str, range(40)))
    puller = start(limits=Limits(messages=32))
    assert len(pulled.messages) == 32
    assert puller.ack(pulled.messages[5])
    assert not puller.ack(pulled.messages[5])
    assert len(pulled.messages) == 40
    assert len(pulls(cluster)) == 2


def test_pulls_carry_the_offset_to_commit(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    cluster.put("T", "a", "b")
    puller = start()
    puller.ack(pulled.messages[0])
    cluster.put("T", "c")
    assert not cluster.committed
    puller.carries_commits = True
    cluster.put("T", "d")
    cluster.put("T", "e")
    assert cluster.committed["G", QUEUE] == 1


def test_a_bystander_carries_its_subscription_instead(
    cluster: FakeCluster, start: Callable[..., QueuePuller]
) -> None:
    start(tags="a", subscribes=True)
    header = cluster.requests[-1][2]
    assert (header.subscription, header.sys_flag) == ("a", 0b110)


def test_an_offset_that_is_gone_is_corrected(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    cluster.put("T", *"abcdef")
    cluster.min_offsets[QUEUE] = 4
    puller = start()
    assert pulled.bodies == "ef"
    assert pulled.moved == [QUEUE]
    assert puller.window.committable == 4


def test_after_an_error_the_pause_grows(
    cluster: FakeCluster,
    pulled: Pulled,
    start: Callable[..., QueuePuller],
    clock: Clock,
) -> None:
    cluster.put("T", "a")
    cluster.refuse[PULL] = ResponseCode.SYSTEM_ERROR, "no"
    start()
    clock.advance(0.2)
    clock.advance(0.2)
    assert len(pulls(cluster)) == 2
    clock.advance(0.2)
    assert len(pulls(cluster)) == 3
    clock.pump([0.1] * 100)
    assert len(pulls(cluster)) < 10
    del cluster.refuse[PULL]
    clock.advance(3)
    assert pulled.bodies == "a"


def test_a_broker_that_does_not_know_us_is_told(
    cluster: FakeCluster,
    pulled: Pulled,
    start: Callable[..., QueuePuller],
    clock: Clock,
) -> None:
    cluster.refuse[PULL] = ResponseCode.SUBSCRIPTION_NOT_EXIST, "who?"
    start()
    assert pulled.unknown == 1


def test_a_broker_without_an_address_may_come_back(
    cluster: FakeCluster, start: Callable[..., QueuePuller], clock: Clock
) -> None:
    puller = start()
    puller.stop()
    puller.queue = MessageQueue("T", "nobody", 0)
    puller._stopped = False
    puller.start()
    assert clock.getDelayedCalls()


def test_a_stopped_puller_is_quiet(
    cluster: FakeCluster,
    pulled: Pulled,
    start: Callable[..., QueuePuller],
    clock: Clock,
) -> None:
    puller = start()
    puller.stop()
    cluster.put("T", "a")
    clock.advance(60)
    assert pulled.bodies == ""
    assert len(pulls(cluster)) == 1


def test_stopping_ends_a_pause_too(
    cluster: FakeCluster, start: Callable[..., QueuePuller], clock: Clock
) -> None:
    cluster.refuse[PULL] = ResponseCode.SYSTEM_ERROR, "no"
    puller = start()
    puller.stop()
    asked = len(pulls(cluster))
    clock.advance(60)
    assert len(pulls(cluster)) == asked


def test_a_restart_goes_on_elsewhere(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    cluster.put("T", *"abc")
    puller = start()
    puller.restart(1)
    assert pulled.bodies == "abcbc"
    assert puller.window.committable == 1


def test_while_suspended_no_pull_begins(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    puller = start()
    puller.suspend()
    cluster.put("T", "a")  # brought by the pull that was under way
    cluster.put("T", "b")
    puller.ack(pulled.messages[0])
    assert pulled.bodies == "a"
    puller.resume()
    assert pulled.bodies == "ab"


def test_another_subscription_counts_from_the_next_pull(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    puller = start(tags="x")
    cluster.put("T", "a", tag="x")
    puller.resubscribe(Subscription("T", "y", 4))
    assert cluster.requests[-1][2].sub_version == 4
    cluster.put("T", "b", tag="x")
    cluster.put("T", "c", tag="y")
    assert pulled.bodies == "ac"


def test_a_lost_connection_is_told(
    cluster: FakeCluster, pulled: Pulled, start: Callable[..., QueuePuller]
) -> None:
    told: list[MessageQueue] = []
    cluster.down.add(cluster.addresses["broker-0"])
    start(broke_off=told.append)
    assert told == [QUEUE]
    assert not pulled.unknown


def test_what_cannot_be_read_is_asked_for_less_and_less(
    cluster: FakeCluster, start: Callable[..., QueuePuller], clock: Clock
) -> None:
    fields = {
        "nextBeginOffset": "1",
        "minOffset": "0",
        "maxOffset": "1",
        "suggestWhichBrokerId": "0",
    }
    cluster.serve[PULL] = lambda *_: Command(code=0, fields=fields, body=b"broken")
    start()
    clock.pump([0.1] * 100)
    assert cluster.codes().count(PULL) < 10


def test_a_broker_that_leads_nowhere_is_asked_less_and_less(
    cluster: FakeCluster, start: Callable[..., QueuePuller], clock: Clock
) -> None:
    fields = {
        "nextBeginOffset": "7",
        "minOffset": "0",
        "maxOffset": "1",
        "suggestWhichBrokerId": "0",
    }
    moved = ResponseCode.PULL_OFFSET_MOVED
    cluster.serve[PULL] = lambda *_: Command(code=moved, fields=fields)
    start(7)
    clock.pump([0.1] * 100)
    assert cluster.codes().count(PULL) < 10
