"""END_TRANSACTION and RESUME_CHECK_HALF_MESSAGE.

Ends of all connections are kept until the turn of the reactor is over: what they
commit is one append. Clients send them one-way, so that nobody waits for it.
Source: EndTransactionProcessor, AdminBrokerProcessor.resumeCheckHalfMessage.
"""

from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.settling import settle
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.ending import End, Endings
from twistedmq.broker.transactions.halves import resume
from twistedmq.protocol import properties as props
from twistedmq.protocol.codec import decode_command, encode_reply
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Buffer, Command, Reply
from twistedmq.protocol.errors import (
    InvalidParameterError,
    ServiceUnavailableError,
    TwistedMQError,
)
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers import (
    EndTransactionRequestHeader,
    ResumeCheckHalfMessageRequestHeader,
)
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.protocol.names import HALF_TOPIC, TRANSACTION_GIVEN_UP_TOPIC
from twistedmq.protocol.record import RecordError, decode_record
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_NONE,
    TRANSACTION_ROLLBACK,
)
from twistedmq.remoting.interfaces import (
    BatchTable,
    HandlerTable,
    IConnection,
    Request,
)
from twistedmq.store.interfaces import IMessageReader

_DECISIONS: Final = (TRANSACTION_COMMIT, TRANSACTION_ROLLBACK)
_RESUMED: Final = (TRANSACTION_GIVEN_UP_TOPIC, HALF_TOPIC)


class TransactionHandlers:
    """Serves END_TRANSACTION and RESUME_CHECK_HALF_MESSAGE.

    Args:
        store: has the halves.
        endings: ends them.
        inner: stores what is to be asked about again.
        counts: told of it.
        clock: puts what is committed behind all reads of the same turn.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        store: IMessageReader,
        endings: Endings,
        inner: InnerWriter,
        counts: TransactionCounts,
        clock: IReactorTime,
    ) -> None:
        self._store = store
        self._endings = endings
        self._inner = inner
        self._counts = counts
        self._clock = clock
        self._gathered: list[End] = []
        self._closed = False

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.RESUME_CHECK_HALF_MESSAGE: self.resume}

    def batch_table(self) -> BatchTable:
        """Give the batch handlers by request code."""
        return {RequestCode.END_TRANSACTION: self.end}

    def close(self) -> None:
        """Serve what is kept and refuse the rest: the broker stops."""
        self._serve_gathered()
        self._closed = True

    # END_TRANSACTION

    def end(
        self, frames: Sequence[bytes], connection: IConnection
    ) -> bytes | Deferred[bytes]:
        """End the transactions of *frames*, with all others of this turn."""
        waiting = [answer for frame in frames if (answer := self._take(frame))]
        if not waiting:
            return b""
        return gatherResults(waiting).addCallback(b"".join)

    def _take(self, frame: bytes) -> Deferred[bytes] | None:
        """Keep one end; gives what fires with its answer, None where none is wanted."""
        command = decode_command(frame)
        answer = None if command.is_one_way else Deferred[bytes]()

        def say(error: TwistedMQError | None) -> None:
            if answer is not None:
                answer.callback(_encode(error, command))

        try:
            header = decode_fields(EndTransactionRequestHeader, command.fields)
            if self._closed:
                raise ServiceUnavailableError("this broker is stopping")
            if header.commit_or_rollback in _DECISIONS:
                self._gather(End(header, None if answer is None else say))
            elif header.commit_or_rollback == TRANSACTION_NONE:
                say(None)  # its producer does not know yet: it will be asked
            else:
                raise InvalidParameterError(
                    f"commitOrRollback[{header.commit_or_rollback}] is none of "
                    f"{TRANSACTION_NONE}, {TRANSACTION_COMMIT}, {TRANSACTION_ROLLBACK}"
                )
        except TwistedMQError as error:
            say(error)
        return answer

    def _gather(self, end: End) -> None:
        if not self._gathered:
            self._clock.callLater(0, self._serve_gathered)
        self._gathered.append(end)

    def _serve_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        found: list[tuple[End, Buffer | None]] = []
        for end in gathered:
            record = self._store.record_at(end.header.commit_log_offset)
            if isinstance(record, Deferred):
                record.addCallbacks(
                    lambda r, end=end: self._endings.end([(end, r)]),
                    self._unreadable,
                    errbackArgs=(end,),
                )
            else:
                found.append((end, record))
        if found:
            self._endings.end(found)

    def _unreadable(self, failure: Failure, end: End) -> None:
        self._log.failure("a half message cannot be read", failure)
        if end.answer is not None:
            end.answer(ServiceUnavailableError(failure.getErrorMessage()))

    # RESUME_CHECK_HALF_MESSAGE

    def resume(self, request: Request) -> Deferred[Reply]:
        """Have a producer asked again about a half that was given up."""
        header: ResumeCheckHalfMessageRequestHeader = request.header
        _, physical_offset = parse_offset_id(header.msg_id or "")
        return Deferred.fromCoroutine(self._resume(physical_offset))

    async def _resume(self, physical_offset: int) -> Reply:
        found = await settle(self._store.record_at(physical_offset))
        try:
            record = decode_record(found or b"")
        except RecordError as error:
            raise TwistedMQError(
                f"no message begins at the offset {physical_offset}"
            ) from error
        topic = props.parse(record.properties).get(props.REAL_TOPIC)
        if record.topic not in _RESUMED or topic is None:
            raise TwistedMQError(
                f"the message at {physical_offset} is in {record.topic}: only halves "
                f"of transactions in {' or '.join(_RESUMED)} can be asked about again"
            )
        safe = self._inner.safe(self._inner.write([resume(record)]))
        if safe is not None:
            await safe
        if record.topic == TRANSACTION_GIVEN_UP_TOPIC:
            self._counts.began(topic)
        return Reply()


def _encode(error: TwistedMQError | None, command: Command) -> bytes:
    reply = Reply() if error is None else Reply(error.code, remark=str(error))
    return b"".join(encode_reply(reply, command))
