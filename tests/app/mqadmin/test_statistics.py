import json

import pytest
from admin_kit import AdminCluster, mqadmin, told

from twistedmq.protocol.bodies.groups import ConsumeStats, GroupList
from twistedmq.protocol.bodies.tables import BrokerStatsData, BrokerStatsItem
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command

QUIET = Command(code=ResponseCode.SYSTEM_ERROR, remark="not exist")


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.create("T")
    cluster.create("%RETRY%G")
    minute = BrokerStatsItem(tps=1.256, sum=9)
    cluster.answers |= {
        RequestCode.VIEW_BROKER_STATS_DATA: told(BrokerStatsData(stats_minute=minute)),
        RequestCode.QUERY_TOPIC_CONSUME_BY_WHO: told(GroupList(group_list=["G"])),
        RequestCode.GET_CONSUME_STATS: told(ConsumeStats()),
    }
    return cluster


def test_what_goes_through_is_shown(cluster: AdminCluster) -> None:
    head, row, other = mqadmin(cluster, "statsAll").lines
    assert head == (
        f"{'#Topic':64}  {'#Consumer Group':64} #Accumulation      #InTPS     #OutTPS"
        "   #InMsg24Hour  #OutMsg24Hour"
    )
    assert row == (
        f"{'T':64}  {'G':64} {0:12d} {'1.26':>11} {'1.26':>11} {9:14d} {9:14d}"
    )
    assert other.startswith("TBW102 ")
    [flow] = json.loads(mqadmin(cluster, "statsAll -t T --json").out)
    assert flow == {
        "topic": "T",
        "group": "G",
        "lag": 0,
        "in_per_s": 1.256,
        "out_per_s": 1.256,
        "in_24h": 9,
        "out_24h": 9,
    }


def test_a_topic_may_have_no_consumer(cluster: AdminCluster) -> None:
    cluster.answers[RequestCode.QUERY_TOPIC_CONSUME_BY_WHO] = told(GroupList())
    _, row = mqadmin(cluster, "statsAll -t T").lines
    assert row.split() == ["T", "0", "1.26", "9", "NO_CONSUMER"]


def test_quiet_topics_can_be_left_out(cluster: AdminCluster) -> None:
    cluster.answers[RequestCode.VIEW_BROKER_STATS_DATA] = QUIET
    assert len(mqadmin(cluster, "statsAll").lines) == 3
    assert len(mqadmin(cluster, "statsAll -a").lines) == 1


def test_a_topic_that_is_not_there_is_told(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "statsAll -t NOPE")
    assert (said.status, len(said.lines)) == (3, 1)
    assert said.err == "mqadmin: there is no topic 'NOPE'\n"


def test_topics_that_can_be_asked_about_are_shown(cluster: AdminCluster) -> None:
    cluster.topics["gone"] = {}
    cluster.refuse[RequestCode.GET_CONSUME_STATS] = ResponseCode.SYSTEM_BUSY, "busy"
    said = mqadmin(cluster, "statsAll")
    assert (said.status, len(said.lines)) == (3, 1)
    assert said.err.count("SYSTEM_BUSY") == 2
