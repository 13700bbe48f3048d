import pytest
from write_side import NOW_MS, WriteSide, send_frame

from twistedmq.broker.send.admission import SPECIAL_PROPERTIES
from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.bodies import (
    MessageQueue,
    SubscriptionGroupConfig,
    TopicConfig,
    TopicFilterType,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.errors import TopicNotFoundError
from twistedmq.protocol.names import SCHEDULE_TOPIC
from twistedmq.protocol.properties import parse
from twistedmq.protocol.send_decoding import DecodedSends, SendDecoder

PEER = b"\x7f\0\0\1" + (4711).to_bytes(4)
UNIQUE = "UNIQ_KEY\x01U1\x02"


@pytest.fixture
def side() -> WriteSide:
    side = WriteSide()
    side.topics.create_if_absent("T", 4)
    return side


def decode(*frames: bytes) -> DecodedSends:
    return SendDecoder(b"CLUSTER\x01c1\x02", lambda: "made", SPECIAL_PROPERTIES).decode(
        frames, PEER
    )


def problem(side: WriteSide, frame: bytes) -> tuple[int, str]:
    [error] = side.admission.admit(decode(frame)).values()
    return error.code, str(error)


def admitted(side: WriteSide, *frames: bytes) -> DecodedSends:
    sends = decode(*frames)
    assert side.admission.admit(sends) == {}
    return sends


def test_what_was_looked_at_once_is_plain_from_then_on(side: WriteSide) -> None:
    sends = decode(send_frame("T"), send_frame("T"))
    assert not side.admission.is_plain(sends)
    assert side.admission.admit(sends) == {}
    assert side.admission.is_plain(sends)
    other_queue = decode(send_frame("T"), send_frame("T", queue_id=3))
    assert side.admission.is_plain(other_queue)
    no_queue = decode(send_frame("T"), send_frame("T", queue_id=4))
    assert not side.admission.is_plain(no_queue)


@pytest.mark.parametrize(
    "frame",
    [
        send_frame("T", b""),
        send_frame("T", b"x" * 1001),
        send_frame("T", properties="K\x01" + "v" * 32_768 + "\x02"),
        send_frame("T", sys_flag=4),
        send_frame("T", properties="DELAY\x013\x02" + UNIQUE),
        send_frame("T", queue_id=-1),
        send_frame("T", queue_id=4),
        send_frame("T2"),
    ],
)
def test_what_is_unusual_is_not_plain(side: WriteSide, frame: bytes) -> None:
    admitted(side, send_frame("T"))
    assert not side.admission.is_plain(decode(send_frame("T"), frame))


def test_a_changed_topic_is_looked_at_again(side: WriteSide) -> None:
    sends = admitted(side, send_frame("T"))
    side.topics.create_if_absent("Other")
    assert side.admission.is_plain(sends)
    side.topics.update(TopicConfig(topic_name="T", perm=4))
    assert not side.admission.is_plain(sends)


def test_changed_settings_are_looked_at_again(side: WriteSide) -> None:
    sends = admitted(side, send_frame("T"))
    side.identity.replace(permission=4)
    assert not side.admission.is_plain(sends)


def test_a_topic_is_created_on_the_way(side: WriteSide) -> None:
    admitted(side, send_frame("New", default_topic_queue_nums=3))
    config = side.topics.get("New")
    assert config is not None
    assert config.write_queue_nums == 3


@pytest.mark.parametrize("template", ["TBW102", "c1", "b1", "Template"])
def test_where_topics_are_not_created_no_template_makes_one(
    side: WriteSide, template: str
) -> None:
    side.topics.put(TopicConfig(topic_name="Template", perm=7))
    side.topic_defaults.replace(auto_create=False)
    refused = side.admission.admit(decode(send_frame("New", default_topic=template)))
    assert [type(error) for error in refused.values()] == [TopicNotFoundError]
    assert "New" not in side.topics
    admitted(side, send_frame("%RETRY%g", default_topic=template))
    assert "%RETRY%g" in side.topics


def test_a_queue_is_chosen_where_the_producer_does_not(side: WriteSide) -> None:
    queues = {
        admitted(side, send_frame("T", queue_id=-1)).batch.queue_ids[0]
        for _ in range(50)
    }
    assert queues == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("frame", "code", "remark"),
    [
        (
            send_frame("T", queue_id=4),
            ResponseCode.INVALID_PARAMETER,
            "request queueId[4] is illegal, TopicConfig [topicName=T, "
            "readQueueNums=4, writeQueueNums=4, perm=RW-, "
            "topicFilterType=SINGLE_TAG, topicSysFlag=0, order=false, "
            "attributes={}] Producer: 127.0.0.1:4711",
        ),
        (
            send_frame("New", default_topic="Nope"),
            ResponseCode.TOPIC_NOT_EXIST,
            "topic[New] not exist, apply first please!",
        ),
        (send_frame("bad topic!"), ResponseCode.INVALID_PARAMETER, "illegal charact"),
        (send_frame("x" * 128), ResponseCode.INVALID_PARAMETER, "max length: 127"),
        (
            send_frame("%DLQ%" + "x" * 128),
            ResponseCode.MESSAGE_ILLEGAL,
            "more than 127 bytes",
        ),
        (
            send_frame("SELF_TEST_TOPIC"),
            ResponseCode.NO_PERMISSION,
            "Sending message to topic[SELF_TEST_TOPIC] is forbidden.",
        ),
        (send_frame("T", b""), ResponseCode.MESSAGE_ILLEGAL, "no body"),
        (
            send_frame("T", b"x" * 1001),
            ResponseCode.MESSAGE_ILLEGAL,
            "msg body length limit 1000B",
        ),
        (
            send_frame("T", properties="K\x01" + "v" * 32_768 + "\x02"),
            ResponseCode.MESSAGE_ILLEGAL,
            "msg properties length limit 32767B",
        ),
        (
            send_frame("T", properties="DELAY\x01soon\x02"),
            ResponseCode.MESSAGE_ILLEGAL,
            "DELAY=soon: a delay level is a number",
        ),
        (
            send_frame("T", properties="DELAY\x01soon\x02TRAN_MSG\x01true\x02"),
            ResponseCode.MESSAGE_ILLEGAL,
            "DELAY=soon",  # it would be stuck as a half that cannot be committed
        ),
        (
            send_frame("T", properties="DELAY\x013\x02K\x01" + "v" * 32_715 + "\x02"),
            ResponseCode.MESSAGE_ILLEGAL,
            "with what the broker adds, the message's properties have 32",
        ),
        (send_frame("T", sys_flag=0x80), ResponseCode.MESSAGE_ILLEGAL, "INNER_BATCH"),
        (
            send_frame("T", properties="INNER_NUM\x013\x02"),
            ResponseCode.MESSAGE_ILLEGAL,
            "INNER_BATCH",
        ),
    ],
)
def test_what_may_not_be_stored_is_told_why(
    side: WriteSide, frame: bytes, code: int, remark: str
) -> None:
    got_code, got_remark = problem(side, frame)
    assert got_code == code
    assert remark in got_remark


@pytest.mark.parametrize("properties", ["DELAY\x010\x02", "TRAN_MSG\x01false\x02"])
def test_properties_that_ask_for_nothing_are_let_through(
    side: WriteSide, properties: str
) -> None:
    admitted(side, send_frame("T", properties=properties + UNIQUE))


def test_a_bad_request_leaves_its_neighbours_alone(side: WriteSide) -> None:
    frames = [send_frame("T"), send_frame("T", queue_id=9), send_frame("T")]
    assert list(side.admission.admit(decode(*frames))) == [1]


def test_a_read_only_topic_takes_nothing(side: WriteSide) -> None:
    side.topics.update(TopicConfig(topic_name="T", perm=4))
    code, remark = problem(side, send_frame("T"))
    assert code == ResponseCode.NO_PERMISSION
    assert remark == "the topic[T] sending message is forbidden"


def test_a_read_only_broker_takes_nothing_for_ordered_topics(side: WriteSide) -> None:
    side.identity.replace(permission=4)
    admitted(side, send_frame("T"))
    side.topics.mark_ordered(["T"])
    code, remark = problem(side, send_frame("T"))
    assert code == ResponseCode.NO_PERMISSION
    assert remark == "the broker[broker-a] sending message is forbidden"


def test_nothing_is_taken_before_the_time_that_was_set(side: WriteSide) -> None:
    side.send_config.replace(accept_from_ms=NOW_MS + 1)
    code, remark = problem(side, send_frame("T"))
    assert code == ResponseCode.SYSTEM_ERROR
    assert "broker unable to service, until" in remark
    side.send_config.replace(accept_from_ms=NOW_MS)
    admitted(side, send_frame("T"))


def test_a_topic_without_queues_to_write_takes_nothing(side: WriteSide) -> None:
    side.topics.update(TopicConfig(topic_name="T", write_queue_nums=0))
    code, _ = problem(side, send_frame("T", queue_id=-1))
    assert code == ResponseCode.INVALID_PARAMETER


def test_many_tags_are_marked_in_the_record(side: WriteSide) -> None:
    kind = TopicFilterType.MULTI_TAG
    side.topics.update(TopicConfig(topic_name="T", topic_filter_type=kind))
    sends = admitted(side, send_frame("T", sys_flag=1))
    assert sends.batch.sys_flags == [3]
    assert not side.admission.is_plain(sends)


def test_the_mark_of_a_pop_is_not_the_senders_to_write(side: WriteSide) -> None:
    sends = admitted(side, send_frame("T", properties="POP_CK\x01x\x02A\x01b\x02"))
    kept = parse(sends.batch.properties[0])
    assert "POP_CK" not in kept
    assert kept["A"] == "b"
    assert kept["CLUSTER"] == "c1"


@pytest.mark.parametrize(("priority", "queue"), [(0, 0), (2, 2), (9, 3)])
def test_a_priority_is_the_number_of_a_queue(
    side: WriteSide, priority: int, queue: int
) -> None:
    properties = f"_SYS_MSG_PRIORITY_\x01{priority}\x02"
    frame = send_frame("T", queue_id=1, properties=properties + UNIQUE)
    batch = admitted(side, frame).batch
    assert batch.queue_ids == [queue]
    assert parse(batch.properties[0])["_SYS_MSG_PRIORITY_"] == str(priority)
    again = decode(frame)
    assert not side.admission.is_plain(again)


def test_a_priority_does_not_move_a_message_that_has_an_order(side: WriteSide) -> None:
    properties = "_SYS_MSG_PRIORITY_\x013\x02__SHARDINGKEY\x01a\x02" + UNIQUE
    batch = admitted(side, send_frame("T", queue_id=1, properties=properties)).batch
    assert batch.queue_ids == [1]
    assert "_SYS_MSG_PRIORITY_" not in parse(batch.properties[0])


def test_a_priority_that_cannot_be_read_does_nothing(side: WriteSide) -> None:
    properties = "_SYS_MSG_PRIORITY_\x01high\x02" + UNIQUE
    batch = admitted(side, send_frame("T", queue_id=1, properties=properties)).batch
    assert batch.queue_ids == [1]


def batch_frame(topic: str, *bodies: bytes, **fields: int) -> bytes:
    items = [
        BatchItem(flag=0, body=body, properties=UNIQUE.encode()) for body in bodies
    ]
    code = RequestCode.SEND_BATCH_MESSAGE
    return send_frame(topic, encode_batch(items), code=code, **fields)


def test_a_batch_goes_to_one_queue(side: WriteSide) -> None:
    sends = admitted(side, batch_frame("T", b"a", b"b", b"c", queue_id=-1))
    assert len(sends.batch) == 3
    assert len(set(sends.batch.queue_ids)) == 1
    assert sends.batch.queue_ids[0] >= 0
    assert not side.admission.is_plain(sends)


def test_a_batch_is_limited_as_a_whole(side: WriteSide) -> None:
    code, remark = problem(side, batch_frame("T", b"x" * 600, b"x" * 600))
    assert code == ResponseCode.MESSAGE_ILLEGAL
    assert "the limit is 1000B" in remark


def test_a_batch_cannot_go_to_a_retry_topic(side: WriteSide) -> None:
    code, remark = problem(side, batch_frame("%RETRY%g", b"a", b"b"))
    assert code == ResponseCode.MESSAGE_ILLEGAL
    assert remark == "batch request does not support retry group %RETRY%g"


class TestRetry:
    """Consumers themselves send to retry topics what they could not send back."""

    def test_it_waits_as_long_as_the_consumer_says(self, side: WriteSide) -> None:
        properties = "DELAY\x013\x02RETRY_TOPIC\x01T\x02TIMER_DELAY_SEC\x019\x02"
        frame = send_frame("%RETRY%g", properties=properties, reconsume_times=2)
        sends = admitted(side, frame)
        assert (sends.batch.topics, sends.batch.queue_ids) == ([SCHEDULE_TOPIC], [2])
        stored = parse(sends.batch.properties[0])
        assert (stored["REAL_TOPIC"], stored["REAL_QID"]) == ("%RETRY%g", "0")
        assert (stored["DELAY"], stored["RETRY_TOPIC"]) == ("3", "T")
        assert "TIMER_DELAY_SEC" not in stored
        assert "g" in side.groups
        assert "%RETRY%g" in side.topics

    def test_its_topic_needs_no_template(self, side: WriteSide) -> None:
        admitted(side, send_frame("%RETRY%g", default_topic="Nope"))

    @pytest.mark.parametrize(
        ("times", "limit", "topic"),
        [(16, None, "%RETRY%g"), (17, None, "%DLQ%g"), (3, 2, "%DLQ%g")],
    )
    def test_it_is_given_up_in_the_end(
        self, side: WriteSide, times: int, limit: int | None, topic: str
    ) -> None:
        frame = send_frame("%RETRY%g", reconsume_times=times, max_reconsume_times=limit)
        assert admitted(side, frame).batch.topics == [topic]
        delayed = send_frame(
            "%RETRY%g",
            reconsume_times=times,
            max_reconsume_times=limit,
            properties="DELAY\x013\x02",
        )
        batch = admitted(side, delayed).batch
        real = parse(batch.properties[0]).get("REAL_TOPIC", batch.topics[0])
        assert real == topic
        assert (batch.topics[0] == SCHEDULE_TOPIC) == topic.startswith("%RETRY%")
        assert topic in side.topics

    def test_the_group_says_how_often(self, side: WriteSide) -> None:
        side.groups.put(SubscriptionGroupConfig(group_name="g", retry_max_times=1))
        frame = send_frame("%RETRY%g", reconsume_times=2)
        assert admitted(side, frame).batch.topics == ["%DLQ%g"]

    def test_a_group_that_consumes_in_order_gives_up_at_once(
        self, side: WriteSide
    ) -> None:
        side.locks.lock("g", [MessageQueue("T", "broker-a", 0)], "c")
        assert admitted(side, send_frame("%RETRY%g")).batch.topics == ["%DLQ%g"]

    def test_an_unknown_group_is_told_as_such(self, side: WriteSide) -> None:
        side.group_defaults.replace(auto_create=False)
        code, _ = problem(side, send_frame("%RETRY%g"))
        assert code == ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST


def bundle(number: str = "2", **fields: object) -> bytes:
    properties = f"{UNIQUE}INNER_NUM\x01{number}\x02"
    return send_frame("Bundles", sys_flag=0xC0, properties=properties, **fields)


def test_a_batch_topic_takes_messages_that_hold_several(side: WriteSide) -> None:
    side.topics.put(
        TopicConfig(topic_name="Bundles", attributes={"queue.type": "BatchCQ"})
    )
    assert set(side.admission.batch_topics) == {"Bundles"}
    sends = admitted(side, bundle())
    assert sends.batch.sys_flags == [0xC0]
    assert not side.admission.is_plain(sends)
    for number in ("0", "x", "32768", ""):
        assert "a message holds 1 to 32767" in problem(side, bundle(number))[1]
    side.topics.delete("Bundles")
    side.topics.create_if_absent("Bundles", 4)
    assert "queue.type=BatchCQ" in problem(side, bundle())[1]
