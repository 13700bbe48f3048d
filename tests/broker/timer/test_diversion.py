from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.timer.diversion import (
    DelayTooLongError,
    SlotFullError,
    TimerDiversion,
    TimersOffError,
)
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import TIMER_TOPIC
from twistedmq.protocol.recall_handle import RecallHandle, parse_recall_handle
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_PREPARED,
    TRANSACTION_ROLLBACK,
)
from twistedmq.store.timer.slots import Slot

NOW_MS = 1_795_698_266_500


class Side:
    def __init__(self, **config: Any) -> None:
        self.wheel = Wheel(config.get("grain_ms", 1000))
        self.coming = 0
        self.divert = TimerDiversion(
            wheel=self.wheel,
            config=Live(TimerConfig(**config)),
            identity=Live(BrokerIdentity(broker_name="both")),
            wall_ms=lambda: NOW_MS,
            random=Random(7),
            coming=self.count,
        )

    def count(self) -> None:
        self.coming += 1


def message(topic: str = "T", sys_flag: int = 0, **properties: str) -> InnerMessage:
    held = {props.UNIQ_KEY: "U1", **properties}
    return InnerMessage(topic, 3, held, b"x", sys_flag=sys_flag)


def test_it_waits_where_the_genuine_broker_puts_it() -> None:
    side = Side()
    diverted = side.divert(message(TIMER_DELAY_SEC="3"))
    assert diverted is not None
    assert (diverted.message.topic, diverted.message.queue_id) == (TIMER_TOPIC, 0)
    assert diverted.message.properties == {
        "UNIQ_KEY": "U1",
        "TIMER_DELAY_SEC": "3",
        "TIMER_OUT_MS": "1795698269000",
        "REAL_TOPIC": "T",
        "REAL_QID": "3",
    }
    handle = "djEgVCBib3RoIDE3OTU2OTgyNjkwMDEgVTE="
    assert diverted.answer_fields() == {"recallHandle": handle}
    assert side.coming == 1


@given(st.integers(1, 10**7), st.sampled_from([1, 7, 100, 1000, 60_000]))
def test_the_slot_ends_when_it_is_due_or_less_than_a_slot_later(
    delay_ms: int, grain_ms: int
) -> None:
    side = Side(grain_ms=grain_ms)
    diverted = side.divert(message(TIMER_DELAY_MS=str(delay_ms)))
    assert diverted is not None
    out_ms = int(diverted.message.properties[props.TIMER_OUT_MS])
    assert out_ms % grain_ms == 0
    assert NOW_MS + delay_ms <= out_ms + grain_ms < NOW_MS + delay_ms + grain_ms


@pytest.mark.parametrize(
    "plain",
    [
        message(),
        message(TIMER_DELAY_SEC="0"),
        message(TIMER_DELAY_MS="-5"),
        message(TIMER_DELIVER_MS="5"),
        message(TIMER_DELIVER_MS=str(NOW_MS)),
        message(TIMER_DELAY_SEC="5", DELAY="3"),
        message(TIMER_DELAY_SEC="5", TIMER_OUT_MS="1"),
        message(TIMER_TOPIC, TIMER_DELAY_SEC="5"),
        message(sys_flag=TRANSACTION_PREPARED, TIMER_DELAY_SEC="5"),
        message(sys_flag=TRANSACTION_ROLLBACK, TIMER_DELAY_SEC="5"),
    ],
)
def test_what_does_not_wait_here(plain: InnerMessage) -> None:
    side = Side()
    assert side.divert(plain) is None
    assert side.coming == 0


def test_a_committed_message_waits() -> None:
    committed = message(sys_flag=TRANSACTION_COMMIT, TIMER_DELAY_SEC="5")
    assert Side().divert(committed) is not None


def test_the_first_property_of_three_counts() -> None:
    diverted = Side().divert(
        message(TIMER_DELIVER_MS="5", TIMER_DELAY_MS="1", TIMER_DELAY_SEC="9")
    )
    assert diverted is not None
    assert diverted.message.properties[props.TIMER_OUT_MS] == "1795698275000"


@pytest.mark.parametrize("name", ["TIMER_DELAY_SEC", "TIMER_DELAY_MS"])
@pytest.mark.parametrize("text", ["", "abc", "1.5", "1_0", "٣", "9" * 20])
def test_what_is_no_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(MessageIllegalError, match=f"{name}={text} is no whole number"):
        Side().divert(message(**{name: text}))


def test_too_long_a_delay_names_the_setting() -> None:
    side = Side(max_delay_s=60)
    assert side.divert(message(TIMER_DELAY_SEC="60")) is not None
    with pytest.raises(DelayTooLongError) as caught:
        side.divert(message(TIMER_DELAY_MS="60001"))
    assert caught.value.code == ResponseCode.MESSAGE_ILLEGAL
    assert "timerMaxDelaySec=60" in str(caught.value)
    assert "max delay 60000ms" in str(caught.value)


def test_what_calls_back_may_not_be_late() -> None:
    with pytest.raises(MessageIllegalError, match="bigger than the current time"):
        Side().divert(message(TIMER_DELIVER_MS="5", TIMER_DEL_UNIQKEY="U1"))


def test_a_wheel_that_is_off() -> None:
    with pytest.raises(TimersOffError, match="timerWheelEnable is false") as caught:
        Side(enabled=False).divert(message(TIMER_DELAY_SEC="5"))
    assert caught.value.code == ResponseCode.SYSTEM_ERROR


@pytest.mark.parametrize(
    ("count", "least", "most"),
    [(100, 0, 0), (101, 0, 20), (150, 60, 140), (199, 180, 200), (200, 200, 200)],
)
def test_too_many_for_one_second(count: int, least: int, most: int) -> None:
    side = Side(slot_limit=100)
    out_ms = 1_795_698_269_000
    side.wheel.fill({out_ms: Slot(0, 0, count)})
    refused = 0
    for _ in range(200):
        try:
            side.divert(message(TIMER_DELAY_SEC="3"))
        except SlotFullError:
            refused += 1
    assert least <= refused <= most
    assert side.divert(message(TIMER_DELAY_SEC="9")) is not None


def test_a_full_slot_names_the_setting() -> None:
    side = Side(slot_limit=100)
    side.wheel.fill({1_795_698_269_000: Slot(0, 0, 200)})
    with pytest.raises(SlotFullError, match="timerCongestNumEachSlot=100") as caught:
        side.divert(message(TIMER_DELAY_SEC="3"))
    assert caught.value.code == ResponseCode.SYSTEM_ERROR


def test_handles_are_for_what_can_be_found_again() -> None:
    side = Side()
    retried = side.divert(message("%RETRY%g", TIMER_DELAY_SEC="5"))
    unnamed = side.divert(message(TIMER_DELAY_SEC="5", UNIQ_KEY=""))
    assert retried is not None
    assert unnamed is not None
    assert retried.answer_fields() == unnamed.answer_fields() == {}
    named = side.divert(message(TIMER_DELAY_SEC="5"))
    assert named is not None
    handle = parse_recall_handle(named.answer_fields()["recallHandle"])
    assert handle == RecallHandle("T", "both", "1795698271001", "U1")
