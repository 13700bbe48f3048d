import re
from pathlib import Path

import twistedmq.client
from twistedmq.client.namespace import GROUP_FIELDS, TOPIC_FIELDS, Namespace
from twistedmq.client.namespaced_bodies import (
    ANSWERED,
    ASKED,
    ASKED_BY_BROKERS,
    WITH_RECORDS,
    changed,
)
from twistedmq.client.session import ASKED_BY_BROKERS as CODES_OF_BROKERS
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.assignments import (
    MessageQueueAssignment,
    QueryAssignmentResponseBody,
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.bodies.clients import (
    ConsumerData,
    HeartbeatData,
    LockBatchRequestBody,
    LockBatchResponseBody,
    ProducerData,
)
from twistedmq.protocol.bodies.pop import BatchAck, BatchAckMessageRequestBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.subscriptions import (
    CheckClientRequestBody,
    SubscriptionData,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers import REQUEST_HEADERS

SHOP = Namespace("shop")
WHOLE, BARE = MessageQueue("shop%T", "b", 1), MessageQueue("T", "b", 1)


def codes_of_clients() -> set[int]:
    """Give the codes that appear in the source of the client."""
    sources = Path(twistedmq.client.__file__).parent.glob("*.py")
    text = "".join(each.read_text() for each in sources)
    return {
        RequestCode[name] for name in re.findall(r"RequestCode\.([A-Z0-9_]+)", text)
    }


def test_what_a_client_asks_has_its_names_in_fields_or_bodies_that_are_known() -> None:
    """What is in neither would go out with bare names."""
    for code in codes_of_clients() - set(CODES_OF_BROKERS):
        header = REQUEST_HEADERS.get(code)
        fields = set(header.__struct_fields__) if header is not None else set()
        named = fields & (TOPIC_FIELDS | GROUP_FIELDS)
        assert named or code in ASKED, RequestCode(code).name
        others = {
            field for field in fields - named if field.endswith(("topic", "group"))
        }
        assert others <= {"default_topic"}, RequestCode(code).name  # the system's


def test_what_brokers_ask_and_answer_is_known() -> None:
    assert codes_of_clients() > {*WITH_RECORDS, *ANSWERED}
    assert set(ASKED_BY_BROKERS) < set(CODES_OF_BROKERS)


def asked(code: int, body: object) -> object:
    data = changed(SHOP, ASKED, code, loose_json.encode(body))
    return loose_json.decode(data, type=type(body))


def test_heartbeats() -> None:
    body = HeartbeatData(
        client_id="me",
        producer_data_set=[ProducerData(group_name="P")],
        consumer_data_set=[
            ConsumerData(
                group_name="G",
                subscription_data_set=[
                    SubscriptionData(topic="T"),
                    SubscriptionData(topic="%RETRY%G"),
                ],
            )
        ],
    )
    sent = asked(RequestCode.HEART_BEAT, body)
    assert isinstance(sent, HeartbeatData)
    [producer], [consumer] = sent.producer_data_set, sent.consumer_data_set
    assert (producer.group_name, consumer.group_name) == ("shop%P", "shop%G")
    topics = [each.topic for each in consumer.subscription_data_set]
    assert topics == ["shop%T", "%RETRY%shop%G"]


def test_locks() -> None:
    body = LockBatchRequestBody(client_id="me", consumer_group="G", mq_set=[BARE])
    for code in (RequestCode.LOCK_BATCH_MQ, RequestCode.UNLOCK_BATCH_MQ):
        sent = asked(code, body)
        assert isinstance(sent, LockBatchRequestBody)
        assert (sent.consumer_group, sent.mq_set) == ("shop%G", [WHOLE])
    answer = loose_json.encode(LockBatchResponseBody(lock_ok_mq_set=[WHOLE]))
    got = changed(SHOP, ANSWERED, RequestCode.LOCK_BATCH_MQ, answer)
    [queue] = loose_json.decode(got, type=LockBatchResponseBody).lock_ok_mq_set
    assert queue == BARE


def test_assignments() -> None:
    mode = SetMessageRequestModeRequestBody(consumer_group="G", topic="T")
    sent = asked(RequestCode.SET_MESSAGE_REQUEST_MODE, mode)
    assert isinstance(sent, SetMessageRequestModeRequestBody)
    assert (sent.consumer_group, sent.topic) == ("shop%G", "shop%T")
    assigned = [MessageQueueAssignment(message_queue=WHOLE)]
    for given, expected in ((assigned, [BARE]), (None, [])):
        body = QueryAssignmentResponseBody(message_queue_assignments=given)
        answer = loose_json.encode(body)
        got = changed(SHOP, ANSWERED, RequestCode.QUERY_ASSIGNMENT, answer)
        read = loose_json.decode(got, type=QueryAssignmentResponseBody)
        queues = [each.message_queue for each in read.message_queue_assignments or ()]
        assert queues == expected


def test_acks_and_checks() -> None:
    acks = BatchAckMessageRequestBody(acks=[BatchAck(group="G", topic="T")])
    sent = asked(RequestCode.BATCH_ACK_MESSAGE, acks)
    assert isinstance(sent, BatchAckMessageRequestBody)
    assert (sent.acks[0].group, sent.acks[0].topic) == ("shop%G", "shop%T")
    check = CheckClientRequestBody(
        group="G", subscription_data=SubscriptionData(topic="T")
    )
    seen = asked(RequestCode.CHECK_CLIENT_CONFIG, check)
    assert isinstance(seen, CheckClientRequestBody)
    assert (seen.group, seen.subscription_data.topic) == ("shop%G", "shop%T")


def test_bodies_without_names_stay_as_they_are() -> None:
    assert changed(SHOP, ASKED, RequestCode.SEND_MESSAGE_V2, b"body") == b"body"
    assert changed(SHOP, ASKED, RequestCode.HEART_BEAT, b"") == b""
