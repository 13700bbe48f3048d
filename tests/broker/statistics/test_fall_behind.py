import pytest
from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.statistics.fall_behind import FALL_SIZE, FALL_TIME, FallBehind
from twistedmq.testing.batches import Told


@pytest.fixture
def side() -> ReadSide:
    """A queue with five messages, a second apart."""
    made = ReadSide()
    made.topic("T", queues=2)
    for _ in range(5):
        made.append(Told(topic="T"))
        made.now_ms += 1000
    return made


def find(side: ReadSide, name: str, key: str = "0@T@G") -> int | None:
    falls = FallBehind(side.store, side.offsets, side.wall_ms)
    found: list[int | None] = []
    Deferred.fromCoroutine(falls.find(name, key)).addCallback(found.append)
    return found[0]


def test_bytes_and_time_from_the_message_that_was_pulled_last(side: ReadSide) -> None:
    side.offsets.commit_pull("G", "T", 0, 3)
    assert find(side, FALL_TIME) == 3000
    whole = side.store.status()["max_offset"]
    entry = side.store.entries("T", 0, 2, 1)[0]
    assert find(side, FALL_SIZE) == whole - entry.physical_offset


@pytest.mark.parametrize("name", [FALL_SIZE, FALL_TIME])
def test_who_has_pulled_everything_is_not_behind(side: ReadSide, name: str) -> None:
    side.offsets.commit_pull("G", "T", 0, 5)
    assert find(side, name) == 0


def test_who_begins_is_behind_by_all_of_it(side: ReadSide) -> None:
    side.offsets.commit_pull("G", "T", 0, 0)
    assert find(side, FALL_TIME) == 5000


@pytest.mark.parametrize("name", [FALL_SIZE, FALL_TIME])
@pytest.mark.parametrize(
    "key", ["", "T@G", "x@T@G", "-1@T@G", "1@T@G", "0@T@Other", "0@Nope@G", "0@T@G@"]
)
def test_of_anything_else_nothing_is_known(side: ReadSide, name: str, key: str) -> None:
    side.offsets.commit_pull("G", "T", 0, 3)
    assert find(side, name, key) is None
