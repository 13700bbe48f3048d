from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_vectors import recorded

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    ConsumerData,
    ConsumerOffsetSerializeWrapper,
    ConsumeStats,
    ConsumeType,
    DataVersion,
    HeartbeatData,
    MessageModel,
    MessageQueue,
    OffsetWrapper,
    SubscriptionData,
    TopicRouteData,
)
from twistedmq.protocol.errors import FieldError

text = st.text(st.characters(codec="utf-8"))
int64 = st.integers(-(2**63), 2**63 - 1)
queues = st.builds(MessageQueue, text, text, st.integers(0, 2**31 - 1))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: (
        st.lists(inner) | st.dictionaries(text, inner.filter(lambda v: v is not None))
    ),
    max_leaves=12,
)
stats = st.builds(
    ConsumeStats,
    consume_tps=st.floats(0, 1e9),
    offset_table=st.dictionaries(
        queues, st.builds(OffsetWrapper, broker_offset=int64), max_size=4
    ),
)
offsets = st.builds(
    ConsumerOffsetSerializeWrapper,
    data_version=st.builds(DataVersion, counter=int64),
    offset_table=st.dictionaries(
        text, st.dictionaries(st.integers(0, 2**31 - 1), int64, max_size=3), max_size=3
    ),
)


@given(json_values)
def test_plain_values_survive(value: Any) -> None:
    assert loose_json.decode_any(loose_json.encode(value)) == value
    assert loose_json.decode_any(loose_json.encode_strict(value)) == value


@given(stats)
def test_objects_as_keys_survive(value: ConsumeStats) -> None:
    assert loose_json.decode(loose_json.encode(value), type=ConsumeStats) == value
    assert (
        loose_json.decode(loose_json.encode_strict(value), type=ConsumeStats) == value
    )


@given(offsets)
def test_numbers_as_keys_survive(value: ConsumerOffsetSerializeWrapper) -> None:
    kind = ConsumerOffsetSerializeWrapper
    assert loose_json.decode(loose_json.encode(value), type=kind) == value
    assert (
        loose_json.decode(memoryview(loose_json.encode_strict(value)), type=kind)
        == value
    )


def test_every_loose_body_of_the_vectors_is_read() -> None:
    bodies = [
        vector.said["body_text"]
        for vector in recorded()
        if vector.said.get("body_text", "").startswith("{")
    ]
    assert len(bodies) > 30
    for body in bodies:
        value = loose_json.decode_any(body.encode())
        assert loose_json.decode_any(loose_json.encode_strict(value)) == value


def test_a_heartbeat_of_a_client_in_another_language() -> None:
    """Ordinals instead of names, numbers as text, null for nothing."""
    body = b"""{'clientID':'c','consumerDataSet':[{'groupName':'g','messageModel':0,
        'consumeType':1,'subscriptionDataSet':[{topic:'t',subVersion:'5',tagsSet:null}],
        }],producerDataSet:null}"""
    assert loose_json.decode(body, type=HeartbeatData) == HeartbeatData(
        client_id="c",
        consumer_data_set=[
            ConsumerData(
                group_name="g",
                message_model=MessageModel.BROADCASTING,
                consume_type=ConsumeType.CONSUME_PASSIVELY,
                subscription_data_set=[SubscriptionData(topic="t", sub_version=5)],
            )
        ],
    )


def test_a_heartbeat_that_refers_to_what_it_said_before() -> None:
    body = b"""{"consumerDataSet":[{"subscriptionDataSet":[{"topic":"t"}]},
        {"subscriptionDataSet":[
            {"$ref":"$.consumerDataSet[0].subscriptionDataSet[0]"}]}]}"""
    heartbeat = loose_json.decode(body, type=HeartbeatData)
    topics = [d.subscription_data_set[0].topic for d in heartbeat.consumer_data_set]
    assert topics == ["t", "t"]


def test_both_forms_of_a_route() -> None:
    loose = b'{"brokerDatas":[{"brokerAddrs":{0:"a:1"}}]}'
    strict = b'{"brokerDatas":[{"brokerAddrs":{"0":"a:1"}}]}'
    route = loose_json.decode(loose, type=TopicRouteData)
    assert loose_json.decode(strict, type=TopicRouteData) == route
    assert b'{0:"a:1"}' in loose_json.encode(route)
    assert b'{"0":"a:1"}' in loose_json.encode_strict(route)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"1", b'{"clientID":{}}', b'{"producerDataSet":[1]}', b"\xff"],
)
def test_what_is_not_wanted_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(FieldError) as caught:
        loose_json.decode(data, type=HeartbeatData)
    assert caught.value.where == "HeartbeatData"


@pytest.mark.parametrize(
    "key", [b"x", b"1", b"{topic:[]}", b"[]", b"{topic:{}}", b"{queueId:'a'}"]
)
def test_a_key_that_is_no_queue_is_refused(key: bytes) -> None:
    with pytest.raises(FieldError):
        loose_json.decode(b'{"offsetTable":{%b:{}}}' % key, type=ConsumeStats)


def test_a_number_too_large_for_its_field_is_refused() -> None:
    with pytest.raises(FieldError):
        loose_json.decode(b'{"heartbeatFingerprint":4294967296}', type=HeartbeatData)
