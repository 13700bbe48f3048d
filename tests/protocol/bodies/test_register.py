import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_vectors import recorded

from twistedmq.protocol.bodies import (
    DataVersion,
    RegisterBrokerBody,
    TopicConfig,
    TopicConfigAndMappingSerializeWrapper,
    TopicQueueMappingInfo,
    register,
)
from twistedmq.protocol.bodies.register import (
    decode_register_body,
    decode_topic,
    encode_register_body,
    encode_topic,
)
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import CURRENT_VERSION, RequestCode
from twistedmq.protocol.errors import FieldError

V4_9 = 399

topics = st.builds(
    TopicConfig,
    topic_name=st.text("abc%_", min_size=1),
    read_queue_nums=st.integers(0, 2000),
    perm=st.integers(0, 7),
    attributes=st.dictionaries(st.text("ab ü"), st.text("ab ü"), max_size=2),
)


def body_of(*given_topics: TopicConfig) -> RegisterBrokerBody:
    return RegisterBrokerBody(
        filter_server_list=["f:1"],
        topic_config_serialize_wrapper=TopicConfigAndMappingSerializeWrapper(
            data_version=DataVersion(counter=3, timestamp=5),
            topic_config_table={topic.topic_name: topic for topic in given_topics},
            topic_queue_mapping_info_map={
                "S": TopicQueueMappingInfo(topic="S", curr_id_map={0: 1})
            },
        ),
    )


@given(st.lists(topics, max_size=3), st.booleans())
def test_what_is_encoded_is_decoded(
    given_topics: list[TopicConfig], packed: bool
) -> None:
    body = body_of(*given_topics)
    raw = encode_register_body(body, packed)
    assert decode_register_body(raw, packed, CURRENT_VERSION) == body


def test_a_broker_before_version_5_sends_no_mappings() -> None:
    body = body_of(TopicConfig(topic_name="T"))
    raw = encode_register_body(body, True)
    wrapper = decode_register_body(raw, True, V4_9).topic_config_serialize_wrapper
    assert set(wrapper.topic_config_table) == {"T"}
    assert wrapper.topic_queue_mapping_info_map == {}


def test_no_body_is_no_topics() -> None:
    assert decode_register_body(b"", True, V4_9) == RegisterBrokerBody()


def test_registrations_of_the_genuine_broker_survive_packing() -> None:
    count = 0
    for vector in recorded():
        if vector.is_request and vector.said["code"] == RequestCode.REGISTER_BROKER:
            command = decode_command(vector.frame[4:])
            body = decode_register_body(command.body, False, command.version)
            assert encode_register_body(body, False) == command.body
            packed = encode_register_body(body, True)
            again = decode_register_body(packed, True, command.version)
            # The packed form has no room for these two.
            wrapper = msgspec.structs.replace(
                body.topic_config_serialize_wrapper,
                mapping_data_version=DataVersion(),
                topic_queue_mapping_detail_map={},
            )
            assert again.topic_config_serialize_wrapper == wrapper
            count += 1
    assert count


def test_the_text_form_of_a_topic() -> None:
    topic = TopicConfig(topic_name="T", perm=6, attributes={"a b": "c"})
    text = 'T 16 16 6 SINGLE_TAG {"a b":"c"}'
    assert encode_topic(topic) == text
    assert decode_topic(text) == topic
    assert decode_topic("T 16 16 6 SINGLE_TAG ").attributes == {}
    assert decode_topic("T 16 16 6 SINGLE_TAG").attributes == {}
    assert decode_topic("T 16 16 6 SINGLE_TAG {torn").attributes == {}


@pytest.mark.parametrize("text", ["", "T 1 2 3", "T a 2 3 SINGLE_TAG", "T 1 2 3 TAG"])
def test_what_is_no_topic_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        decode_topic(text)


def test_a_torn_body_is_refused() -> None:
    whole = zlib.decompress(
        encode_register_body(body_of(TopicConfig(topic_name="T")), True)
    )
    for end in range(len(whole)):
        with pytest.raises(FieldError):
            decode_register_body(zlib.compress(whole[:end]), True, CURRENT_VERSION)


@pytest.mark.parametrize(
    "raw", [b"junk", zlib.compress(b"\xff\xff\xff\xff"), zlib.compress(b"\x7f\0\0\0")]
)
def test_bad_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(FieldError):
        decode_register_body(raw, True, CURRENT_VERSION)


def test_a_small_body_cannot_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(FieldError, match="1000"):
        decode_register_body(zlib.compress(bytes(100_000)), True, CURRENT_VERSION)
