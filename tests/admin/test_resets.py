import pytest
from client_kit import result_of
from groups_kit import BrokerCluster, cluster_with_orders
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.resets import TO_THE_END, Resets
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode

QUEUE = MessageQueue("orders", BROKER, 0)


@pytest.fixture
def cluster() -> BrokerCluster:
    return cluster_with_orders()


@pytest.fixture
def resets(cluster: BrokerCluster) -> Resets:
    return result_of(Admin(settings=cluster.settings()).start()).resets


def test_a_reset_by_the_broker(cluster: BrokerCluster, resets: Resets) -> None:
    cluster.member("billing", {"orders": "*"})
    moved = result_of(resets.by_time("billing", "orders", 1_700_000_000_500))
    assert moved[QUEUE] == 3
    moved = result_of(resets.by_time("billing", "orders", TO_THE_END))
    assert moved == {QUEUE: 5, MessageQueue("orders", BROKER, 1): 1}
    with pytest.raises(RefusedError) as caught:
        result_of(resets.by_time("nobody", "orders", 0))
    assert caught.value.code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST


def test_a_reset_by_writing_down(cluster: BrokerCluster, resets: Resets) -> None:
    cluster.side.groups.get("billing")
    cluster.side.offsets.commit("billing", "orders", 0, 1)
    ahead, _ = result_of(
        resets.rewrite("billing", "orders", 1_700_000_000_500, force=False)
    )
    assert (ahead.before, ahead.found, ahead.after, ahead.end) == (1, 3, 1, 5)
    assert cluster.side.offsets.query("billing", "orders", 0) == 1
    moved, _ = result_of(resets.rewrite("billing", "orders", TO_THE_END))
    assert (moved.queue, moved.after) == (QUEUE, 5)
    assert cluster.side.offsets.query("billing", "orders", 0) == 5


def test_a_new_group_gets_all_queues(cluster: BrokerCluster, resets: Resets) -> None:
    cluster.side.groups.get("new")
    moved = result_of(resets.rewrite("new", "orders", TO_THE_END))
    assert [(r.queue.queue_id, r.before, r.after) for r in moved] == [
        (0, 0, 5),
        (1, 0, 1),
    ]


def test_one_queue_is_put_to_an_offset(cluster: BrokerCluster, resets: Resets) -> None:
    cluster.member("billing", {"orders": "*"})
    result_of(resets.queue("billing", QUEUE, 4))
    assert cluster.side.offsets.query("billing", "orders", 0) == 4
    told = [h for _, c, h in cluster.requests if c == RequestCode(222)]
    assert [(h.queue_id, h.offset) for h in told] == [(0, 4)]
    with pytest.raises(RefusedError, match="not in consume queue range"):
        result_of(resets.queue("billing", QUEUE, 44))


def test_where_a_time_leads_to(resets: Resets, cluster: BrokerCluster) -> None:
    address = cluster.addresses[BROKER]
    assert result_of(resets.found_at(address, QUEUE, 1_700_000_000_500)) == 3
    assert result_of(resets.found_at(address, QUEUE, TO_THE_END)) == 5
