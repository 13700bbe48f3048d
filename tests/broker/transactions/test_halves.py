from collections.abc import Sequence
from typing import Any

import pytest
from write_side import HOST

from twistedmq.broker.inner.diversion import Diversion, Diversions
from twistedmq.broker.inner.message import InnerMessage, as_batch
from twistedmq.broker.transactions.halves import (
    HalfDiversion,
    commit,
    give_up,
    immunity_ms,
    put_back,
    resume,
)
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import MessageIllegalError, PermissionDeniedError
from twistedmq.protocol.record import Record, decode_record, encode_record

SENT = (
    b"TRAN_MSG\x01true\x02UNIQ_KEY\x01U1\x02PGROUP\x01p\x02TAGS\x01red\x02"
    b"WAIT\x01true\x02"
)
HALF = SENT + b"__transactionId__\x01U1\x02REAL_TOPIC\x01T\x02REAL_QID\x013\x02"


def sent(**changes: Any) -> InnerMessage:
    properties = props.parse(changes.pop("properties", SENT))
    return InnerMessage(
        "T", 3, properties, b"hello", flag=9, **{"sys_flag": 4} | changes
    )


def half(properties: bytes = HALF, **changes: Any) -> Record:
    values = {"topic": "RMQ_SYS_TRANS_HALF_TOPIC", "physical_offset": 700, "flag": 9}
    record = Record(properties=properties, body=b"hello", **values | changes)
    return decode_record(encode_record(record))


def diversion(
    stored: Any = None, later: Sequence[Diversion] = (), **config: Any
) -> HalfDiversion:
    live = Live(TransactionConfig(**config))
    return HalfDiversion(
        live, "10.0.0.7", 300, stored or (lambda _: None), Diversions(later)
    )


def test_a_half_waits_in_the_topic_of_halves() -> None:
    stored: list[str] = []
    diverted = diversion(stored.append)(sent())
    assert diverted is not None
    message = diverted.message
    assert (message.topic, message.queue_id) == ("RMQ_SYS_TRANS_HALF_TOPIC", 0)
    assert (message.sys_flag, message.flag) == (0, 9)
    assert props.format(message.properties) == HALF
    assert stored == []
    assert diverted.when_stored is not None
    diverted.when_stored()
    assert stored == ["T"]


def test_a_half_without_an_id_has_no_transaction_id() -> None:
    diverted = diversion()(sent(properties=b"TRAN_MSG\x01TRUE\x02"))
    assert diverted is not None
    assert props.TRANSACTION_ID not in diverted.message.properties


def test_other_messages_are_no_concern_of_it() -> None:
    message = sent(properties=b"TRAN_MSG\x01no\x02", sys_flag=0)
    assert diversion()(message) is None


def test_a_committed_message_keeps_the_mark_and_is_no_half_again() -> None:
    message = sent(sys_flag=8)
    assert diversion()(message) is None
    assert (message.sys_flag, message.topic) == (8, "T")


def test_what_a_consumer_sends_back_is_no_half_again() -> None:
    message = sent(reconsume_times=1)
    assert diversion()(message) is None
    assert message.sys_flag == 0
    assert props.TRANSACTION_PREPARED not in message.properties


def test_the_mark_of_a_half_alone_is_refused() -> None:
    with pytest.raises(MessageIllegalError, match=r"system flag 4 .* TRAN_MSG"):
        diversion()(sent(properties=b"TAGS\x01red\x02"))


def test_transactions_can_be_refused() -> None:
    with pytest.raises(
        PermissionDeniedError,
        match=r"^the broker\[10.0.0.7\] sending transaction message is forbidden$",
    ):
        diversion(rejected=True)(sent())


def test_a_half_needs_room_for_what_check_backs_add() -> None:
    with pytest.raises(MessageIllegalError, match=r"96 more .* limit 300B"):
        diversion()(sent(properties=SENT + b"long\x01" + b"x" * 100 + b"\x02"))
    grown = put_back(half(queue_offset=2**62), asked=False)
    grown.properties[props.TRANSACTION_CHECK_TIMES] = str(2**31)
    assert len(props.format(grown.properties)) - len(HALF) < 96


def test_a_half_that_could_not_be_committed_is_refused_at_once() -> None:
    def too_far(message: InnerMessage) -> None:
        assert (message.topic, message.sys_flag) == ("T", 8)
        message.properties.clear()
        raise MessageIllegalError("too far")

    asks = sent(properties=SENT + b"TIMER_DELAY_SEC\x019\x02")
    with pytest.raises(MessageIllegalError, match="too far"):
        diversion(later=[too_far])(asks)
    assert props.TIMER_DELAY_SEC in asks.properties
    assert diversion(later=[too_far])(sent()) is not None


def test_a_commit_goes_where_the_half_was_sent_to() -> None:
    record = half(born_ms=17, born_host=HOST, reconsume_times=0)
    message = commit(record, props.parse(record.properties))
    assert (message.topic, message.queue_id) == ("T", 3)
    assert (message.sys_flag, message.flag, message.born_ms) == (8, 9, 17)
    assert message.prepared_offset == 700
    assert message.born_host == HOST
    assert props.format(message.properties) == SENT + b"__transactionId__\x01U1\x02"
    assert as_batch([message]).tags_codes == [props.tags_code("red")]


@pytest.mark.parametrize(
    "place",
    [
        b"",
        b"REAL_TOPIC\x01T\x02",
        b"REAL_QID\x010\x02",
        b"REAL_TOPIC\x01T\x02REAL_QID\x01-1\x02",
    ],
)
def test_a_half_that_says_not_where_cannot_be_committed(place: bytes) -> None:
    with pytest.raises(ValueError, match=r"topic|int"):
        commit(half(), props.parse(SENT + place))


def test_put_back_it_counts_how_often_it_was_asked_about() -> None:
    once = put_back(half(), asked=True)
    assert once.topic == "RMQ_SYS_TRANS_HALF_TOPIC"
    assert once.flag == 9
    assert once.properties[props.TRANSACTION_CHECK_TIMES] == "1"
    twice = put_back(half(props.format(once.properties)), asked=True)
    assert twice.properties[props.TRANSACTION_CHECK_TIMES] == "2"


def test_put_back_because_it_is_young_it_remembers_where_it_was() -> None:
    once = put_back(half(queue_offset=5), asked=False)
    assert props.TRANSACTION_CHECK_TIMES not in once.properties
    twice = put_back(half(props.format(once.properties), queue_offset=8), asked=False)
    assert twice.properties[props.TRANSACTION_PREPARED_QUEUE_OFFSET] == "5"


def test_given_up_and_taken_up_again() -> None:
    lost = give_up(half())
    assert (lost.topic, lost.queue_id) == ("TRANS_CHECK_MAX_TIME_TOPIC", 0)
    again = resume(half(topic=lost.topic))
    assert again.topic == "RMQ_SYS_TRANS_HALF_TOPIC"
    assert again.properties[props.TRANSACTION_CHECK_TIMES] == "0"
    assert again.properties[props.REAL_TOPIC] == "T"


def test_no_half_says_that_it_is_in_light_queues() -> None:
    """A producer may write what it likes, and a genuine broker puts halves there."""
    places = b"INNER_MULTI_DISPATCH\x01%LMQ%a\x02INNER_MULTI_QUEUE_OFFSET\x015\x02"
    diverted = diversion()(sent(properties=SENT + places))
    assert diverted is not None
    stored = half(HALF + places)
    for message in (
        diverted.message,
        put_back(stored, asked=True),
        give_up(stored),
        resume(stored),
    ):
        assert props.INNER_MULTI_QUEUE_OFFSET not in message.properties
        assert message.properties[props.INNER_MULTI_DISPATCH] == "%LMQ%a"


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "9" * 30, "²"])
def test_what_is_no_number_counts_for_nothing(text: str) -> None:
    assert immunity_ms({props.CHECK_IMMUNITY_TIME: text}, 6000) == 6000


def test_how_long_a_producer_wants_not_to_be_asked() -> None:
    assert immunity_ms({}, 6000) is None
    assert immunity_ms({props.CHECK_IMMUNITY_TIME: "60"}, 6000) == 60_000
