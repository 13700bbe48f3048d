"""Shares beside those that the genuine classes give (5.4.0), and the law for all."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.client.allocation import (
    AverageAllocation,
    CircleAllocation,
    ConsistentHashAllocation,
    FixedAllocation,
    NearbyAllocation,
    NoRoomError,
    RoomAllocation,
)
from twistedmq.client.interfaces import IQueueAllocation
from twistedmq.protocol.bodies.queues import MessageQueue

MEMBERS = ["eu@10.0.0.1@1#2", "eu@10.0.0.2@77", "us@10.0.0.3@x"]


def queues(*brokers: str) -> list[MessageQueue]:
    return sorted(MessageQueue("orders", name, n) for name in brokers for n in range(5))


def room_of_broker(queue: MessageQueue) -> str:
    return queue.broker_name.partition("@")[0]


def room_of_member(member: str) -> str:
    return member.partition("@")[0]


EVERYWHERE = queues("eu@a", "eu@b", "us@c")
NEAR = NearbyAllocation(room_of_broker, room_of_member)

GENUINE: list[tuple[IQueueAllocation, list[MessageQueue], list[str]]] = [
    (
        AverageAllocation(),
        EVERYWHERE,
        [
            "eu@a:0 eu@a:1 eu@a:2 eu@a:3 eu@a:4",
            "eu@b:0 eu@b:1 eu@b:2 eu@b:3 eu@b:4",
            "us@c:0 us@c:1 us@c:2 us@c:3 us@c:4",
        ],
    ),
    (
        CircleAllocation(),
        EVERYWHERE,
        [
            "eu@a:0 eu@a:3 eu@b:1 eu@b:4 us@c:2",
            "eu@a:1 eu@a:4 eu@b:2 us@c:0 us@c:3",
            "eu@a:2 eu@b:0 eu@b:3 us@c:1 us@c:4",
        ],
    ),
    (
        ConsistentHashAllocation(),
        EVERYWHERE,
        [
            "eu@a:1 eu@a:4 eu@b:1 eu@b:3 us@c:0 us@c:2 us@c:4",
            "eu@a:0 eu@a:2 eu@b:0 eu@b:2 eu@b:4 us@c:3",
            "eu@a:3 us@c:1",
        ],
    ),
    (
        ConsistentHashAllocation(3),
        EVERYWHERE,
        [
            "",
            "eu@a:1 eu@a:3 eu@a:4 eu@b:2 eu@b:4 us@c:1",
            "eu@a:0 eu@a:2 eu@b:0 eu@b:1 eu@b:3 us@c:0 us@c:2 us@c:3 us@c:4",
        ],
    ),
    (
        RoomAllocation(["eu"]),
        EVERYWHERE,
        [
            "eu@a:0 eu@a:1 eu@a:2 eu@b:4",
            "eu@a:3 eu@a:4 eu@b:0",
            "eu@b:1 eu@b:2 eu@b:3",
        ],
    ),
    (
        NEAR,
        EVERYWHERE,
        [
            "eu@a:0 eu@a:1 eu@a:2 eu@a:3 eu@a:4",
            "eu@b:0 eu@b:1 eu@b:2 eu@b:3 eu@b:4",
            "us@c:0 us@c:1 us@c:2 us@c:3 us@c:4",
        ],
    ),
    (
        NEAR,
        queues("eu@a", "asia@d"),
        [
            "eu@a:0 eu@a:1 eu@a:2 asia@d:0 asia@d:1",
            "eu@a:3 eu@a:4 asia@d:2 asia@d:3",
            "asia@d:4",
        ],
    ),
]


def shares(
    allocation: IQueueAllocation,
    members: Sequence[str],
    all_queues: Sequence[MessageQueue],
) -> list[Sequence[MessageQueue]]:
    return [allocation.allocate(each, members, all_queues) for each in members]


@pytest.mark.parametrize(("allocation", "all_queues", "wanted"), GENUINE)
def test_shares_are_those_of_the_genuine_classes(
    allocation: IQueueAllocation, all_queues: list[MessageQueue], wanted: list[str]
) -> None:
    told = [
        " ".join(f"{queue.broker_name}:{queue.queue_id}" for queue in share)
        for share in shares(allocation, MEMBERS, all_queues)
    ]
    assert told == wanted


def test_the_names_are_those_of_the_genuine_classes() -> None:
    names = [allocation.name for allocation, *_ in GENUINE]
    assert names == [
        "AVG",
        "AVG_BY_CIRCLE",
        "CONSISTENT_HASH",
        "CONSISTENT_HASH",
        "MACHINE_ROOM",
        "MACHINE_ROOM_NEARBY-AVG",
        "MACHINE_ROOM_NEARBY-AVG",
    ]
    assert FixedAllocation([]).name == "CONFIG"


ROOMS = st.sampled_from(["eu", "us", "asia"])
SOME_MEMBERS = st.lists(
    st.builds("{}@{}".format, ROOMS, st.text("abc123#.", min_size=1)),
    min_size=1,
    max_size=9,
    unique=True,
).map(sorted)
SOME_QUEUES = st.lists(
    st.builds(
        MessageQueue,
        st.just("T"),
        st.builds("{}@{}".format, ROOMS, st.sampled_from("ab")),
        st.integers(0, 9),
    ),
    min_size=1,
    unique=True,
).map(sorted)


@given(SOME_MEMBERS, SOME_QUEUES)
def test_every_queue_has_exactly_one_owner(
    members: list[str], some_queues: list[MessageQueue]
) -> None:
    for allocation in (
        AverageAllocation(),
        CircleAllocation(),
        ConsistentHashAllocation(),
        NEAR,
        NearbyAllocation(room_of_broker, room_of_member, ConsistentHashAllocation(4)),
        RoomAllocation(["eu", "us", "asia"]),
    ):
        given_out = Counter(
            queue
            for share in shares(allocation, members, some_queues)
            for queue in share
        )
        assert given_out == Counter(some_queues), allocation.name


@given(SOME_MEMBERS, SOME_QUEUES)
def test_on_a_ring_what_stays_with_its_owner_when_one_leaves_stays(
    members: list[str], some_queues: list[MessageQueue]
) -> None:
    allocation = ConsistentHashAllocation()
    for gone in members[1:]:
        left = [each for each in members if each != gone]
        for each in left:
            before = allocation.allocate(each, members, some_queues)
            after = allocation.allocate(each, left, some_queues)
            assert set(before) <= set(after)


def test_a_fixed_share_is_what_there_is_of_it() -> None:
    mine = [MessageQueue("orders", "eu@a", 1), MessageQueue("other", "eu@a", 1)]
    allocation = FixedAllocation(mine)
    assert allocation.allocate("x", ["x"], EVERYWHERE) == mine[:1]


def test_brokers_without_a_room_are_left_out() -> None:
    some = [MessageQueue("T", name, 0) for name in ("a", "eu@", "eu@a", "eu@a@b")]
    share = RoomAllocation(["eu"]).allocate("x", ["x"], some)
    assert [queue.broker_name for queue in share] == ["eu@a"]


def test_a_ring_needs_somebody_on_it() -> None:
    with pytest.raises(ValueError, match="virtual_nodes is 0"):
        ConsistentHashAllocation(0)


@pytest.mark.parametrize(
    ("member", "broker", "told"),
    [("@x", "eu@a", "member '@x'"), ("eu@x", "@a", "broker '@a'")],
)
def test_each_must_be_in_a_room(member: str, broker: str, told: str) -> None:
    with pytest.raises(NoRoomError, match=told):
        NEAR.allocate(member, [member], [MessageQueue("T", broker, 0)])
