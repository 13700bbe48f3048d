from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.assignment.balance import popped_share, pulled_share
from twistedmq.protocol.bodies import MessageQueue
from twistedmq.protocol.queue_shares import BY_NAME, average


def queues(count: int, broker: str = "b") -> list[MessageQueue]:
    return [MessageQueue("T", broker, number) for number in range(count)]


def members(count: int) -> list[str]:
    return [f"c{number:02d}" for number in range(count)]


def numbers(share: list[MessageQueue]) -> list[int]:
    return [queue.queue_id for queue in share]


def test_queues_are_shared_in_the_order_of_their_names() -> None:
    mixed = [*reversed(queues(2, "b2")), *reversed(queues(2, "b1"))]
    share = pulled_share(average, "c1", ["c2", "c1", "c2"], mixed)
    assert share == queues(2, "b1")


def test_who_is_no_member_gets_nothing() -> None:
    assert pulled_share(average, "x", members(2), queues(4)) == []
    assert popped_share(average, "x", members(4), queues(8), 1) == []


def test_everyone_pops_everything_unless_there_is_a_number() -> None:
    both = [*queues(4, "b1"), *queues(4, "b2")]
    everything = [MessageQueue("T", "b1", -1), MessageQueue("T", "b2", -1)]
    for share_with in (-1, 0, 3, 8):
        assert popped_share(average, "c00", members(4), both, share_with) == everything
    assert popped_share(average, "x", members(4), both, 0) == everything


def test_a_member_pops_the_queues_of_those_behind_it_too() -> None:
    share = popped_share(average, "c03", members(5), queues(10), 2)
    assert numbers(share) == [6, 7, 8, 9, 0, 1]


def test_each_of_too_many_members_pops_one_queue() -> None:
    shares = [
        numbers(popped_share(average, member, members(5), queues(3), 1))
        for member in members(5)
    ]
    assert shares == [[0], [1], [2], [0], [1]]


@given(
    st.sampled_from(sorted(BY_NAME)),
    st.integers(1, 9),
    st.integers(1, 20),
    st.integers(-1, 9),
)
def test_nobody_is_without_a_queue_and_no_queue_without_a_member(
    name: str, count: int, queue_count: int, share_with: int
) -> None:
    everyone, all_queues = members(count), queues(queue_count)
    shares = [
        numbers(popped_share(BY_NAME[name], each, everyone, all_queues, share_with))
        for each in everyone
    ]
    assert all(len(set(share)) == len(share) > 0 for share in shares)
    popped = {number for share in shares for number in share}
    assert popped in ({-1}, set(range(queue_count)))
