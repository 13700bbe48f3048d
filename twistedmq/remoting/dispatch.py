"""From a request to the encoded reply; the one place where errors become replies."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Self

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.protocol.codec import decode_command, encode_reply
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Buffer, Command, Reply
from twistedmq.protocol.errors import (
    FrameError,
    TwistedMQError,
    UnsupportedCodeError,
)
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers import REQUEST_HEADERS
from twistedmq.remoting.interfaces import (
    BatchTable,
    HandlerTable,
    IConnection,
    Request,
)

_NOTHING: Final[list[Buffer]] = []


class Dispatcher:
    """Finds the handler of a request, calls it and encodes what it gives."""

    _log = Logger()

    def __init__(
        self,
        table: HandlerTable,
        batches: BatchTable | None = None,
        refuse: AbstractSet[int] = frozenset(),
    ) -> None:
        """Serve *table* one request at a time and *batches* many at once.

        The codes in *refuse* are answered as if nobody handled them.
        """
        self._handlers = {c: h for c, h in table.items() if c not in refuse}
        self.batches = {c: h for c, h in (batches or {}).items() if c not in refuse}

    @property
    def codes(self) -> AbstractSet[int]:
        """The request codes that are served."""
        return self._handlers.keys() | self.batches.keys()

    def refusing(self, codes: AbstractSet[int]) -> Self:
        """Give one that serves the same but for *codes* (the fast port's)."""
        return type(self)(self._handlers, self.batches, codes)

    def answer(
        self, command: Command, connection: IConnection
    ) -> list[Buffer] | Deferred[list[Buffer]]:
        """Serve one request; gives its encoded reply, nothing for a one-way one.

        Raises: FrameError, and then the connection cannot be used any more.
        """
        code = command.code
        try:
            handler = self._handlers.get(code)
            if handler is None:
                raise UnsupportedCodeError(code)
            header_class = REQUEST_HEADERS.get(code)
            header = header_class and decode_fields(header_class, command.fields)
            reply = handler(Request(command, header, connection))
            if isinstance(reply, Reply):
                return self._encode(reply, command)
            return reply.addCallbacks(
                self._encode, self._late, (command,), {}, (command,), {}
            )
        except Exception as error:
            return self._encode(self._refusal(code, error), command)

    def answer_batch(
        self, code: int, frames: Sequence[bytes], connection: IConnection
    ) -> bytes | Deferred[bytes]:
        """Serve consecutive *frames* of one batch code; gives their encoded replies.

        Raises: FrameError, and then the connection cannot be used any more.
        """
        try:
            replies = self.batches[code](frames, connection)
        except Exception as error:
            return self._refuse_all(frames, self._refusal(code, error))
        if isinstance(replies, bytes):
            return replies
        return replies.addErrback(self._late_batch, code, frames)

    def _encode(self, reply: Reply, command: Command) -> list[Buffer]:
        return _NOTHING if command.is_one_way else encode_reply(reply, command)

    def _late(self, failure: Failure, command: Command) -> list[Buffer]:
        return self._encode(self._refusal_of(failure, command.code), command)

    def _late_batch(
        self, failure: Failure, code: int, frames: Sequence[bytes]
    ) -> bytes:
        return self._refuse_all(frames, self._refusal_of(failure, code))

    def _refuse_all(self, frames: Sequence[bytes], refusal: Reply) -> bytes:
        commands = map(decode_command, frames)
        return b"".join(b for c in commands for b in self._encode(refusal, c))

    def _refusal_of(self, failure: Failure, code: int) -> Reply:
        if isinstance(failure.value, Exception):
            return self._refusal(code, failure.value, failure)
        return failure.raiseException()

    def _refusal(
        self, code: int, error: Exception, failure: Failure | None = None
    ) -> Reply:
        """Say *error* as a reply; what was not raised on purpose is logged as well."""
        if isinstance(error, FrameError):
            raise error
        if isinstance(error, TwistedMQError):
            return Reply(code=error.code, remark=str(error))
        self._log.failure("request {code} failed", failure, code=code)
        return Reply(
            code=ResponseCode.SYSTEM_ERROR,
            remark=f"unexpected {type(error).__name__}, see the log of this server",
        )
