"""Messages that nobody sees before the sender's own work is done.

First the half is sent, then the user's function does its work, then the half is ended
as the function says. Where that was not heard, the broker asks.
"""

from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

from twistedmq.client.errors import (
    BrokerNotFoundError,
    NoOutcomeError,
    RefusedError,
)
from twistedmq.client.interfaces import Pool
from twistedmq.client.message import (
    Message,
    Receipt,
    ReceivedMessage,
    SendStatus,
)
from twistedmq.client.received import read_message
from twistedmq.client.routing import Routes
from twistedmq.client.watching import Watch
from twistedmq.protocol import properties
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers.send import (
    CheckTransactionStateRequestHeader,
    EndTransactionRequestHeader,
)
from twistedmq.protocol.message_id import parse_offset_id
from twistedmq.protocol.record import decode_record
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_NONE,
    TRANSACTION_ROLLBACK,
)
from twistedmq.remoting.errors import RemotingError
from twistedmq.remoting.interfaces import Handler, Request

T = TypeVar("T")


class Outcome(IntEnum):
    """What became of the work that a message tells about."""

    UNKNOWN = TRANSACTION_NONE
    """Not decided yet: the broker will ask."""
    COMMIT = TRANSACTION_COMMIT
    """It is done: consumers get the message."""
    ROLLBACK = TRANSACTION_ROLLBACK
    """It is not: nobody ever gets the message."""


Result = Outcome | Deferred[Outcome] | Coroutine[Deferred[Any], Any, Outcome]

LocalTransaction = Callable[[Receipt], Result]
"""Does the sender's own work, when the half is stored; the receipt has its id."""

TransactionCheck = Callable[[ReceivedMessage], Result]
"""Tells what became of the work of a message, maybe that of another process."""


class TransactionReceipt(Receipt, frozen=True, kw_only=True):
    """The receipt of a half, and how it was ended."""

    outcome: Outcome
    confirmed: bool
    """Whether the broker said that it is ended so. If not, or if the outcome is
    UNKNOWN, the broker will ask."""


class TransactionParts(Struct, frozen=True):
    """What transactions need of their surroundings."""

    group: str
    routes: Routes
    pool: Pool
    timeout_s: float
    track: Callable[[Deferred[None]], Deferred[None]]
    """Has ``close`` wait for it."""
    watch: Watch | None = None
    """Sees how transactions end."""


class Transactions:
    """Ends halves, and tells brokers what they ask about them."""

    _log = Logger()

    def __init__(self, parts: TransactionParts, check: TransactionCheck) -> None:
        self._parts = parts
        self._check = check

    def table(self) -> dict[int, Handler]:
        """Give the handlers by request code."""
        return {RequestCode.CHECK_TRANSACTION_STATE: self.asked}

    def marks(self) -> dict[str, str]:
        """Give the properties that make a message a half."""
        return {
            properties.TRANSACTION_PREPARED: "true",
            properties.PRODUCER_GROUP: self._parts.group,
        }

    async def decide(
        self, half: Receipt, message: Message, local: LocalTransaction
    ) -> TransactionReceipt:
        """Have *local* do its work and end the half; fails as *local* does."""
        if half.status is not SendStatus.OK:
            # what may be lost must not be what the work relies on
            return await self._end(half, message, Outcome.ROLLBACK)
        try:
            outcome = _outcome(await maybeDeferred(local, half))
        except Exception:
            await self._end(half, message, Outcome.UNKNOWN)
            raise
        return await self._end(half, message, outcome)

    def asked(self, request: Request) -> Reply:
        """Find out what became of a half and say so, when it is known."""
        header: CheckTransactionStateRequestHeader = request.header
        record = decode_record(request.command.body)
        half = read_message(record, header.target_broker or "")
        group = half.system_properties.get(properties.PRODUCER_GROUP)
        if group != self._parts.group:
            return Reply(
                code=ResponseCode.SYSTEM_ERROR,
                remark=f"producer group {group!r} is not in this client",
            )
        self._parts.track(
            Deferred.fromCoroutine(self._tell(half, header, request.connection))
        )
        return Reply()

    async def _tell(
        self,
        half: ReceivedMessage,
        asked: CheckTransactionStateRequestHeader,
        connection: Any,
    ) -> None:
        try:
            outcome = _outcome(await maybeDeferred(self._check, half))
        except Exception:
            self._log.failure(
                "what became of {half} is unknown: the check failed", half=repr(half)
            )
            outcome = Outcome.UNKNOWN
        header = EndTransactionRequestHeader(
            topic=half.topic,
            producer_group=self._parts.group,
            tran_state_table_offset=asked.tran_state_table_offset,
            commit_log_offset=asked.commit_log_offset,
            commit_or_rollback=outcome,
            from_transaction_check=True,
            msg_id=half.message_id,
            transaction_id=asked.transaction_id,
            target_broker=asked.target_broker,
        )
        if self._parts.watch is not None:
            receipt = _receipt_of(half, asked)
            self._parts.watch.ended(receipt, half, outcome, asked=True)
        connection.send_one_way(RequestCode.END_TRANSACTION, header, b"")

    async def _end(
        self, half: Receipt, message: Message, outcome: Outcome
    ) -> TransactionReceipt:
        if self._parts.watch is not None:
            self._parts.watch.ended(half, message, outcome, asked=False)
        try:
            confirmed = await self._say(half, outcome)
        except (RemotingError, RefusedError, BrokerNotFoundError) as error:
            self._log.warn(
                "{outcome} of {id} was not taken, the broker will ask: {error}",
                outcome=outcome.name,
                id=half.message_id,
                error=str(error),
            )
            confirmed = False
        return TransactionReceipt(**asdict(half), outcome=outcome, confirmed=confirmed)

    async def _say(self, half: Receipt, outcome: Outcome) -> bool:
        parts, queue = self._parts, half.queue
        header = EndTransactionRequestHeader(
            topic=queue.topic,
            producer_group=parts.group,
            tran_state_table_offset=half.queue_offset,
            commit_log_offset=parse_offset_id(half.offset_message_id)[1],
            commit_or_rollback=outcome,
            msg_id=half.message_id,
            transaction_id=half.transaction_id,
            target_broker=queue.broker_name,
        )
        address = parts.routes.address(queue.broker_name)
        code = RequestCode.END_TRANSACTION
        if outcome is Outcome.UNKNOWN:  # this has no answer
            await parts.pool.send_one_way(address, code, header, b"")
            return False
        answer = await parts.pool.request(address, code, header, b"", parts.timeout_s)
        if answer.code != ResponseCode.SUCCESS:
            raise RefusedError(answer.code, answer.remark, address)
        return True


def _outcome(given: object) -> Outcome:
    if not isinstance(given, Outcome):
        raise NoOutcomeError(given)
    return given


def _receipt_of(
    half: ReceivedMessage, asked: CheckTransactionStateRequestHeader
) -> Receipt:
    return Receipt(
        message_id=half.message_id,
        offset_message_id=asked.offset_msg_id or half.offset_message_id,
        queue=half.queue,
        queue_offset=asked.tran_state_table_offset,
        transaction_id=asked.transaction_id,
    )
