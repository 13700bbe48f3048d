import pytest
from client_kit import result_of
from groups_kit import BrokerCluster
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.offsets import TO_THE_END, Offsets
from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.testing.batches import Told

QUEUE = MessageQueue("orders", BROKER, 0)


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    side = cluster.side
    side.topic("orders", queues=2)
    side.append(*[Told(topic="orders")] * 3)
    side.now_ms += 1000
    side.append(*[Told(topic="orders")] * 2, Told(topic="orders", queue_id=1))
    return cluster


@pytest.fixture
def offsets(cluster: BrokerCluster) -> Offsets:
    return result_of(Admin(settings=cluster.settings()).start()).offsets


def test_how_far_a_group_is(cluster: BrokerCluster, offsets: Offsets) -> None:
    cluster.member("billing", {"orders": "*"})
    cluster.side.offsets.commit("billing", "orders", 0, 3)
    progress = result_of(offsets.progress("billing"))
    queue = progress.queues[QUEUE]
    assert (queue.end, queue.committed, queue.lag) == (5, 3, 2)
    assert queue.stored_at_ms == 1_700_000_000_000
    assert progress.lag == 3  # one more in the queue that it has not begun
    assert list(progress.queues) == sorted(progress.queues)
    assert result_of(offsets.progress("billing", "orders")).lag == 3


def test_a_group_that_nobody_knows(offsets: Offsets) -> None:
    with pytest.raises(RouteNotFoundError, match="%RETRY%nobody"):
        result_of(offsets.progress("nobody"))
    assert result_of(offsets.progress("nobody", "orders")).lag == 6


def test_what_was_fetched_is_in_flight(
    cluster: BrokerCluster, offsets: Offsets
) -> None:
    cluster.member("billing", {"orders": "*"})
    cluster.side.offsets.commit("billing", "orders", 0, 1)
    cluster.side.offsets.commit_pull("billing", "orders", 0, 4)
    progress = result_of(offsets.progress("billing", "orders"))
    assert progress.queues[QUEUE].in_flight == 3


def test_ages(offsets: Offsets, cluster: BrokerCluster) -> None:
    cluster.member("billing", {"orders": "*"})
    cluster.side.offsets.commit("billing", "orders", 0, 3)
    spans = result_of(offsets.time_spans("billing", "orders"))
    assert [span.message_queue.queue_id for span in spans] == [0, 1]
    assert spans[0].min_time_stamp == 1_700_000_000_000
    assert spans[0].max_time_stamp == 1_700_000_001_000


def test_offsets_are_written_down(cluster: BrokerCluster, offsets: Offsets) -> None:
    with pytest.raises(RefusedError, match="not exist"):
        result_of(offsets.commit("billing", {QUEUE: 2}))
    cluster.side.groups.get("billing")
    result_of(offsets.commit("billing", {QUEUE: 2}))
    assert cluster.side.offsets.query("billing", "orders", 0) == 2
    with pytest.raises(BrokerNotFoundError, match="elsewhere"):
        result_of(offsets.commit("billing", {MessageQueue("orders", "elsewhere"): 2}))


def test_one_group_goes_where_another_is(
    cluster: BrokerCluster, offsets: Offsets
) -> None:
    cluster.member("billing", {"orders": "*"})
    cluster.side.groups.get("new")
    cluster.side.offsets.commit("billing", "orders", 0, 2)
    result_of(offsets.copy("billing", "new", "orders"))
    assert cluster.side.offsets.query("new", "orders", 0) == 2
    result_of(offsets.clone("billing", "third", "orders"))
    assert cluster.side.offsets.query("third", "orders", 0) == 2


def test_a_reset_by_the_broker(cluster: BrokerCluster, offsets: Offsets) -> None:
    cluster.member("billing", {"orders": "*"})
    moved = result_of(offsets.reset("billing", "orders", 1_700_000_000_500))
    assert moved[QUEUE] == 3
    moved = result_of(offsets.reset("billing", "orders", TO_THE_END))
    assert moved == {QUEUE: 5, MessageQueue("orders", BROKER, 1): 1}
    with pytest.raises(RefusedError) as caught:
        result_of(offsets.reset("nobody", "orders", 0))
    assert caught.value.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST


def test_a_reset_by_writing_down(cluster: BrokerCluster, offsets: Offsets) -> None:
    cluster.side.groups.get("billing")
    cluster.side.offsets.commit("billing", "orders", 0, 1)
    ahead, _ = result_of(
        offsets.rewrite("billing", "orders", 1_700_000_000_500, force=False)
    )
    assert (ahead.before, ahead.found, ahead.after, ahead.end) == (1, 3, 1, 5)
    assert cluster.side.offsets.query("billing", "orders", 0) == 1
    moved, _ = result_of(offsets.rewrite("billing", "orders", TO_THE_END))
    assert (moved.queue, moved.after) == (QUEUE, 5)
    assert cluster.side.offsets.query("billing", "orders", 0) == 5


def test_a_new_group_gets_all_queues(cluster: BrokerCluster, offsets: Offsets) -> None:
    cluster.side.groups.get("new")
    resets = result_of(offsets.rewrite("new", "orders", TO_THE_END))
    assert [(r.queue.queue_id, r.before, r.after) for r in resets] == [
        (0, 0, 5),
        (1, 0, 1),
    ]


def test_one_queue_is_put_to_an_offset(
    cluster: BrokerCluster, offsets: Offsets
) -> None:
    cluster.member("billing", {"orders": "*"})
    result_of(offsets.reset_queue("billing", QUEUE, 4))
    assert cluster.side.offsets.query("billing", "orders", 0) == 4
    told = [h for _, c, h in cluster.requests if c == RequestCode(222)]
    assert [(h.queue_id, h.offset) for h in told] == [(0, 4)]
    with pytest.raises(RefusedError, match="not in consume queue range"):
        result_of(offsets.reset_queue("billing", QUEUE, 44))


def test_where_a_time_leads_to(offsets: Offsets, cluster: BrokerCluster) -> None:
    address = cluster.addresses[BROKER]
    assert result_of(offsets.at_time(address, QUEUE, 1_700_000_000_500)) == 3
    assert result_of(offsets.at_time(address, QUEUE, TO_THE_END)) == 5
