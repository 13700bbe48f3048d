import json

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import WALL_MS

from twistedmq.app.mqadmin.times import to_the_ms
from twistedmq.protocol.bodies.groups import GroupList
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.topics import TopicOffset, TopicStatsTable
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command

BROKER = "192.0.2.10:10911"


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.create("T", queues=2)
    return cluster


def test_topics_are_listed(cluster: AdminCluster) -> None:
    assert mqadmin(cluster, "topicList").lines == ["T", "TBW102"]
    assert json.loads(mqadmin(cluster, "topicList --json").out) == ["T", "TBW102"]


def test_topics_are_listed_with_who_consumes_them(cluster: AdminCluster) -> None:
    cluster.create("%RETRY%G")
    cluster.answers[RequestCode.QUERY_TOPIC_CONSUME_BY_WHO] = told(
        GroupList(group_list=["G2", "G1"])
    )
    head, *rows = mqadmin(cluster, "topicList -c").lines
    assert head == f"{'#Cluster Name':20}  {'#Topic':48}  {'#Consumer Group':48}"
    assert [row.split() for row in rows] == [
        ["T", "G1"],
        ["T", "G2"],
        ["TBW102", "G1"],
        ["TBW102", "G2"],
    ]
    assert {len(row) for row in rows} == {20 + 2 + 64 + 2 + 64}
    found = json.loads(mqadmin(cluster, "topicList -c --json").out)
    assert found[0] == {"topic": "T", "cluster": "", "groups": ["G1", "G2"]}


def test_a_topic_that_is_gone_by_now_is_an_empty_row(cluster: AdminCluster) -> None:
    cluster.answers[RequestCode.QUERY_TOPIC_CONSUME_BY_WHO] = Command(
        code=ResponseCode.SYSTEM_BUSY, remark="busy"
    )
    cluster.topics["gone"] = {}
    said = mqadmin(cluster, "topicList -c")
    assert said.status == 3
    assert [line.split() for line in said.lines[1:]] == [["T"], ["TBW102"], ["gone"]]
    assert said.err.count("SYSTEM_BUSY") == 2


def test_a_route_is_shown_as_json_of_the_genuine_kind(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "topicRoute -t T")
    assert said.out.startswith(
        '{\n\t"brokerDatas":[\n\t\t{\n\t\t\t"brokerAddrs":{\n\t\t\t\t0:"192.0.2.10:109'
    )
    assert said.out.endswith('\t\t\t"writeQueueNums":2\n\t\t}\n\t]\n}\n')


def test_a_route_is_shown_as_a_table(cluster: AdminCluster) -> None:
    head, row, line, total = mqadmin(cluster, "topicRoute -t T -l").lines
    assert head.split() == [
        *("#ClusterName", "#BrokerName", "#BrokerAddrs"),
        *("#ReadQueue", "#WriteQueue", "#Perm"),
    ]
    assert row.split() == ["broker-0", "{0=192.0.2.10:10911}", "2", "2", "6"]
    assert line == "-" * 158
    assert total == f"{'Total:':45} {1:<32} {'':50} {2:<10} {2:<11} {'':5}"


def test_programs_get_a_route(cluster: AdminCluster) -> None:
    route = json.loads(mqadmin(cluster, "topicRoute -t T --json").out)
    assert route == {
        "topic": "T",
        "order": None,
        "brokers": [{"name": "broker-0", "cluster": "", "addresses": {"0": BROKER}}],
        "queues": [
            {"broker": "broker-0", "read_queues": 2, "write_queues": 2, "perm": "RW-"}
        ],
    }


def test_a_topic_without_a_route_is_told(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "topicRoute -t NOPE")
    assert said == (3, "", "mqadmin: no broker serves topic 'NOPE'\n")


def test_the_clusters_of_a_topic_are_listed(cluster: AdminCluster) -> None:
    assert mqadmin(cluster, "topicClusterList -t T").lines == ["DefaultCluster"]
    assert json.loads(mqadmin(cluster, "topicClusterList -t T --json").out) == [
        "DefaultCluster"
    ]


def test_the_ends_of_queues_are_shown(cluster: AdminCluster) -> None:
    ends = {
        MessageQueue("T", "broker-0", 1): TopicOffset(max_offset=7, min_offset=2),
        MessageQueue("T", "broker-0", 0): TopicOffset(last_update_timestamp=WALL_MS),
    }
    stats = TopicStatsTable(offset_table=ends, topic_put_tps=0.5)
    cluster.answers[RequestCode.GET_TOPIC_STATS_INFO] = told(stats)
    head, first, second, blank, tps = mqadmin(cluster, "topicStatus -t T").lines
    assert head == (
        "#Broker Name                      #QID  #Min Offset           "
        "#Max Offset             #Last Updated"
    )
    assert first.split() == ["broker-0", "0", "0", "0", *to_the_ms(WALL_MS).split()]
    assert second == f"{'broker-0':32}  1     2                     7{' ' * 23}"
    assert (blank, tps) == ("", "Topic Put TPS: 0.5")
    said = json.loads(mqadmin(cluster, "topicStatus -t T --json").out)
    assert said["in_per_s"] == 0.5
    assert [queue["last_stored_ms"] for queue in said["queues"]] == [WALL_MS, None]


def test_the_brokers_of_a_cluster_are_asked(cluster: AdminCluster) -> None:
    cluster.create("DefaultCluster")
    cluster.answers[RequestCode.GET_TOPIC_STATS_INFO] = told(TopicStatsTable())
    assert mqadmin(cluster, "topicStatus -t other -c DefaultCluster").status == 0
    [(address, header)] = cluster.asked(RequestCode.GET_TOPIC_STATS_INFO)
    assert (address, header.topic) == (BROKER, "other")


def test_queues_are_dealt_out(cluster: AdminCluster) -> None:
    cluster.create("T", queues=3)
    [line] = mqadmin(cluster, "allocateMQ -t T -i 10.0.0.1,10.0.0.2").lines
    assert json.loads(line)["result"]["10.0.0.2"] == [
        {"brokerName": "broker-0", "queueId": 2, "topic": "T"}
    ]
    shares = json.loads(mqadmin(cluster, "allocateMQ -t T -i b,a --json").out)
    assert {member: len(share) for member, share in shares.items()} == {"a": 1, "b": 2}
