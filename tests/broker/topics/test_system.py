from write_side import genuine_pairs

from twistedmq.broker.topics.system import SystemTopics
from twistedmq.config.broker import BrokerIdentity, TopicDefaults
from twistedmq.protocol.bodies import TopicConfig

IDENTITY = BrokerIdentity(cluster_name="DefaultCluster", broker_name="broker-a")


def configs(**defaults: bool) -> dict[str, TopicConfig]:
    wanted = SystemTopics(IDENTITY, TopicDefaults(**defaults)).configs()
    return {config.topic_name: config for config in wanted}


def test_they_are_those_that_a_genuine_broker_registers_when_it_starts() -> None:
    request, _ = genuine_pairs("register_broker")[0]
    wrapper = request["body_json"]["topicConfigSerializeWrapper"]
    genuine = wrapper["topicConfigTable"]
    ours = configs(trace_topic=True)
    assert set(ours) == set(genuine)
    for name, theirs in genuine.items():
        assert ours[name].perm == theirs["perm"], name
        if name != "TBW102":  # that broker was told other numbers
            assert ours[name].write_queue_nums == theirs["writeQueueNums"], name
            assert ours[name].read_queue_nums == theirs["readQueueNums"], name


def test_some_exist_only_where_settings_say_so() -> None:
    assert "TBW102" not in configs(auto_create=False)
    assert "RMQ_SYS_TRACE_TOPIC" in configs(trace_topic=True)
    assert configs(cluster_topic=False)["DefaultCluster"].perm == 1
    assert configs(broker_topic=False)["broker-a"].perm == 1


def test_names_of_the_system_are_known() -> None:
    system = SystemTopics(IDENTITY, TopicDefaults())
    for topic in ("DefaultCluster", "broker-a", "TBW102", "rmq_sys_whatever"):
        assert topic in system
    for topic in ("Orders", "%RETRY%g", "broker-b"):
        assert topic not in system
