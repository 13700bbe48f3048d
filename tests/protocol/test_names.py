import pytest

from twistedmq.protocol import names
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import MessageIllegalError


def test_names_made_of_names() -> None:
    assert names.retry_topic("G") == "%RETRY%G"
    assert names.dlq_topic("G") == "%DLQ%G"
    assert names.reply_topic("C") == "C_REPLY_TOPIC"


def test_kinds_of_names() -> None:
    assert names.is_retry_topic("%RETRY%G")
    assert names.is_dlq_topic("%DLQ%G")
    assert names.is_lmq("%LMQ%q")
    assert names.may_fill_light_queues("orders")
    assert names.fills_light_queues("orders")
    assert not names.fills_light_queues("%RETRY%G")
    assert names.may_fill_light_queues(names.HALF_TOPIC)  # a genuine broker lets it
    assert not names.fills_light_queues(names.HALF_TOPIC)
    assert not names.fills_light_queues(names.TRANSACTION_GIVEN_UP_TOPIC)
    assert not names.may_fill_light_queues("%RETRY%G")
    assert names.may_be_light_queue("%LMQ%a+b.c")
    assert not names.may_be_light_queue("%LMQ%a/b")
    assert not names.may_be_light_queue("%LMQ%a\x01")
    assert not names.may_be_light_queue("%LMQ%" + "x" * 251)
    assert names.is_system_topic("TBW102")
    assert names.is_system_topic("rmq_sys_anything")
    assert not names.is_system_topic("orders")
    assert names.is_system_group("CID_RMQ_SYS_TRANS")
    assert not names.is_system_group("billing")
    assert names.may_send_to("orders")
    assert not names.may_send_to("SCHEDULE_TOPIC_XXXX")


@pytest.mark.parametrize(
    "name", ["a", "A-z_0|9%", "x" * 127, "%RETRY%" + "x" * 248, "%DLQ%" + "x" * 250]
)
def test_allowed_topics(name: str) -> None:
    names.check_topic(name)


@pytest.mark.parametrize(
    "name", ["", "  ", "a b", "ü", "a.b", "a\n", "x" * 128, "%RETRY%" + "x" * 249]
)
def test_refused_topics(name: str) -> None:
    with pytest.raises(MessageIllegalError) as caught:
        names.check_topic(name)
    assert caught.value.code == ResponseCode.MESSAGE_ILLEGAL


@pytest.mark.parametrize("name", ["a", "x" * 120])
def test_allowed_groups(name: str) -> None:
    names.check_group(name)


@pytest.mark.parametrize("name", ["", "\t", "a/b", "x" * 121, "%RETRY%" + "x" * 120])
def test_refused_groups(name: str) -> None:
    with pytest.raises(MessageIllegalError):
        names.check_group(name)
