"""Which queues a pop looks into, in which order; its answers are in test_handlers."""

from collections import Counter
from typing import Any

import pytest
from any_store import batch_store, bundle
from pop_side import PopSide
from twisted.internet.defer import Deferred

from twistedmq.broker.pop.reader import Asked, Popped
from twistedmq.filter.interfaces import PASS_ALL
from twistedmq.protocol.record import RecordError

V1, V2 = "%RETRY%G_T", "%RETRY%G+T"


def asked(**fields: Any) -> Asked:
    values: dict[str, Any] = {
        "topic": "T",
        "group": "G",
        "queue_id": -1,
        "max_count": 32,
        "invisible_ms": 10_000,
        "init_mode": 0,
        "is_ordered": False,
        "attempt_id": None,
        "filter": PASS_ALL,
    }
    return Asked(**values | fields)


def side_with(*topics: str, **config: Any) -> PopSide:
    side = PopSide(**config)
    for topic in ("T", *topics):
        side.topic(topic, 2)
        side.send(b"x", topic=topic)
    return side


def pop(side: PopSide, **fields: Any) -> list[str]:
    popped = side.reader.pop(asked(**fields))
    assert isinstance(popped, Popped)
    side.positions.take_back(popped.moves)
    return [taken.place[0] for taken in popped.taken]


def test_retry_topics_come_first_now_and_then() -> None:
    side = side_with(V1)
    firsts = Counter(pop(side)[0] for _ in range(200))
    assert 20 <= firsts[V1] <= 60
    assert set(firsts) == {V1, "T"}
    assert {len(pop(side)) for _ in range(50)} == {2}


@pytest.mark.parametrize(("probability", "first"), [(0, "T"), (100, V1)])
def test_how_often_is_a_setting(probability: int, first: str) -> None:
    side = side_with(V1, retry_probability=probability)
    for _ in range(20):
        assert pop(side)[0] == first
        assert pop(side, max_count=1) == [first]


def test_one_kind_of_retry_topic_a_pop() -> None:
    side = side_with(V1, V2, retry_topic_v2=True)
    seen = Counter(topic for _ in range(100) for topic in pop(side))
    assert seen["T"] == seen[V1] + seen[V2] == 100
    assert min(seen.values()) > 20
    only = side_with(V1, V2, retry_topic_v2=True, read_retry_topic_v1=False)
    assert {t for _ in range(20) for t in pop(only)} == {"T", V2}


def test_ordered_pops_look_into_no_retry_topic() -> None:
    side = side_with(V1)
    assert pop(side, is_ordered=True) == ["T"]


def test_queues_take_turns() -> None:
    side = side_with()
    side.send(b"y", queue_id=1)
    firsts = set()
    for _ in range(30):
        popped = side.reader.pop(asked(max_count=1))
        assert isinstance(popped, Popped)
        assert popped.rest == 1
        firsts.add(popped.taken[0].place[2])
        side.positions.take_back(popped.moves)
    assert firsts == {0, 1}


def test_one_pop_at_a_time_waits_for_a_cold_queue(monkeypatch: Any) -> None:
    side = side_with()
    side.send(b"y", queue_id=1)
    read_queue, cold = side.store.read_queue, Deferred[Any]()

    def slow(topic: str, queue_id: int, *more: Any) -> Any:
        return read_queue(topic, queue_id, *more) if queue_id else cold

    monkeypatch.setattr(side.store, "read_queue", slow)
    first, ends = side.reader.pop(asked()), []
    assert isinstance(first, Deferred)
    first.addCallback(ends.append)
    second = side.reader.pop(asked())
    assert isinstance(second, Popped)
    assert second.rest == 1
    cold.callback(read_queue("T", 0, 0, 32, 1 << 20, None, None))
    assert ends[0].looks_again
    together = [taken.place for each in (second, ends[0]) for taken in each.taken]
    assert sorted(together) == [("T", "G", 0), ("T", "G", 1)]


@pytest.mark.parametrize("error", [RecordError("torn"), OSError(5, "torn")])
def test_a_damaged_queue_does_not_hide_the_others(
    monkeypatch: Any, error: Exception
) -> None:
    side = side_with()
    side.send(b"y", queue_id=1)
    read_queue = side.store.read_queue

    def torn(topic: str, queue_id: int, *more: Any) -> Any:
        if not queue_id:
            raise error
        return read_queue(topic, queue_id, *more)

    monkeypatch.setattr(side.store, "read_queue", torn)
    popped = side.reader.pop(asked())
    assert isinstance(popped, Popped)
    assert [taken.place[2] for taken in popped.taken] == [1]
    with pytest.raises(type(error), match="torn"):
        side.reader.pop(asked(queue_id=0))


def test_a_cold_disk_that_fails_loses_nothing_that_was_taken(monkeypatch: Any) -> None:
    side = side_with()
    side.send(b"y", queue_id=1)
    read_queue, cold = side.store.read_queue, Deferred[Any]()

    def failing(topic: str, queue_id: int, *more: Any) -> Any:
        return read_queue(topic, queue_id, *more) if queue_id else cold

    monkeypatch.setattr(side.store, "read_queue", failing)
    ends: list[Popped] = []
    popping = side.reader.pop(asked())
    assert isinstance(popping, Deferred)
    popping.addCallback(ends.append)
    cold.errback(OSError(5, "Input/output error"))
    assert [taken.place[2] for taken in ends[0].taken] == [1]


def test_a_group_that_is_behind_the_end_is_put_at_the_end() -> None:
    side = side_with()
    side.offsets.commit("G", "T", 0, 50)
    assert pop(side) == []
    assert side.offsets.query("G", "T", 0) == 1
    side.send(b"y")
    assert pop(side) == ["T"]


def test_batch_queues_and_filters_tell_offsets_by_their_records() -> None:
    side = side_with()
    side.send(b"y", tag="red")
    side.send(b"z", b"w", tag="blue")
    wanted = side.expressions.compile("TAG", "blue")
    popped = side.reader.pop(asked(filter=wanted))
    assert isinstance(popped, Popped)
    assert list(popped.taken[0].offsets) == [2, 3]
    assert popped.taken[0].start_offset == 0


def test_what_holds_a_batch_is_lent_as_one() -> None:
    side = PopSide(batch_store(lambda: 1_700_000_000_000, "T"))
    side.topic("T", 1, attributes={"queue.type": "BatchCQ"})
    side.append(*(bundle("T", count) for count in (1, 2, 3)))
    popped = side.reader.pop(asked(max_count=4))
    assert isinstance(popped, Popped)
    [taken] = popped.taken
    assert list(taken.offsets) == [0, 1]
    assert (popped.count, popped.rest) == (3, 3)
    assert side.in_flight.count(("T", "G", 0)) == 2
    side.positions.commit(popped.moves)
    more = side.reader.pop(asked(max_count=4))
    assert isinstance(more, Popped)
    assert [list(taken.offsets) for taken in more.taken] == [[3]]


def test_a_batch_that_is_begun_in_its_middle_is_lent_whole() -> None:
    side = PopSide(batch_store(lambda: 1_700_000_000_000, "T"))
    side.topic("T", 1, attributes={"queue.type": "BatchCQ"})
    side.append(bundle("T", 4))
    side.offsets.commit("G", "T", 0, 2)
    popped = side.reader.pop(asked())
    assert isinstance(popped, Popped)
    [taken] = popped.taken
    assert (taken.start_offset, list(taken.offsets)) == (0, [0])
