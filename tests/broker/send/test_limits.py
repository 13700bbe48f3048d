import pytest

from twistedmq.broker.inner.message import InnerMessage, as_batch
from twistedmq.broker.send.limits import check_bundle, check_queue, check_sizes
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.errors import InvalidParameterError, MessageIllegalError
from twistedmq.protocol.system_flags import INNER_BATCH

PEER = b"\x7f\0\0\x01\0\0\x30\x39"
BATCH_TOPIC = TopicConfig(topic_name="B", attributes={"queue.type": "BatchCQ"})


def check(bodies: list[bytes], topic: str = "T", properties: str = "") -> None:
    held = {"a": properties} if properties else {}
    messages = [InnerMessage(topic, 0, held, body) for body in bodies]
    check_sizes(as_batch(messages), range(len(bodies)), topic, 1000, 100)


def test_what_fits_passes() -> None:
    check([b"x" * 1000])
    check([b"x" * 100, b"", b"y"])
    check([b"x"], "%RETRY%" + "g" * 200)


@pytest.mark.parametrize(
    ("bodies", "topic", "properties", "told"),
    [
        ([b"x" * 1001], "T", "", "its body has 1001 bytes"),
        ([b"x"], "T", "v" * 100, "msg properties length limit 100B"),
        ([b""], "T", "", "it has no body"),
        ([b"x" * 600, b"x" * 600], "T", "", "the limit is 1000B"),
        ([b"x"], "t" * 128, "", "has more than 127 bytes"),
    ],
)
def test_what_is_too_large_is_told_with_the_limit(
    bodies: list[bytes], topic: str, properties: str, told: str
) -> None:
    with pytest.raises(MessageIllegalError, match=told):
        check(bodies, topic, properties)


@pytest.mark.parametrize(("queue_id", "queues"), [(4, 4), (-1, 0)])
def test_a_queue_that_is_not_there_is_refused(queue_id: int, queues: int) -> None:
    config = TopicConfig(
        topic_name="T", write_queue_nums=queues, read_queue_nums=min(queues, 2)
    )
    with pytest.raises(InvalidParameterError, match=r"Producer: 127\.0\.0\.1:12345"):
        check_queue(config, queue_id, PEER)


def test_a_queue_that_may_be_read_may_be_named() -> None:
    config = TopicConfig(topic_name="T", write_queue_nums=1, read_queue_nums=8)
    check_queue(config, 7, PEER)
    check_queue(config, -1, PEER)


def test_several_in_one_need_a_topic_for_that() -> None:
    check_bundle({"INNER_NUM": "2"}, INNER_BATCH, "B", BATCH_TOPIC)
    plain = TopicConfig(topic_name="T")
    for config in (plain, None):
        with pytest.raises(MessageIllegalError, match=r"queue\.type=BatchCQ"):
            check_bundle({"INNER_NUM": "2"}, INNER_BATCH, "T", config)
    with pytest.raises(MessageIllegalError, match="system flag INNER_BATCH"):
        check_bundle({"INNER_NUM": "2"}, 0, "B", BATCH_TOPIC)
    for number in ("", "0", "x", "99999999"):
        with pytest.raises(MessageIllegalError, match="a message holds 1 to"):
            check_bundle({"INNER_NUM": number}, INNER_BATCH, "B", BATCH_TOPIC)
