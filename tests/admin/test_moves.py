from datetime import UTC, datetime
from typing import Any

import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MembersInTheWayError, OffsetOutOfRangeError
from twistedmq.admin.moves import Move, Moves
from twistedmq.client.errors import BrokerNotFoundError, RefusedError
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.testing.batches import Told

QUEUE = MessageQueue("T", BROKER, 0)


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("T", queues=2)
    side.append(*[Told(topic="T")] * 3)
    side.now_ms += 1000
    side.append(*[Told(topic="T")] * 2, Told(topic="T", queue_id=1))
    side.groups.get("billing")
    side.offsets.commit("billing", "T", 0, 4)
    return cluster


@pytest.fixture
def moves(cluster: BrokerCluster) -> Moves:
    return result_of(Admin(settings=cluster.settings()).start()).moves


def moves_members(cluster: BrokerCluster, text: bytes) -> None:
    def serve(_: Any) -> Reply:
        return Reply(body=text)

    cluster.side.handlers[RequestCode.GET_BROKER_CONFIG] = serve


def test_a_plan_says_what_is_skipped_and_repeated(
    cluster: BrokerCluster, moves: Moves
) -> None:
    first, second = result_of(moves.plan("billing", "T", StartFrom.FIRST))
    assert (first.before, first.after, first.repeated, first.skipped) == (4, 0, 4, 0)
    assert (second.before, second.after, second.skipped) == (None, 0, 0)
    first, second = result_of(moves.plan("billing", "T", StartFrom.LAST))
    assert (first.after, first.skipped, second.skipped) == (5, 1, 1)
    assert cluster.side.offsets.query("billing", "T", 0) == 4


def test_places_to_go_to(moves: Moves) -> None:
    then = datetime.fromtimestamp(1_700_000_000.5, UTC)
    [move] = result_of(moves.plan("billing", "T", then, queue_id=0))
    assert move.after == 3
    [move] = result_of(moves.plan("billing", "T", 1, broker=BROKER, queue_id=1))
    assert move.after == 1
    with pytest.raises(OffsetOutOfRangeError) as caught:
        result_of(moves.plan("billing", "T", 3))
    assert caught.value.queue == MessageQueue("T", BROKER, 1)
    with pytest.raises(BrokerNotFoundError):
        result_of(moves.plan("billing", "T", 0, broker="elsewhere"))
    assert result_of(moves.plan("billing", "T", 0, queue_id=9)) == []


def test_nobody_is_there(cluster: BrokerCluster, moves: Moves) -> None:
    plan = result_of(moves.plan("billing", "T", StartFrom.FIRST))
    result_of(moves.make("billing", plan))
    assert cluster.side.offsets.query("billing", "T", 0) == 0
    assert cluster.side.offsets.query("billing", "T", 1) == 0
    assert RequestCode.INVOKE_BROKER_TO_RESET_OFFSET not in cluster.codes()


def test_members_are_moved_too(cluster: BrokerCluster, moves: Moves) -> None:
    moves_members(cluster, b"useServerSideResetOffset=true\n")
    cluster.member("billing", {"T": "*"})
    plan = result_of(moves.plan("billing", "T", 1, queue_id=0))
    result_of(moves.make("billing", plan))
    assert cluster.side.offsets.is_reset("billing", "T", 0)
    assert cluster.side.offsets.query("billing", "T", 0) == 1


@pytest.mark.parametrize("text", [b"useServerSideResetOffset=false\n", b"old=yes\n"])
def test_members_that_cannot_be_moved(
    cluster: BrokerCluster, moves: Moves, text: bytes
) -> None:
    moves_members(cluster, text)
    cluster.member("billing", {"T": "*"})
    plan = result_of(moves.plan("billing", "T", 1, queue_id=0))
    with pytest.raises(MembersInTheWayError, match="stop them first"):
        result_of(moves.make("billing", plan))
    assert cluster.side.offsets.query("billing", "T", 0) == 4


def test_the_way_back(cluster: BrokerCluster, moves: Moves) -> None:
    plan = result_of(moves.plan("billing", "T", StartFrom.FIRST))
    result_of(moves.make("billing", plan))
    [back] = result_of(moves.back("billing", plan))
    assert (back.queue, back.before, back.after) == (QUEUE, 0, 4)
    result_of(moves.make("billing", [back]))
    assert cluster.side.offsets.query("billing", "T", 0) == 4
    gone = Move(queue=QUEUE, before=99, after=0)
    assert result_of(moves.back("billing", [gone]))[0].after == 5


def test_a_group_that_is_not_there(moves: Moves) -> None:
    plan = result_of(moves.plan("nobody", "T", StartFrom.FIRST))
    with pytest.raises(RefusedError, match="not exist"):
        result_of(moves.make("nobody", plan))
