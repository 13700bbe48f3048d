"""Messages that wait for their time, on single brokers."""

from twistedmq.admin.asking import Asking
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.offsets import DelayOffsetSerializeWrapper
from twistedmq.protocol.bodies.timers import TimerMetric, TimerMetricsBody
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import FieldError
from twistedmq.store.timer.progress import TimerProgress, decode_progress


class Timers:
    """What brokers say of delayed and timed messages.

    Calls fail with RefusedError where a broker has no timers, or with an error of the
    remoting room.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    @gives_deferred
    async def waiting(self, address: str) -> dict[str, TimerMetric]:
        """Give how many timed messages wait, by topic; ``time_stamp`` is in ms."""
        code = RequestCode.GET_TIMER_METRICS
        found = await self._asking.body(address, code, None, TimerMetricsBody)
        return found.timing_count

    @gives_deferred
    async def progress(self, address: str) -> TimerProgress:
        """Give how far the timers are: ``read_ms`` is delivered, ms since the epoch.

        Fails with FieldError where the answer cannot be read.
        """
        code = RequestCode.GET_TIMER_CHECK_POINT
        answer = await self._asking.calls.ask(address, code)
        try:
            return decode_progress(bytes(answer.body))
        except ValueError as error:
            raise FieldError("timer progress", str(error)) from None

    @gives_deferred
    async def delay_levels(self, address: str) -> dict[int, int]:
        """Give how far each delay level is: the offset of its next message."""
        code = RequestCode.GET_ALL_DELAY_OFFSET
        answer = await self._asking.calls.ask(address, code)
        body = loose_json.decode(answer.body, type=DelayOffsetSerializeWrapper)
        return body.offset_table
