import json

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import NAME_SERVER

from twistedmq.protocol.bodies.groups import GroupList
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


def test_a_topic_is_made_on_a_broker(cluster: AdminCluster) -> None:
    said = mqadmin(
        cluster, f"updateTopic -b {BROKER} -t NEW -r 1 -w 2 -p 4 -a +message.type=FIFO"
    )
    assert said.lines == [
        f"create topic to {BROKER} success.",
        "TopicConfig [topicName=NEW, readQueueNums=1, writeQueueNums=2, perm=R--, "
        "topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false, "
        "attributes={+message.type=FIFO}]",
    ]
    [(address, header)] = cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)
    assert address == BROKER
    assert (header.topic, header.read_queue_nums, header.perm) == ("NEW", 1, 4)
    assert (header.attributes, header.order) == ("+message.type=FIFO", False)


def test_a_topic_is_made_on_a_cluster() -> None:
    cluster = AdminCluster(brokers=2)
    said = mqadmin(cluster, "updateTopic -c DefaultCluster -t NEW -u true -s true")
    assert said.lines[:2] == [
        "create topic to 192.0.2.10:10911 success.",
        "create topic to 192.0.2.11:10911 success.",
    ]
    assert "readQueueNums=8" in said.lines[2]
    assert "topicSysFlag=3" in said.lines[2]
    again = mqadmin(cluster, "updateTopic -c DefaultCluster -t NEW --json")
    assert json.loads(again.out) == {
        "topic": "NEW",
        "brokers": ["192.0.2.10:10911", "192.0.2.11:10911"],
        "read_queues": 8,
        "write_queues": 8,
        "perm": "RW-",
        "order": False,
        "attributes": {},
    }


def test_the_order_of_a_topic_is_kept_by_the_name_servers() -> None:
    cluster = AdminCluster(brokers=2)
    cluster.answers[RequestCode.GET_KV_CONFIG] = told(value="broker-0:4;other:2")
    cluster.answers[RequestCode.PUT_KV_CONFIG] = told()
    said = mqadmin(cluster, f"updateTopic -b {BROKER} -t NEW -w 3 -o true")
    assert said.lines[:2] == [
        "set broker orderConf. isOrder=true, orderConf=[broker-0:3]",
        f"create topic to {BROKER} success.",
    ]
    said = mqadmin(cluster, "updateTopic -c DefaultCluster -t NEW -o true")
    both = "broker-0:8;broker-1:8"
    assert f"set cluster orderConf. isOrder=true, orderConf=[{both}]" in said.lines
    kept = cluster.asked(RequestCode.PUT_KV_CONFIG)
    assert [address for address, _ in kept] == [NAME_SERVER] * 2
    assert [header.value for _, header in kept] == ["broker-0:3;other:2", both]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("-t bad/topic", "illegal characters"),
        ("-t T -p 9", "perm is 9"),
        ("-t T -a message.type=FIFO", "attributes: 'message.type=FIFO' in"),
        ("-t T -a +a=", "attributes: '+a=' in '+a='"),
        ("-t T -a -a,-a", "attributes: '-a' in '-a,-a'"),
    ],
)
def test_what_is_not_allowed_is_told_before_anything_is_sent(
    cluster: AdminCluster, options: str, problem: str
) -> None:
    said = mqadmin(cluster, f"updateTopic -b {BROKER} {options}")
    assert (said.status, said.out) == (1, "")
    assert problem in said.err
    assert not cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)


def test_a_cluster_that_is_not_there_is_told(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "updateTopic -c nowhere -t T")
    assert (said.status, said.out) == (3, "")
