import pytest
from client_kit import result_of
from groups_kit import BrokerCluster, cluster_with_orders
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.offsets import Offsets
from twistedmq.client.errors import (
    BrokerNotFoundError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.protocol.bodies.queues import MessageQueue

QUEUE = MessageQueue("orders", BROKER, 0)


@pytest.fixture
def cluster() -> BrokerCluster:
    return cluster_with_orders()


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


def test_all_offsets_of_a_broker(cluster: BrokerCluster, offsets: Offsets) -> None:
    cluster.side.offsets.commit("billing", "orders", 1, 7)
    found = result_of(offsets.committed_at(cluster.addresses[BROKER]))
    assert found == {"billing": {"orders": {1: 7}}}


def test_how_old_a_queue_is(cluster: BrokerCluster, offsets: Offsets) -> None:
    assert result_of(offsets.oldest_at_ms(QUEUE)) == 1_700_000_000_000
    cluster.side.topic("empty", queues=1)
    assert result_of(offsets.oldest_at_ms(MessageQueue("empty", BROKER, 0))) == -1
