import pytest
from client_kit import FakeCluster, held, result_of
from twisted.internet.defer import Deferred

from twistedmq.client.consumer import Consumer
from twistedmq.client.owned import OwnedQueues
from twistedmq.client.starting import StartFrom
from twistedmq.client.window import Limits
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode

QUEUE = MessageQueue("T", "broker-0", 0)
UPDATE = RequestCode.UPDATE_CONSUMER_OFFSET


@pytest.fixture
def owned(cluster: FakeCluster) -> OwnedQueues:
    cluster.create("T", queues=1)
    consumer = Consumer(
        "G", {"T": "*"}, settings=cluster.settings(), start_from=StartFrom.FIRST
    )
    return result_of(consumer.start())._member.owned


def commits(cluster: FakeCluster) -> int:
    return cluster.codes().count(UPDATE)


def commit(owned: OwnedQueues) -> None:
    result_of(Deferred.fromCoroutine(owned.commit()))


def test_a_kept_offset_goes_before_the_beginning(cluster: FakeCluster) -> None:
    cluster.create("T", queues=1)
    cluster.committed["G", QUEUE] = 7
    consumer = Consumer("G", {"T": "*"}, settings=cluster.settings())
    owned = result_of(consumer.start())._member.owned
    assert owned.pullers[QUEUE].window.committable == 0  # 7 is not there (any more)


def test_only_what_has_changed_is_committed(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    commit(owned)  # the beginning is pinned
    before = commits(cluster)
    commit(owned)
    assert commits(cluster) == before


def test_what_could_not_be_committed_is_tried_again(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    cluster.refuse[UPDATE] = ResponseCode.SYSTEM_BUSY, "no"
    commit(owned)
    before = commits(cluster)
    cluster.refuse.clear()
    commit(owned)
    assert commits(cluster) > before


def test_a_queue_given_back_is_forgotten(owned: OwnedQueues) -> None:
    result_of(Deferred.fromCoroutine(owned.give_back(QUEUE)))
    assert QUEUE not in owned.queues


def test_pulls_carry_offsets_once_the_broker_has_one(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    """The first offsets of a group must not reach a broker at the same time."""
    puller = owned.pullers[QUEUE]
    assert not puller.carries_commits
    commit(owned)
    assert puller.carries_commits


def test_a_retired_queue_is_acked_and_committed_still(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    cluster.put("T", "a", "b")
    message = owned._parts.inbox.take()
    assert message
    owned.retire(QUEUE)
    assert QUEUE not in owned.queues
    assert owned.holds(message)
    assert owned.ack(message)
    assert not owned.holds(message)
    commit(owned)
    assert cluster.committed["G", QUEUE] == 1


def test_of_a_dropped_queue_nothing_is_committed(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    cluster.put("T", "a")
    message = owned._parts.inbox.take()
    assert message
    owned.drop(QUEUE)
    owned.drop(QUEUE)
    assert not owned.ack(message)
    commit(owned)
    assert cluster.committed.get(("G", QUEUE)) in (None, 0)


def test_queues_share_what_may_be_fetched_in_all(cluster: FakeCluster) -> None:
    cluster.create("T", queues=4)
    consumer = Consumer(
        "G",
        {"T": "*"},
        settings=cluster.settings(),
        prefetch_in_all=Limits(messages=100),
    )
    owned = result_of(consumer.start())._member.owned
    assert [p.window.limits.messages for p in owned.pullers.values()] == [20] * 5
    result_of(Deferred.fromCoroutine(owned.give_back(QUEUE)))
    assert [p.window.limits.messages for p in owned.pullers.values()] == [25] * 4


def test_a_queue_that_is_taken_while_suspended_is_not_fetched(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    owned.suspend()
    result_of(Deferred.fromCoroutine(owned.give_back(QUEUE)))
    result_of(Deferred.fromCoroutine(owned.take(QUEUE)))
    cluster.put("T", "a")
    assert len(owned._parts.inbox) == 0
    owned.resume()
    assert len(owned._parts.inbox) == 1


def test_a_queue_was_moved_if_the_group_is_ahead_of_us(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    def was_moved(queue: MessageQueue = QUEUE) -> bool:
        return bool(result_of(Deferred.fromCoroutine(owned.was_moved(queue))))

    assert not was_moved()
    cluster.committed["G", QUEUE] = 1
    assert was_moved()
    assert was_moved(MessageQueue("T", "broker-0", 9))
    cluster.committed["G", QUEUE] = 0
    cluster.refuse[RequestCode.QUERY_CONSUMER_OFFSET] = ResponseCode.SYSTEM_BUSY, "no"
    assert was_moved()


def test_a_queue_that_was_lost_can_be_given_back(owned: OwnedQueues) -> None:
    """Its lock may be lost while queues before it are given back."""
    owned.drop(QUEUE)
    result_of(Deferred.fromCoroutine(owned.give_back(QUEUE)))
    assert QUEUE not in owned.queues


def test_an_older_offset_never_comes_behind_a_newer_one(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    commit(owned)
    cluster.put("T", "a", "b")
    inbox = owned._parts.inbox
    first, second = inbox.take(), inbox.take()
    assert first
    assert second
    owned.ack(first)
    slow = cluster.wait_for(UPDATE)
    older = held(Deferred.fromCoroutine(owned.commit()))
    owned.ack(second)
    newer = held(Deferred.fromCoroutine(owned.give_back(QUEUE)))
    slow.callback(None)
    assert older
    assert newer
    assert cluster.committed["G", QUEUE] == 2


def test_what_is_dropped_before_its_commit_has_its_turn_is_left_out(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    slow = cluster.wait_for(UPDATE)
    held(Deferred.fromCoroutine(owned.commit()))
    waiting = held(Deferred.fromCoroutine(owned.commit()))
    owned.drop(QUEUE)
    slow.callback(None)
    assert waiting == [frozenset()]


def test_a_topic_that_is_wanted_no_more_is_not_taken(
    cluster: FakeCluster, owned: OwnedQueues
) -> None:
    cluster.create("U", queues=1)
    result_of(Deferred.fromCoroutine(owned.take(MessageQueue("U", "broker-0", 0))))
    assert {queue.topic for queue in owned.queues} == {"T", "%RETRY%G"}
