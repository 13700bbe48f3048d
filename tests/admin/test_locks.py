import pytest
from client_kit import result_of
from groups_kit import BrokerCluster, cluster_with_locks
from read_side import BROKER

from twistedmq.admin.client import Admin
from twistedmq.admin.locks import Locks, QueueLock
from twistedmq.client.errors import BrokerNotFoundError, RouteNotFoundError
from twistedmq.protocol.bodies.queues import MessageQueue

FIRST, SECOND = (MessageQueue("orders", BROKER, n) for n in (0, 1))


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = cluster_with_locks()
    other = MessageQueue("bills", BROKER, 0)
    cluster.side.locks.lock("billing", [other], "gone")
    return cluster


@pytest.fixture
def locks(cluster: BrokerCluster) -> Locks:
    return result_of(Admin(settings=cluster.settings()).start()).locks


def test_who_holds_what(locks: Locks) -> None:
    assert result_of(locks.held("billing", "orders")) == [
        QueueLock(FIRST, "gone", is_connected=False),
        QueueLock(SECOND, "c1", is_connected=True),
    ]
    assert result_of(locks.held("nobody", "orders")) == []


def test_queues_that_may_be_locked(locks: Locks) -> None:
    assert result_of(locks.queues("orders")) == [FIRST, SECOND]
    with pytest.raises(RouteNotFoundError):
        result_of(locks.queues("nowhere"))


def test_locks_are_given_up_those_of_others_stay(
    cluster: BrokerCluster, locks: Locks
) -> None:
    result_of(locks.give_up("billing", "gone", [FIRST, SECOND]))
    held = cluster.side.locks.holders("billing")
    assert held == {"c1": [SECOND], "gone": [MessageQueue("bills", BROKER, 0)]}


def test_a_broker_that_is_not_there(locks: Locks) -> None:
    with pytest.raises(BrokerNotFoundError):
        result_of(locks.give_up("billing", "gone", [MessageQueue("orders", "b9", 0)]))
