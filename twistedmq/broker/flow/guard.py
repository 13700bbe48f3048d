"""Refusing requests that have waited for too long, before anything is done for them."""

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.flow.busyness import SLOW_DISK, TIMEOUT, Busyness
from twistedmq.config.flow import FlowConfig
from twistedmq.config.live import Live
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import BusyError
from twistedmq.remoting.interfaces import (
    BatchHandler,
    BatchTable,
    Handler,
    HandlerTable,
    IConnection,
    Request,
)

Limit = Callable[[FlowConfig], int]
"""Gives, of today's settings, how many ms a request may wait."""

_ADMIN: Final[Limit] = lambda config: config.admin_wait_ms  # noqa: E731
_PULL: Final[Limit] = lambda config: config.pull_wait_ms  # noqa: E731
_ACK: Final[Limit] = lambda config: config.ack_wait_ms  # noqa: E731
_LIMITS: Final[dict[int, Limit]] = {
    RequestCode.PULL_MESSAGE: _PULL,
    RequestCode.POP_MESSAGE: _PULL,
    RequestCode.PEEK_MESSAGE: _PULL,
    RequestCode.LITE_PULL_MESSAGE: lambda config: config.lite_pull_wait_ms,
    RequestCode.HEART_BEAT: lambda config: config.heartbeat_wait_ms,
    RequestCode.END_TRANSACTION: lambda config: config.transaction_wait_ms,
    RequestCode.ACK_MESSAGE: _ACK,
    RequestCode.BATCH_ACK_MESSAGE: _ACK,
    RequestCode.CHANGE_MESSAGE_INVISIBLETIME: _ACK,
    RequestCode.CONSUMER_SEND_MSG_BACK: lambda config: config.send_wait_ms,
}
_UNLIMITED: Final[frozenset[int]] = frozenset(
    {
        RequestCode.QUERY_MESSAGE,
        RequestCode.VIEW_MESSAGE_BY_ID,
        RequestCode.UNREGISTER_CLIENT,
        RequestCode.CHECK_CLIENT_CONFIG,
        RequestCode.GET_CONSUMER_LIST_BY_GROUP,
        RequestCode.UPDATE_CONSUMER_OFFSET,
        RequestCode.QUERY_CONSUMER_OFFSET,
        RequestCode.SEND_REPLY_MESSAGE,
        RequestCode.SEND_REPLY_MESSAGE_V2,
        RequestCode.NOTIFICATION,
        RequestCode.POLLING_INFO,
    }
)
"""What a genuine broker lets wait as long as it takes."""


class TooBusyError(BusyError):
    """The broker is too busy, or the disk too slow; clients try again."""

    def __init__(self, stage: str, wait_ms: int, number: int) -> None:
        """Say at which *stage*, and for how long the request has waited."""
        super().__init__(
            f"[{stage}]broker busy, start flow control for a while, period in queue: "
            f"{wait_ms}ms, size of queue: {number}"
        )
        self.wait_ms = wait_ms


class BusyGuard:
    """Stands before handlers."""

    def __init__(self, busyness: Busyness, config: Live[FlowConfig]) -> None:
        """Compare what *busyness* has measured with the limits of *config*."""
        self._busyness = busyness
        self._config = config

    def batches(self, table: BatchTable) -> dict[int, BatchHandler]:
        """Give batch handlers that refuse requests while it is too busy for them."""
        return {
            code: self._limited_batch(handler, _LIMITS[code])
            if code in _LIMITS
            else self._of_sends(handler)
            for code, handler in table.items()
        }

    def handlers(self, table: HandlerTable) -> dict[int, Handler]:
        """Give handlers that refuse requests while it is too busy for them."""
        return {
            code: handler
            if code in _UNLIMITED
            else self._limited(handler, _LIMITS.get(code, _ADMIN))
            for code, handler in table.items()
        }

    def _of_sends(self, handler: BatchHandler) -> BatchHandler:
        busyness = self._busyness

        def handle(
            frames: Sequence[bytes], connection: IConnection
        ) -> bytes | Deferred[bytes]:
            busyness.asked()
            if busyness.wait_ms or busyness.slow_ms:
                self._check_sends(len(frames))
            return handler(frames, connection)

        return handle

    def _check_sends(self, number: int) -> None:
        config, busyness = self._config.value, self._busyness
        if not config.fail_fast:
            return
        if busyness.slow_ms:
            busyness.refused(SLOW_DISK, number)
            raise TooBusyError(SLOW_DISK, busyness.slow_ms, number)
        self._check(config.send_wait_ms, number)

    def _limited(self, handler: Handler, limit: Limit) -> Handler:
        busyness = self._busyness

        def handle(request: Request) -> Reply | Deferred[Reply]:
            if busyness.wait_ms and self._config.value.fail_fast:
                self._check(limit(self._config.value), 1)
            return handler(request)

        return handle

    def _limited_batch(self, handler: BatchHandler, limit: Limit) -> BatchHandler:
        busyness = self._busyness

        def handle(
            frames: Sequence[bytes], connection: IConnection
        ) -> bytes | Deferred[bytes]:
            if busyness.wait_ms and self._config.value.fail_fast:
                self._check(limit(self._config.value), len(frames))
            return handler(frames, connection)

        return handle

    def _check(self, limit_ms: int, number: int) -> None:
        wait_ms = self._busyness.wait_ms
        if wait_ms and wait_ms >= limit_ms:
            self._busyness.refused(TIMEOUT, number)
            raise TooBusyError(TIMEOUT, wait_ms, number)
