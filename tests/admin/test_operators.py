"""What operators do, on a whole cluster with clients at work; no port, no waiting."""

from collections.abc import Iterator

import pytest

from twistedmq.admin.client import Admin
from twistedmq.admin.stories import Step
from twistedmq.admin.tracks import TrackType
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.bodies import CMResult
from twistedmq.testing.cluster import Cluster


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(topics=["orders"]) as cluster:
        yield cluster


@pytest.fixture
def admin(cluster: Cluster) -> Admin:
    return cluster.run(cluster.admin().start())


class Worker:
    """A member of a group, which fails as long as it is told to."""

    def __init__(self, cluster: Cluster, group: str, *, fails: bool = False) -> None:
        self.fails = fails
        self.got: list[bytes] = []
        self.consumer = cluster.consumer(
            group,
            {"orders": "*"},
            start_from=StartFrom.FIRST,
            max_reconsume_times=1,
        )
        self.consumer.run(self._work)

    def _work(self, message: ReceivedMessage) -> None:
        if self.fails:
            raise ValueError("not today")
        self.got.append(message.body)


def send(cluster: Cluster, *bodies: bytes) -> list[str]:
    producer = cluster.run(cluster.producer("shop").start())
    messages = [Message("orders", body) for body in bodies]
    sent = [cluster.run(producer.send(message)) for message in messages]
    return [receipt.message_id for receipt in sent]


def test_a_message_is_given_up_explained_and_given_back(
    cluster: Cluster, admin: Admin
) -> None:
    billing, audit = Worker(cluster, "billing", fails=True), Worker(cluster, "audit")
    [message_id] = send(cluster, b"paid")
    cluster.advance(120)
    story = cluster.run(admin.stories.of("orders", message_id))
    of_billing = [event for event in story.events if event.group == "billing"]
    assert [event.step for event in of_billing] == [Step.CAME_BACK, Step.GIVEN_UP]
    assert of_billing[0].attempt == 2
    assert {track.group: track.type for track in story.tracks} == {
        "billing": TrackType.CONSUMED,
        "audit": TrackType.CONSUMED,
    }
    [queue] = cluster.run(admin.dead_letters.queues("billing"))
    assert queue.fresh == 1
    stored = cluster.run(admin.messages.at(queue.queue, 0))
    billing.fails = False
    cluster.run(admin.dead_letters.replay(stored))
    cluster.run(admin.dead_letters.note_replayed(queue.queue, 1))
    cluster.advance(60)
    assert (billing.got, audit.got) == ([b"paid"], [b"paid"])
    [queue] = cluster.run(admin.dead_letters.queues("billing"))
    assert (queue.count, queue.fresh) == (1, 0)


def test_a_group_is_moved_while_it_works(cluster: Cluster, admin: Admin) -> None:
    worker = Worker(cluster, "billing")
    send(cluster, b"a", b"b", b"c")
    cluster.advance(60)
    assert sorted(worker.got) == [b"a", b"b", b"c"]
    moves = cluster.run(admin.moves.plan("billing", "orders", StartFrom.FIRST))
    assert sum(move.repeated for move in moves) == 3
    cluster.run(admin.moves.make("billing", moves))
    cluster.advance(60)
    assert sorted(worker.got) == [b"a", b"a", b"b", b"b", b"c", b"c"]
    moves = cluster.run(admin.moves.plan("billing", "orders", StartFrom.LAST))
    assert sum(move.skipped for move in moves) == 0


def test_a_group_that_is_away_is_moved_and_moved_back(
    cluster: Cluster, admin: Admin
) -> None:
    worker = Worker(cluster, "billing")
    send(cluster, b"a", b"b")
    cluster.advance(60)
    cluster.run(worker.consumer.close())
    there = cluster.run(admin.moves.plan("billing", "orders", StartFrom.FIRST))
    cluster.run(admin.moves.make("billing", there))
    back = cluster.run(admin.moves.back("billing", there))
    assert sum(move.skipped for move in back) == 2
    cluster.run(admin.moves.make("billing", back))
    again = Worker(cluster, "billing")
    cluster.advance(60)
    assert again.got == []
    cluster.run(again.consumer.close())
    cluster.run(admin.moves.make("billing", there))
    again = Worker(cluster, "billing")
    cluster.advance(60)
    assert sorted(again.got) == [b"a", b"b"]


def test_a_member_tells_of_itself_and_consumes_on_demand(
    cluster: Cluster, admin: Admin
) -> None:
    worker = Worker(cluster, "billing")
    [message_id] = send(cluster, b"a")
    cluster.advance(60)
    [client] = [
        each for each in cluster.run(admin.roll_call.everybody()) if each.consumes
    ]
    assert client.consumes == {"billing": "CONSUME_PASSIVELY"}
    info = cluster.run(admin.clients.running_info("billing", client.client_id))
    assert len(info.mq_table) >= 4
    stored = cluster.run(admin.messages.by_id("orders", message_id))
    asked = admin.clients.consume("billing", client.client_id, stored.message)
    result = cluster.run(asked)
    assert result.consume_result == CMResult.CR_SUCCESS
    assert worker.got == [b"a", b"a"]
    progress = cluster.run(admin.offsets.progress("billing", "orders"))
    assert progress.lag == 0
