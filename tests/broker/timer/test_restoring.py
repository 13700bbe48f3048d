import pytest

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.timer.restoring import (
    NotTimedError,
    delivered,
    due_time,
    rolled,
)
from twistedmq.protocol import properties as props
from twistedmq.protocol.names import TIMER_TOPIC


def waiting(topic: str = TIMER_TOPIC, **properties: str) -> InnerMessage:
    held = {"TIMER_OUT_MS": "5000", "REAL_TOPIC": "T", "REAL_QID": "3", **properties}
    return InnerMessage(topic, 0, held, b"x")


def test_consumers_get_what_the_genuine_broker_gives_them() -> None:
    message = waiting()
    assert due_time(message.topic, message.properties) == 5000
    message = delivered(waiting(TIMER_DELAY_SEC="3"), 2000, 6047)
    assert (message.topic, message.queue_id) == ("T", 3)
    assert message.properties == {
        "TIMER_OUT_MS": "5000",
        "REAL_TOPIC": "T",
        "REAL_QID": "3",
        "TIMER_DELAY_SEC": "3",
        "TIMER_ENQUEUE_MS": "2000",
        "TIMER_DEQUEUE_MS": "6047",
    }


def test_one_that_rolls_stays_where_it_is() -> None:
    message = rolled(rolled(waiting(), 2000, 3000), 4000, 5000)
    assert (message.topic, message.queue_id) == (TIMER_TOPIC, 0)
    assert message.properties["TIMER_ROLL_TIMES"] == "2"
    assert message.properties["TIMER_ENQUEUE_MS"] == "4000"
    odd = rolled(waiting(TIMER_ROLL_TIMES="x"), 2000, 3000)
    assert odd.properties["TIMER_ROLL_TIMES"] == "1"


def test_a_message_without_room_goes_without_stamps() -> None:
    full = waiting(K="v" * 32_700)
    assert props.TIMER_ENQUEUE_MS not in delivered(full, 2000, 3000).properties


@pytest.mark.parametrize(
    "message",
    [
        waiting("T"),
        waiting(REAL_TOPIC=""),
        waiting(TIMER_OUT_MS=""),
        waiting(TIMER_OUT_MS="-5"),
        waiting(TIMER_OUT_MS="٣"),
    ],
)
def test_what_waits_for_no_time(message: InnerMessage) -> None:
    with pytest.raises(NotTimedError):
        due_time(message.topic, message.properties)


@pytest.mark.parametrize("queue_id", ["", "-1", "x"])
def test_a_queue_that_is_none(queue_id: str) -> None:
    with pytest.raises(NotTimedError, match="REAL_QID"):
        delivered(waiting(REAL_QID=queue_id), 1, 2)
