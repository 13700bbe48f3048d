"""Op messages: which halves are ended.

Ends are collected for a moment and written many in one message: the queue offsets of
the halves as text, a comma behind each, in a message with the tag "d". Until then a
crash has a half asked about once more, so that its message may come twice; it is never
lost. Source: TransactionalMessageServiceImpl, TransactionalOpBatchService.
"""

from collections.abc import Callable, Iterable

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.transactions.halves import HALF_QUEUE
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.half_marks import ENDED_TAG, op_bodies
from twistedmq.protocol.names import OP_HALF_TOPIC
from twistedmq.store.interfaces import StoreFullError


class EndMarks(Service):
    """Collects ends and writes them as op messages.

    Args:
        clock: when to write.
        inner: stores them.
        config: how long ends are collected, and how many.
        wall_ms: goes into the messages.
        packed_host: this broker, who sends them.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        inner: InnerWriter,
        config: Live[TransactionConfig],
        wall_ms: Callable[[], int],
        packed_host: bytes,
    ) -> None:
        self._clock = clock
        self._inner = inner
        self._config = config
        self._wall_ms = wall_ms
        self._packed_host = packed_host
        self._waiting: dict[int, None] = {}
        self._waiting_bytes = 0
        self._call: IDelayedCall | None = None

    def add(self, offsets: Iterable[int]) -> None:
        """Note halves as ended; what they stand for must be safe by now."""
        for offset in offsets:
            if offset not in self._waiting:
                self._waiting[offset] = None
                self._waiting_bytes += len(str(offset)) + 1
        if self._waiting_bytes >= self._config.value.mark_max_bytes:
            self.write()
        elif self._waiting:
            self._write_later()

    def __contains__(self, offset: object) -> bool:
        """Whether a half was ended that no op message tells of yet."""
        return offset in self._waiting

    def write(self) -> None:
        """Write what is collected; what cannot be written is tried again."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if not self._waiting:
            return
        bodies = op_bodies(self._waiting, self._config.value.mark_max_bytes)
        try:
            self._inner.write([self._message(body) for body in bodies])
        except StoreFullError as error:
            self._log.warn(
                "the ends of {count} transactions cannot be noted: {error}",
                count=len(self._waiting),
                error=str(error),
            )
            self._write_later()
            return
        self._waiting.clear()
        self._waiting_bytes = 0

    def stopService(self) -> None:
        """Write what is left: nobody shall be asked about it."""
        super().stopService()
        self.write()
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _write_later(self) -> None:
        if self._call is None:
            delay_s = self._config.value.mark_interval_ms / 1000
            self._call = self._clock.callLater(delay_s, self._due)

    def _due(self) -> None:
        self._call = None
        self.write()

    def _message(self, body: bytes) -> InnerMessage:
        return InnerMessage(
            topic=OP_HALF_TOPIC,
            queue_id=HALF_QUEUE,
            properties={props.WAIT: "true", props.TAGS: ENDED_TAG},
            body=body,
            born_ms=self._wall_ms(),
            born_host=self._packed_host,
        )
