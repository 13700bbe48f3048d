from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.queue_shares import BY_NAME, average, circle

MEMBERS = ["c1", "c2", "c3"]


def test_neighbours_go_to_one_member_and_the_first_get_what_is_left() -> None:
    shares = [list(average(member, MEMBERS, range(8))) for member in MEMBERS]
    assert shares == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_queues_are_dealt_out_like_cards() -> None:
    shares = [list(circle(member, MEMBERS, range(8))) for member in MEMBERS]
    assert shares == [[0, 3, 6], [1, 4, 7], [2, 5]]


def test_the_last_of_too_many_members_get_nothing() -> None:
    assert [list(average(member, MEMBERS, [7])) for member in MEMBERS] == [[7], [], []]
    assert [list(circle(member, MEMBERS, [7])) for member in MEMBERS] == [[7], [], []]


@given(st.sampled_from(sorted(BY_NAME)), st.integers(1, 20), st.integers(0, 40))
def test_each_queue_has_one_member(name: str, members: int, queues: int) -> None:
    everyone = [f"c{number:02d}" for number in range(members)]
    shares = [BY_NAME[name](member, everyone, range(queues)) for member in everyone]
    assert sorted(queue for share in shares for queue in share) == list(range(queues))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
