"""What tools and slaves ask about timers. Source: AdminBrokerProcessor."""

from collections.abc import Callable

from twistedmq.broker.timer.metrics import TimerMetrics
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.timer.progress import TimerProgress


class TimerHandlers:
    """Serves GET_TIMER_CHECK_POINT and GET_TIMER_METRICS.

    Args:
        config: whether there are timers.
        progress: gives how far they are.
        metrics: how many messages wait.
    """

    def __init__(
        self,
        config: Live[TimerConfig],
        progress: Callable[[], TimerProgress],
        metrics: TimerMetrics,
    ) -> None:
        self._config = config
        self._progress = progress
        self._metrics = metrics

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.GET_TIMER_CHECK_POINT: self.progress,
            RequestCode.GET_TIMER_METRICS: self.metrics,
        }

    def progress(self, _request: Request) -> Reply:
        """Give how far timers are, in the bytes of the file."""
        if not self._config.value.enabled:
            raise TwistedMQError("The checkpoint is null")
        return Reply(body=self._progress().encode())

    def metrics(self, _request: Request) -> Reply:
        """Give how many messages wait, by topic."""
        if not self._config.value.enabled:
            raise TwistedMQError("The timer message store is null")
        return Reply(body=self._metrics.encode())
