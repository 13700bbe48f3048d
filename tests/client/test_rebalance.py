import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.client.rebalance import (
    AverageAllocation,
    BrokerAllocation,
    compare,
    share_of,
)
from twistedmq.protocol.bodies.queues import MessageQueue


def queues(number: int, topic: str = "T") -> list[MessageQueue]:
    return [MessageQueue(topic, f"b{n % 2}", n // 2) for n in range(number)]


def test_the_average_allocation_provides_its_interface() -> None:
    assert verifyObject(IQueueAllocation, AverageAllocation())


def test_shares_are_those_of_the_genuine_strategy() -> None:
    """8 queues over 3 members: 3, 3, 2 neighbours each."""
    everything = sorted(queues(8))
    shares = [
        AverageAllocation().allocate(member, ["a", "b", "c"], everything)
        for member in "abc"
    ]
    assert shares == [everything[:3], everything[3:6], everything[6:]]


def test_members_without_a_queue_get_none() -> None:
    members = ["a", "b", "c"]
    share = share_of(AverageAllocation(), "c", members, queues(2))
    assert share == frozenset()


@given(st.integers(1, 40), st.integers(0, 60))
def test_shares_cover_every_queue_once_and_differ_by_one_at_most(
    members: int, number: int
) -> None:
    names = [f"c{n}" for n in range(members)]
    shares = [share_of(AverageAllocation(), n, names, queues(number)) for n in names]
    got = [queue for share in shares for queue in share or ()]
    assert sorted(got) == sorted(queues(number))
    sizes = {len(share or ()) for share in shares}
    assert max(sizes) - min(sizes) <= 1


def test_the_order_in_which_members_and_queues_come_does_not_matter() -> None:
    one = share_of(AverageAllocation(), "a", ["b", "a", "a"], queues(5)[::-1])
    two = share_of(AverageAllocation(), "a", ["a", "b"], queues(5))
    assert one == two


def test_a_stranger_has_no_share() -> None:
    assert share_of(AverageAllocation(), "x", ["a"], queues(4)) is None


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_a_change_touches_only_what_differs(owned: set[int], wanted: set[int]) -> None:
    have = {MessageQueue("T", "b", n) for n in owned}
    want = {MessageQueue("T", "b", n) for n in wanted}
    change = compare(have, want)
    assert (have - set(change.lost)) | set(change.gained) == want
    assert not set(change.lost) & set(change.gained)
    assert bool(change) == (have != want)


def test_brokers_share_out_in_two_ways_and_so_do_members_alone() -> None:
    queues = [MessageQueue("T", "b", n) for n in range(4)]
    dealt = BrokerAllocation("AVG_BY_CIRCLE").allocate("y", ["x", "y"], queues)
    assert [queue.queue_id for queue in dealt] == [1, 3]
    assert BrokerAllocation().name == "AVG"
    with pytest.raises(ValueError, match="strategy is 'X', not AVG or AVG_BY_CIRCLE"):
        BrokerAllocation("X")
