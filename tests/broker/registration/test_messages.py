from zlib import crc32

import pytest
from write_side import NOW_MS, WriteSide, command_of, genuine_pairs

from twistedmq.broker.registration.messages import Announcements
from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion, RegisterBrokerBody, TopicConfig
from twistedmq.protocol.bodies.register import decode_register_body
from twistedmq.protocol.codes import CURRENT_VERSION, RequestCode
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.headers import RegisterBrokerRequestHeader

IDENTITY = BrokerIdentity(cluster_name="DefaultCluster", broker_name="broker-a")
ADDRESS, HA = "127.0.0.2:21120", "127.0.0.1:21122"
VERSION = DataVersion(counter=1, timestamp=NOW_MS)


@pytest.fixture
def announce() -> Announcements:
    return Announcements(IDENTITY, ADDRESS, HA)


def test_a_registration_has_the_genuine_fields(announce: Announcements) -> None:
    config = RegistrationConfig(light_heartbeat=True)
    message = announce.register([TopicConfig(topic_name="T1")], VERSION, config)
    request, _ = genuine_pairs("register_broker")[0]
    ours, theirs = encode_fields(message.header), request["header"]["extFields"]
    assert ours.pop("bodyCrc32") == str(crc32(message.body) & 0x7FFFFFFF)
    theirs.pop("bodyCrc32")
    assert ours == theirs
    body = loose_json.decode_any(message.body)
    assert set(body) == set(request["body_json"])
    wrapper = body["topicConfigSerializeWrapper"]
    genuine = request["body_json"]["topicConfigSerializeWrapper"]
    assert set(genuine) <= set(wrapper)
    assert set(wrapper["topicConfigTable"]["T1"]) == set(
        genuine["topicConfigTable"]["SELF_TEST_TOPIC"]
    )


@pytest.mark.parametrize("compressed", [False, True])
def test_a_registration_is_read_as_it_was_written(
    announce: Announcements, compressed: bool
) -> None:
    topics = WriteSide().topics
    topics.update(TopicConfig(topic_name="T", attributes={"+message.type": "FIFO"}))
    config = RegistrationConfig(compressed=compressed)
    configs = topics.snapshot()
    message = announce.register(configs.values(), VERSION, config)
    assert isinstance(message.header, RegisterBrokerRequestHeader)
    assert message.header.compressed is compressed
    assert message.header.enable_acting_master is False
    body: RegisterBrokerBody = decode_register_body(
        message.body, compressed, CURRENT_VERSION
    )
    wrapper = body.topic_config_serialize_wrapper
    assert wrapper.topic_config_table == configs
    assert wrapper.data_version == VERSION


def test_one_topic_by_itself(announce: Announcements) -> None:
    config = TopicConfig(topic_name="TReg", read_queue_nums=2, write_queue_nums=2)
    message = announce.register_topic(config)
    request, _ = genuine_pairs("register_topic_in_namesrv")[0]
    assert message.code == request["code"]
    assert encode_fields(message.header) == request["header"]["extFields"]
    assert loose_json.decode_any(message.body) == request["body_json"]


def test_the_small_messages_are_the_genuine_ones(announce: Announcements) -> None:
    for name, message in (
        ("query_data_version", announce.query_version(VERSION)),
        ("unregister_broker", announce.unregister()),
    ):
        request, _ = genuine_pairs(name)[0]
        assert message.code == request["code"]
        assert encode_fields(message.header) == command_of(request).fields
    heartbeat = announce.heartbeat()
    assert heartbeat.code == RequestCode.BROKER_HEARTBEAT
    request, _ = genuine_pairs("broker_heartbeat")[0]
    assert set(encode_fields(heartbeat.header)) == set(command_of(request).fields)


@pytest.mark.parametrize(("permission", "perm"), [(6, 6), (4, 4), (2, 2), (0, 0)])
def test_a_topic_has_no_permission_that_the_broker_lacks(
    permission: int, perm: int
) -> None:
    announce = Announcements(BrokerIdentity(permission=permission), ADDRESS, HA)
    message = announce.register(
        [TopicConfig(topic_name="T")], VERSION, RegistrationConfig()
    )
    body = loose_json.decode(message.body, type=RegisterBrokerBody)
    table = body.topic_config_serialize_wrapper.topic_config_table
    assert table["T"].perm == perm
