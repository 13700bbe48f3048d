from typing import Any

import pytest

from twistedmq.broker.clients.consumer_group import Member
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.filters.table import (
    SEEN_BEFORE_LOADING_MS,
    BloomBits,
    ConsumerFilters,
    FilterData,
    FilterDataOfTopic,
)
from twistedmq.config.filters import FilterDataConfig
from twistedmq.config.live import Live
from twistedmq.filter.expressions import Expressions
from twistedmq.protocol.bodies import ConsumerData, SubscriptionData
from twistedmq.testing.connections import FakeConnection


class Filters(ConsumerFilters):
    """Conditions of clients that send heartbeats."""

    def __init__(self, **config: Any) -> None:
        self.now_ms = 1_000_000
        self.config = Live(FilterDataConfig(**config))
        super().__init__(self.config, lambda: self.now_ms)
        self.told: list[str] = []
        self.on_change(self.told.append)
        self.clients = ClientManager(Expressions())
        self.clients.on_wishes(self.group_changed)

    def beat(
        self,
        text: str,
        connection: FakeConnection,
        topic: str = "T",
        kind: str = "SQL92",
        version: int = 1,
    ) -> None:
        data = SubscriptionData(
            topic=topic, sub_string=text, expression_type=kind, sub_version=version
        )
        self.clients.register_consumer(
            ConsumerData(group_name="G", subscription_data_set=[data]),
            Member("c1", connection, 0, 0, 0.0),
            notify=False,
            without_topics=False,
        )

    def of(self, topic: str = "T", group: str = "G") -> FilterData | None:
        found = self.of_topic(topic)
        return None if found is None else found.group_filter_data.get(group)


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


def test_a_condition_is_noted_with_the_bits_of_its_group(
    connection: FakeConnection,
) -> None:
    filters = Filters()
    filters.beat("a > 1", connection)
    assert filters.of() == FilterData(
        bloom_filter_data=BloomBits(bit_num=112, bit_pos=[24, 26, 83]),
        born_time=1_000_000,
        client_version=1,
        consumer_group="G",
        expression="a > 1",
        expression_type="SQL92",
        topic="T",
    )
    assert filters.told == ["T"]
    filters.beat("a > 1", connection)
    assert filters.told == ["T"]


@pytest.mark.parametrize(("text", "kind"), [("a || b", "TAG"), ("a >", "SQL92")])
def test_tags_and_wrong_conditions_are_not(
    connection: FakeConnection, text: str, kind: str
) -> None:
    filters = Filters()
    filters.beat(text, connection, kind=kind)
    assert filters.topics() == []
    assert filters.told == []


def test_another_condition_is_younger_and_the_same_one_is_not(
    connection: FakeConnection,
) -> None:
    filters = Filters()
    filters.beat("a > 1", connection)
    filters.now_ms += 10
    filters.clients.connection_lost(connection)
    known = filters.of()
    assert known is not None
    assert (known.dead, known.dead_time) == (True, 1_000_010)
    filters.now_ms += 10
    again = FakeConnection()
    filters.beat("a > 1", again, version=2)
    known = filters.of()
    assert known is not None
    assert (known.dead, known.dead_time, known.born_time) == (False, 0, 1_000_000)
    filters.beat("a > 2", again, version=3)
    known = filters.of()
    assert known is not None
    assert known.born_time == 1_000_020


def test_a_topic_that_is_not_wanted_any_more(connection: FakeConnection) -> None:
    filters = Filters()
    filters.beat("a > 1", connection)
    filters.beat("a > 1", connection, topic="S", version=2)
    known = filters.of("T")
    assert known is not None
    assert known.dead
    assert filters.of("S") is not None
    filters.beat("x", connection, topic="S", kind="TAG", version=3)
    known = filters.of("S")
    assert known is not None
    assert known.dead


def test_who_left_long_ago_is_forgotten(connection: FakeConnection) -> None:
    filters = Filters(kept_after_leaving_ms=1_000)
    filters.beat("a > 1", connection)
    filters.clients.connection_lost(connection)
    filters.now_ms += 1_000
    filters.beat("b > 1", FakeConnection(), topic="S")
    assert filters.topics() == ["S"]
    assert filters.told[-2:] in (["S", "T"], ["T", "S"])


def held(**data: Any) -> dict[str, FilterDataOfTopic]:
    bits = BloomBits(bit_num=112, bit_pos=[24, 26, 83])
    known = FilterData(
        **{"bloom_filter_data": bits, "consumer_group": "G", "topic": "T"} | data
    )
    return {"T": FilterDataOfTopic(topic="T", group_filter_data={"G": known})}


def test_who_was_there_when_the_file_was_written_has_left() -> None:
    filters = Filters()
    assert filters.load(held(born_time=10))
    known = filters.of()
    assert known is not None
    assert (known.dead, known.dead_time) == (True, 1_000_000 - SEEN_BEFORE_LOADING_MS)
    filters = Filters()
    filters.load(held(born_time=999_999))
    known = filters.of()
    assert known is not None
    assert known.dead_time == 999_999


@pytest.mark.parametrize(
    "bits", [None, BloomBits(bit_num=64, bit_pos=[1, 2, 3]), BloomBits(bit_num=112)]
)
def test_a_file_with_other_bits_is_not_taken(bits: BloomBits | None) -> None:
    filters = Filters()
    assert not filters.load(held(bloom_filter_data=bits))
    assert filters.topics() == []
