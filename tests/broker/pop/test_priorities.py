from collections import Counter
from random import Random
from typing import Any

import pytest
from pop_side import PopSide

from twistedmq.broker.pop.priorities import Draw, Priorities, draw
from twistedmq.config.pop import PopConfig
from twistedmq.protocol.bodies import SubscriptionGroupConfig

PRIORITY = {"message.type": "PRIORITY"}


class Chance(Random):
    """Draws the same number ever again."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def randrange(self, *_: Any) -> int:
        return self.number


def side_with(queues: int = 3, **attributes: str) -> PopSide:
    side = PopSide()
    side.topic("T", queues, attributes=PRIORITY)
    group = SubscriptionGroupConfig(group_name="G", attributes=attributes)
    side.groups.put(group)
    return side


@pytest.mark.parametrize("first", [0, 4, 99])
@pytest.mark.parametrize("last_queue_first", [True, False])
def test_each_queue_has_its_place(first: int, last_queue_first: bool) -> None:
    drawn = Draw(first, False, False, last_queue_first)
    assert sorted(drawn.queues(7)) == list(range(7))
    assert list(drawn.queues(0)) == []


def test_who_heeds_priorities_begins_with_the_highest() -> None:
    drawn = draw(PopConfig(), Chance(49), 50)
    assert list(drawn.queues(4)) == [3, 2, 1, 0]
    turned = draw(PopConfig(last_queue_first=False), Chance(49), 50)
    assert list(turned.queues(4)) == [0, 1, 2, 3]


def test_who_does_not_begins_anywhere() -> None:
    assert list(draw(PopConfig(), Chance(50), 50).queues(4)) == [1, 0, 3, 2]


@pytest.mark.parametrize(
    ("number", "percent", "retry_first"),
    [(10, 0, True), (20, 0, False), (10, 100, False)],
)
def test_retries_wait_where_priorities_count(
    number: int, percent: int, retry_first: bool
) -> None:
    assert draw(PopConfig(), Chance(number), percent).retry_first is retry_first


def test_a_group_says_how_much_it_heeds_them() -> None:
    side = side_with(**{"priority.factor": "30"})
    priorities = Priorities(side.topics, side.groups)
    assert priorities.percent("T", "G") == 30
    assert priorities.percent("T", "other") == 100
    side.topic("Plain", 3)
    assert priorities.percent("Plain", "G") == priorities.percent("X", "G") == 0


def test_a_factor_that_makes_no_sense_counts_as_none() -> None:
    side = side_with(**{"priority.factor": "high"})
    assert Priorities(side.topics, side.groups).percent("T", "G") == 100


def queues_popped(side: PopSide, **fields: Any) -> list[int]:
    for queue_id in range(3):
        side.send(b"x", queue_id=queue_id)
    return [
        lent.record.queue_id
        for _ in range(3)
        for lent in side.pop(max_msg_nums=1, **fields)
    ]


def test_urgent_messages_are_popped_first() -> None:
    side = side_with()
    assert [queues_popped(side) for _ in range(5)] == [[2, 1, 0]] * 5


def test_a_group_may_not_care() -> None:
    side = side_with(**{"priority.factor": "0"})
    firsts = Counter(queues_popped(side)[0] for _ in range(30))
    assert set(firsts) == {0, 1, 2}


def test_an_ordered_pop_does_not_care() -> None:
    side = side_with()
    firsts = set()
    for _ in range(20):
        side.orders.clear("T", "G", 0)
        for queue_id in range(3):
            side.send(b"x", queue_id=queue_id)
        for lent in side.pop(max_msg_nums=1, order=True):
            firsts.add(lent.record.queue_id)
        for queue_id in range(3):
            side.orders.clear("T", "G", queue_id)
    assert len(firsts) > 1


@pytest.mark.parametrize(("separate", "order"), [(True, [2, 1, 0]), (False, [0, 0, 0])])
def test_priorities_may_last_over_retries(separate: bool, order: list[int]) -> None:
    side = PopSide(separate_retry_queues=separate)
    side.topic("T", 3, attributes=PRIORITY)
    side.revive.startService()
    for queue_id in range(3):
        side.send(b"%d" % queue_id, queue_id=queue_id)
    assert len(side.pop()) == 3
    side.pass_time(15)
    again = [lent for _ in range(3) for lent in side.pop(max_msg_nums=1)]
    assert sorted(lent.body for lent in again) == [b"0", b"1", b"2"]
    assert [lent.record.queue_id for lent in again] == order
    if separate:
        assert [lent.body for lent in again] == [b"2", b"1", b"0"]
    side.revive.stopService()
