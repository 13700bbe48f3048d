from typing import Any

import pytest
from admin_kit import AdminCluster, told
from client_kit import NAME_SERVER, FakeCluster, result_of

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.topics import Topics
from twistedmq.client.errors import (
    NoNameServerError,
    RefusedError,
    RouteNotFoundError,
)
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.topics import (
    CreateTopicListRequestBody,
    TopicConfig,
    TopicOffset,
    TopicStatsTable,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import InvalidParameterError, MessageIllegalError


@pytest.fixture
def topics(cluster: FakeCluster) -> Topics:
    cluster.create("T", queues=2)
    return result_of(Admin(settings=cluster.settings()).start()).topics


def asked(cluster: FakeCluster, code: int) -> list[tuple[str, Any]]:
    return [(address, header) for address, c, header in cluster.requests if c == code]


def test_those_of_the_system_are_left_out(cluster: FakeCluster, topics: Topics) -> None:
    system = [
        "%RETRY%G",
        "%DLQ%G",
        "DefaultCluster",
        "DefaultCluster_REPLY_TOPIC",
        "RMQ_SYS_TRACE_TOPIC",
        "broker-0",
        "rmq_sys_x",
    ]
    for name in system:
        cluster.create(name)
    assert result_of(topics.names()) == ["T"]
    everything = result_of(topics.names(system=True))
    assert everything == sorted(["T", "TBW102", *system])


def test_a_topic_is_described(cluster: FakeCluster, topics: Topics) -> None:
    cluster.put("T", "a", "b")
    cluster.put("T", "c", queue_id=1)
    [route] = result_of(topics.routes(["T"]))
    assert len(route.subscribable) == 2
    assert result_of(topics.message_count(route)) == 3
    with pytest.raises(RouteNotFoundError):
        result_of(topics.routes(["T", "NOPE"]))


def test_a_topic_is_made_on_every_master(cluster: FakeCluster, topics: Topics) -> None:
    result_of(topics.create("NEW", queues=3, cluster="DefaultCluster"))
    [(address, header)] = asked(cluster, RequestCode.UPDATE_AND_CREATE_TOPIC)
    assert address == cluster.addresses["broker-0"]
    assert (header.topic, header.perm) == ("NEW", 6)
    assert (header.read_queue_nums, header.write_queue_nums) == (3, 3)


def test_attributes_are_sent_as_changes(cluster: FakeCluster, topics: Topics) -> None:
    wanted = {"queue.type": "BatchCQ", "message.type": "NORMAL"}
    result_of(topics.create("NEW", attributes=wanted))
    result_of(topics.create("OTHER"))
    both = asked(cluster, RequestCode.UPDATE_AND_CREATE_TOPIC)
    changes = "+queue.type=BatchCQ,+message.type=NORMAL"
    assert [header.attributes for _, header in both] == [changes, None]


def test_a_topic_is_deleted_everywhere(cluster: FakeCluster, topics: Topics) -> None:
    result_of(topics.delete("T"))
    brokers = asked(cluster, RequestCode.DELETE_TOPIC_IN_BROKER)
    name_servers = asked(cluster, RequestCode.DELETE_TOPIC_IN_NAMESRV)
    assert [address for address, _ in brokers] == [cluster.addresses["broker-0"]]
    assert [address for address, _ in name_servers] == [NAME_SERVER]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"topic": "bad topic"}, MessageIllegalError),
        ({"queues": 0}, InvalidParameterError),
        ({"perm": 8}, InvalidParameterError),
        ({"cluster": "nowhere"}, InvalidParameterError),
        ({"attributes": {"a=b": "c"}}, InvalidParameterError),
        ({"attributes": {"a": "b,+c=d"}}, InvalidParameterError),
        ({"attributes": {"a": ""}}, InvalidParameterError),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_made(
    cluster: FakeCluster, topics: Topics, wrong: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        result_of(topics.create(**{"topic": "NEW"} | wrong))
    assert not asked(cluster, RequestCode.UPDATE_AND_CREATE_TOPIC)


def test_without_a_master_nothing_can_be_made(
    cluster: FakeCluster, topics: Topics
) -> None:
    cluster.addresses.clear()
    with pytest.raises(NoNameServerError, match="no master"):
        result_of(topics.create("NEW"))


def test_refusals_are_errors(cluster: FakeCluster, topics: Topics) -> None:
    for code in (
        RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
        RequestCode.UPDATE_AND_CREATE_TOPIC,
        RequestCode.DELETE_TOPIC_IN_NAMESRV,
    ):
        cluster.refuse[code] = ResponseCode.NO_PERMISSION, "no"
    for refused in (topics.names(), topics.create("NEW"), topics.delete("T")):
        with pytest.raises(RefusedError):
            result_of(refused)


def test_a_topic_is_deleted_from_one_cluster(
    cluster: FakeCluster, topics: Topics
) -> None:
    result_of(topics.delete("T", cluster="DefaultCluster"))
    [(_, header)] = asked(cluster, RequestCode.DELETE_TOPIC_IN_NAMESRV)
    assert header.cluster_name == "DefaultCluster"
    with pytest.raises(NotThereError):
        result_of(topics.delete("T", cluster="nowhere"))


def test_several_topics_are_made_at_once() -> None:
    cluster = AdminCluster()
    cluster.answers[RequestCode.UPDATE_AND_CREATE_TOPIC_LIST] = told()
    topics = result_of(Admin(settings=cluster.settings()).start()).topics
    both = [TopicConfig(topic_name="A"), TopicConfig(topic_name="B", perm=4)]
    result_of(topics.put_all("x:1", both))
    [(address, _, body)] = cluster.bodies
    sent = loose_json.decode(body, type=CreateTopicListRequestBody)
    assert (address, sent.topic_config_list) == ("x:1", both)
    with pytest.raises(InvalidParameterError):
        result_of(topics.put_all("x:1", [*both, TopicConfig(topic_name="C", perm=9)]))
    with pytest.raises(MessageIllegalError):
        result_of(topics.put_all("x:1", [TopicConfig(topic_name="bad topic")]))
    assert len(cluster.bodies) == 1


def test_what_brokers_say_of_a_topic_is_put_together() -> None:
    cluster = AdminCluster(brokers=2)
    cluster.create("T")

    def stats(address: str, header: Any, body: bytes) -> Command:
        queue = MessageQueue(header.topic, address, 0)
        ends = TopicOffset(min_offset=1, max_offset=5)
        return told(TopicStatsTable(offset_table={queue: ends}, topic_put_tps=1.5))

    cluster.answers[RequestCode.GET_TOPIC_STATS_INFO] = stats
    topics = result_of(Admin(settings=cluster.settings()).start()).topics
    table = result_of(topics.stats("T"))
    brokers = sorted(queue.broker_name for queue in table.offset_table)
    assert brokers == sorted(cluster.addresses.values())
    assert table.topic_put_tps == 3.0
