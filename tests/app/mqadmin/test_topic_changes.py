import json
from pathlib import Path

import pytest
from admin_kit import AdminCluster, mqadmin, told
from client_kit import NAME_SERVER

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.topics import CreateTopicListRequestBody, TopicConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command

BROKER = "192.0.2.10:10911"


@pytest.fixture
def cluster(cluster: AdminCluster) -> AdminCluster:
    cluster.create("T", queues=2)
    cluster.answers[RequestCode.GET_TOPIC_CONFIG] = told(
        TopicConfig(topic_name="T", read_queue_nums=2, write_queue_nums=2, order=True)
    )
    return cluster


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


def test_the_topics_of_a_file_are_made(cluster: AdminCluster, tmp_path: Path) -> None:
    cluster.answers[RequestCode.UPDATE_AND_CREATE_TOPIC_LIST] = told()
    file = tmp_path / "topics.json"
    file.write_text('[{"topicName":"A","readQueueNums":2},{"topicName":"B"}]')
    assert mqadmin(cluster, f"updateTopicList -b {BROKER} -f {file}").lines == [
        f"submit batch of topic config to {BROKER} success, "
        "please check the result later."
    ]
    [*_, (_, _, body)] = cluster.bodies
    sent = loose_json.decode(body, type=CreateTopicListRequestBody).topic_config_list
    assert [(each.topic_name, each.read_queue_nums) for each in sent] == [
        ("A", 2),
        ("B", 16),
    ]
    said = mqadmin(cluster, f"updateTopicList -c DefaultCluster -f {file} --json")
    assert json.loads(said.out) == {"topics": ["A", "B"], "brokers": [BROKER]}


@pytest.mark.parametrize(
    ("text", "status", "problem"),
    [
        ("[]", 1, "is an empty array"),
        ("{", 1, "topics.json: list"),
        ('[{"topicName":"a b"}]', 1, "illegal characters"),
        (None, 4, "No such file"),
    ],
)
def test_a_file_of_no_use_is_told(
    cluster: AdminCluster, tmp_path: Path, text: str | None, status: int, problem: str
) -> None:
    file = tmp_path / "topics.json"
    if text is not None:
        file.write_text(text)
    said = mqadmin(cluster, f"updateTopicList -b {BROKER} -f {file}")
    assert (said.status, said.out) == (status, "")
    assert problem in said.err
    assert not cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST)


def test_a_permission_is_changed_and_all_else_stays(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"updateTopicPerm -b {BROKER} -t T -p 4")
    assert said.lines == [
        f"update topic perm from 6 to 4 in {BROKER} success.",
        "TopicConfig [topicName=T, readQueueNums=2, writeQueueNums=2, perm=R--, "
        "topicFilterType=SINGLE_TAG, topicSysFlag=0, order=true, attributes={}].",
    ]
    [(_, header)] = cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)
    assert (header.perm, header.order, header.read_queue_nums) == (4, True, 2)
    said = mqadmin(cluster, "updateTopicPerm -c DefaultCluster -t T -p 2 --json")
    assert json.loads(said.out) == {
        "topic": "T",
        "changed": [{"broker": "broker-0", "before": "RW-", "perm": "-W-"}],
    }


def test_a_permission_that_is_there_stays(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, f"updateTopicPerm -b {BROKER} -t T -p 6")
    assert said == (0, "new perm equals to the old one!\n", "")
    assert not cluster.asked(RequestCode.UPDATE_AND_CREATE_TOPIC)


@pytest.mark.parametrize(
    ("line", "status", "problem"),
    [
        ("-b x:1 -t T -p 4", 3, "there is no master with T 'x:1', only 192.0.2.10"),
        (f"-b {BROKER} -t NOPE -p 4", 3, "no broker serves topic 'NOPE'"),
        (f"-b {BROKER} -t T -p 9", 1, "perm is 9"),
        ("-t T -p 4", 1, "one of -b/--brokerAddr and -c is needed"),
    ],
)
def test_a_permission_cannot_always_be_changed(
    cluster: AdminCluster, line: str, status: int, problem: str
) -> None:
    said = mqadmin(cluster, f"updateTopicPerm {line}")
    assert said.status == status
    assert problem in said.err


def test_a_topic_of_some_brokers_is_changed_there() -> None:
    cluster = AdminCluster(brokers=2)
    cluster.create("T", brokers=["broker-1"])
    cluster.answers[RequestCode.GET_TOPIC_CONFIG] = told(TopicConfig(topic_name="T"))
    said = mqadmin(cluster, "updateTopicPerm -c DefaultCluster -t T -p 4")
    assert said.lines == ["update topic perm from 6 to 4 in 192.0.2.11:10911 success."]


def test_a_topic_is_deleted(cluster: AdminCluster) -> None:
    said = mqadmin(cluster, "deleteTopic -t T -c DefaultCluster")
    assert said.lines == [
        "delete topic [T] from cluster [DefaultCluster] success.",
        "delete topic [T] from NameServer success.",
    ]
    assert cluster.asked(RequestCode.DELETE_TOPIC_IN_BROKER)
    assert mqadmin(cluster, "deleteTopic -t T -c nowhere").status == 3


def test_the_order_of_a_topic_is_put_told_and_deleted(cluster: AdminCluster) -> None:
    for code in (RequestCode.PUT_KV_CONFIG, RequestCode.DELETE_KV_CONFIG):
        cluster.answers[code] = told()
    cluster.answers[RequestCode.GET_KV_CONFIG] = told(value="broker-0:2")
    outs = [
        mqadmin(cluster, f"updateOrderConf -t T {line}").out
        for line in ("-m put -v broker-0:2", "-m get", "-m delete", "-m get --json")
    ]
    assert outs == [
        "update orderConf success. topic=[T], orderConf=[broker-0:2]",
        "get orderConf success. topic=[T], orderConf=[broker-0:2] ",
        "delete orderConf success. topic=[T]",
        '{"topic":"T","order":"broker-0:2"}\n',
    ]


@pytest.mark.parametrize(
    ("line", "status", "problem"),
    [
        ("-m put", 1, "put needs the order"),
        ("-m read", 1, "method is 'read', not one of get, put, delete"),
        ("-m get", 3, "there is no order of topic 'T'"),
    ],
)
def test_an_order_cannot_always_be_worked_on(
    cluster: AdminCluster, line: str, status: int, problem: str
) -> None:
    cluster.answers[RequestCode.GET_KV_CONFIG] = Command(
        code=ResponseCode.QUERY_NOT_FOUND
    )
    said = mqadmin(cluster, f"updateOrderConf -t T {line}")
    assert (said.status, said.out) == (status, "")
    assert problem in said.err
