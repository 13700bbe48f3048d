from typing import Any

import pytest
from admin_kit import AdminCluster, told
from client_kit import result_of

from twistedmq.admin.client import Admin
from twistedmq.admin.statistics import Flow, Statistics, day_sum
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol.bodies.groups import ConsumeStats, GroupList, OffsetWrapper
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.tables import BrokerStatsData, BrokerStatsItem
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command

PUT = BrokerStatsData(
    stats_minute=BrokerStatsItem(tps=1.5, sum=9), stats_hour=BrokerStatsItem(sum=90)
)
GET = BrokerStatsData(
    stats_minute=BrokerStatsItem(tps=0.5, sum=3), stats_day=BrokerStatsItem(sum=300)
)


def view(address: str, header: Any, body: bytes) -> Command:
    if header.stats_key == "T":
        return told(PUT)
    if header.stats_key == "T@G":
        return told(GET)
    return Command(code=ResponseCode.SYSTEM_ERROR, remark="not exist")


@pytest.fixture
def cluster() -> AdminCluster:
    cluster = AdminCluster(brokers=2)
    cluster.create("T")
    cluster.answers[RequestCode.VIEW_BROKER_STATS_DATA] = view
    cluster.answers[RequestCode.QUERY_TOPIC_CONSUME_BY_WHO] = told(
        GroupList(group_list=["G", "new"])
    )
    offsets = {
        MessageQueue("T", "b", 0): OffsetWrapper(broker_offset=5, consumer_offset=2),
        MessageQueue("T", "b", 1): OffsetWrapper(broker_offset=5, consumer_offset=6),
    }
    cluster.answers[RequestCode.GET_CONSUME_STATS] = told(
        ConsumeStats(offset_table=offsets)
    )
    return cluster


@pytest.fixture
def statistics(cluster: AdminCluster) -> Statistics:
    return result_of(Admin(settings=cluster.settings()).start()).statistics  # type: ignore[no-any-return]


def test_what_all_masters_count_is_added_up(
    cluster: AdminCluster, statistics: Statistics
) -> None:
    assert result_of(statistics.flows("T")) == [
        Flow("T", "G", 6, 3.0, 1.0, 180, 600),
        Flow("T", "new", 6, 3.0, 0.0, 180, 0),
    ]
    assert len(cluster.asked(RequestCode.GET_CONSUME_STATS)) == 4


def test_a_topic_may_have_no_consumer(
    cluster: AdminCluster, statistics: Statistics
) -> None:
    cluster.answers[RequestCode.QUERY_TOPIC_CONSUME_BY_WHO] = told(GroupList())
    assert result_of(statistics.flows("T")) == [
        Flow("T", None, 0, 3.0, 0.0, 180, 0),
    ]
    with pytest.raises(RouteNotFoundError):
        result_of(statistics.flows("NOPE"))


def test_a_young_broker_has_no_day_yet() -> None:
    assert [day_sum(data) for data in (PUT, GET, BrokerStatsData())] == [90, 300, 0]
