from types import SimpleNamespace
from typing import Any

import pytest

from twistedmq.broker.timer.handlers import TimerHandlers
from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.timer.progress import TimerProgress, decode_progress

REQUEST: Any = SimpleNamespace()


def handlers(**config: Any) -> Any:
    counts = TimerMetrics(lambda: 17)
    counts.add({"T": 2})
    progress = TimerProgress(1, 2, 3, 3, 0, 4, 5)
    return TimerHandlers(Live(TimerConfig(**config)), lambda: progress, counts).table()


def test_how_far_they_are() -> None:
    reply = handlers()[RequestCode.GET_TIMER_CHECK_POINT](REQUEST)
    assert decode_progress(reply.body) == TimerProgress(1, 2, 3, 3, 0, 4, 5)
    assert len(reply.body) == 56


def test_how_many_wait() -> None:
    reply = handlers()[RequestCode.GET_TIMER_METRICS](REQUEST)
    assert b'"timingCount":{"T":{"count":2,"timeStamp":17}}' in reply.body


@pytest.mark.parametrize(
    ("code", "remark"),
    [
        (RequestCode.GET_TIMER_CHECK_POINT, "The checkpoint is null"),
        (RequestCode.GET_TIMER_METRICS, "The timer message store is null"),
    ],
)
def test_without_timers_there_is_nothing_to_tell(code: int, remark: str) -> None:
    with pytest.raises(TwistedMQError, match=remark):
        handlers(enabled=False)[code](REQUEST)
