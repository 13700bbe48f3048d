import pytest
from read_side import ReadSide
from twisted.internet.defer import Deferred

from twistedmq.broker.statistics.lag import Lag, Lags, Popped, PopState
from twistedmq.testing.batches import Told

START_MS = 1_700_000_000_000


@pytest.fixture
def side() -> ReadSide:
    """Two queues; the first has five messages, a second apart."""
    made = ReadSide()
    made.topic("T", queues=2)
    for _ in range(5):
        made.append(Told(topic="T"))
        made.now_ms += 1000
    return made


def lag(side: ReadSide, popped: PopState | None = None) -> Lag:
    lags = Lags(side.store, side.offsets, *filter(None, [popped]))
    found: list[Lag] = []
    Deferred.fromCoroutine(lags.of_topic("G", "T", 2)).addCallback(found.append)
    return found[0]


def test_a_group_is_behind_from_its_offset_on(side: ReadSide) -> None:
    side.offsets.commit("G", "T", 0, 2)
    side.offsets.commit_pull("G", "T", 0, 4)
    found = lag(side)
    assert found == Lag(
        messages=3,
        waiting_since_ms=START_MS + 2000,
        in_flight=2,
        ready=1,
        unpulled_since_ms=START_MS + 4000,
    )


def test_a_group_that_is_done_is_not_behind(side: ReadSide) -> None:
    side.offsets.commit("G", "T", 0, 5)
    assert lag(side) == Lag()


def test_a_group_without_offset_begins_at_the_end(side: ReadSide) -> None:
    assert lag(side) == Lag()


@pytest.mark.parametrize("offset", [6, 10**12])
def test_an_offset_behind_the_end_is_no_lag(side: ReadSide, offset: int) -> None:
    side.offsets.commit("G", "T", 0, offset)
    assert lag(side) == Lag()


def test_the_oldest_message_of_all_queues_counts(side: ReadSide) -> None:
    side.append(Told(topic="T", queue_id=1))
    side.offsets.commit("G", "T", 0, 4)
    side.offsets.commit("G", "T", 1, 0)
    found = lag(side)
    assert found.messages == 2
    assert found.waiting_since_ms == START_MS + 4000


def test_a_group_that_pops_has_lent_messages_in_flight(side: ReadSide) -> None:
    def popped(group: str, topic: str, queue_id: int) -> Popped | None:
        return Popped(next_offset=4, in_flight=3) if queue_id == 0 else None

    found = lag(side, popped)
    assert (found.messages, found.in_flight, found.ready) == (4, 3, 1)
    assert found.waiting_since_ms == START_MS + 1000
    assert found.unpulled_since_ms == START_MS + 4000


def test_a_topic_that_is_gone_has_no_lag(side: ReadSide) -> None:
    side.offsets.commit("G", "T", 0, 2)
    side.store.delete_topic("T")
    assert lag(side) == Lag()
