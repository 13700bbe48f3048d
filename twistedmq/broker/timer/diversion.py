"""Which messages wait for a time of their own, and until when.

Source: HookUtils.transformTimerMessage, SendMessageProcessor.attachRecallHandle.
"""

import re
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Final

from twistedmq.broker.delay.diversion import asked_level
from twistedmq.broker.inner.diversion import Diverted
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.timer.wheel import Wheel
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import MessageIllegalError, TwistedMQError
from twistedmq.protocol.names import TIMER_TOPIC, is_retry_topic
from twistedmq.protocol.recall_handle import RecallHandle
from twistedmq.protocol.system_flags import TRANSACTION_COMMIT, TRANSACTION_MASK

TIMER_NAMES: Final = (
    props.TIMER_DELAY_SEC,
    props.TIMER_DELAY_MS,
    props.TIMER_DELIVER_MS,
)
_is_number: Final = re.compile(r"[+-]?[0-9]{1,19}").fullmatch


class TimersOffError(TwistedMQError):
    """A message asks for a time, and the timer wheel is off."""

    code = ResponseCode.SYSTEM_ERROR

    def __init__(self) -> None:
        """Name the setting."""
        super().__init__(
            "accurate timer message is not enabled, timerWheelEnable is false"
        )


class DelayTooLongError(MessageIllegalError):
    """A message asks for a later time than the setting allows."""

    def __init__(self, delay_ms: int, limit_s: int) -> None:
        """Keep the delay and the limit."""
        super().__init__(
            "timer message illegal, the delay time should not be bigger than the max "
            f"delay {limit_s * 1000}ms (timerMaxDelaySec={limit_s}): it asks for "
            f"{delay_ms}ms"
        )
        self.delay_ms = delay_ms
        self.limit_s = limit_s


class SlotFullError(TwistedMQError):
    """Too many messages are due at the same time already."""

    code = ResponseCode.SYSTEM_ERROR

    def __init__(self, count: int, limit: int) -> None:
        """Keep how many there are and the limit."""
        super().__init__(
            f"timer message is under flow control, max num limit is {2 * limit} or the "
            f"current value is greater than {limit} and less than {2 * limit}, trigger "
            f"random flow control (timerCongestNumEachSlot={limit}): {count} messages "
            "are due at that time"
        )
        self.count = count
        self.limit = limit


class TimerDiversion:
    """The diversion of messages with a time of their own.

    Args:
        wheel: how many are due when.
        config: limits, and whether there are timers.
        identity: the broker's name, for recall handles.
        wall_ms: the wall clock.
        random: who is refused where nearly too many are due.
        coming: told of each message that goes to the timer topic.
    """

    def __init__(
        self,
        *,
        wheel: Wheel,
        config: Live[TimerConfig],
        identity: Live[BrokerIdentity],
        wall_ms: Callable[[], int],
        random: Random,
        coming: Callable[[], None],
    ) -> None:
        self._wheel = wheel
        self._config = config
        self._identity = identity
        self._wall_ms = wall_ms
        self._random = random
        self._coming = coming

    def __call__(self, message: InnerMessage) -> Diverted | None:
        """Say where *message* waits; None if it does not wait for a time."""
        held = message.properties
        if not _asks_for_time(message):
            return None
        if not self._config.value.enabled:
            raise TimersOffError
        now_ms = self._wall_ms()
        out_ms = self.slot_for(deliver_time(held, now_ms), now_ms)
        if out_ms is None:
            if props.TIMER_DEL_UNIQKEY in held:
                raise MessageIllegalError(
                    "timer message illegal, if set del msg, the delay time should be "
                    f"bigger than the current time: {deliver_time(held, now_ms)} is "
                    "over"
                )
            return None
        real_topic = message.topic
        held[props.TIMER_OUT_MS] = str(out_ms)
        held[props.REAL_TOPIC] = real_topic
        held[props.REAL_QUEUE_ID] = str(message.queue_id)
        message.topic, message.queue_id = TIMER_TOPIC, 0
        return Diverted(message, partial(self._handle, message, real_topic, out_ms))

    def slot_for(self, deliver_ms: int, now_ms: int) -> int | None:
        """Give the slot in which a message waits for its time; None if that is over.

        Raises: TimersOffError, DelayTooLongError, SlotFullError.
        """
        config = self._config.value
        if not config.enabled:
            raise TimersOffError
        if deliver_ms <= now_ms:
            return None
        if deliver_ms - now_ms > config.max_delay_s * 1000:
            raise DelayTooLongError(deliver_ms - now_ms, config.max_delay_s)
        # A slot is delivered when its time is over, so this is never early.
        out_ms = self._wheel.floor(deliver_ms - 1)
        self._check_room(out_ms, config.slot_limit)
        self._coming()
        return out_ms

    def _check_room(self, out_ms: int, limit: int) -> None:
        count = self._wheel.count_at(out_ms)
        if count <= limit:
            return
        if count >= 2 * limit or self._random.random() * limit < count - limit:
            raise SlotFullError(count, limit)

    def _handle(self, message: InnerMessage, topic: str, out_ms: int) -> dict[str, str]:
        unique_id = message.unique_id
        if not unique_id or is_retry_topic(topic):
            return {}
        name = self._identity.value.broker_name
        handle = RecallHandle(topic, name, str(out_ms + 1), unique_id)
        return {"recallHandle": handle.encode()}


def _asks_for_time(message: InnerMessage) -> bool:
    held = message.properties
    if held.keys().isdisjoint(TIMER_NAMES):
        return False
    if message.sys_flag & TRANSACTION_MASK not in {0, TRANSACTION_COMMIT}:
        return False
    if asked_level(held) > 0:
        return False  # it is one or the other: a level wins
    # It was delivered before, and is stored again for another reason.
    return message.topic != TIMER_TOPIC and props.TIMER_OUT_MS not in held


def deliver_time(held: dict[str, str], now_ms: int) -> int:
    """Give the time that a message asks for.

    Raises: MessageIllegalError, naming the property that is no number.
    """
    for name, unit_ms in (
        (props.TIMER_DELAY_SEC, 1000),
        (props.TIMER_DELAY_MS, 1),
        (props.TIMER_DELIVER_MS, 0),
    ):
        text = held.get(name)
        if text is None:
            continue
        if not _is_number(text):
            raise MessageIllegalError(
                f"timer message illegal, the delay time cannot be read: {name}={text} "
                "is no whole number"
            )
        return now_ms + int(text) * unit_ms if unit_ms else int(text)
    raise MessageIllegalError("timer message illegal, it has no delay time")
