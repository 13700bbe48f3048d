"""What becomes of messages that were popped: acked, kept longer, given back, buried."""

from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from msgspec import Struct
from twisted.internet.defer import Deferred, DeferredList, TimeoutError
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.message import ReceivedMessage
from twistedmq.client.pop_acks import PopAcks
from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.pop_clock import BrokerClocks
from twistedmq.client.pop_errors import AckFailedError, ReceiptHandleExpiredError
from twistedmq.client.popped import receipt_of, with_handle
from twistedmq.client.reactor import Clock
from twistedmq.client.retrying import Retries
from twistedmq.client.routing import Routes
from twistedmq.protocol.headers.pop import ChangeInvisibleTimeRequestHeader
from twistedmq.protocol.pop_handles import Handle, Receipt, topic_of_kind

TO_DEAD_LETTERS = -1

Work = Coroutine[Deferred[Any], Any, object]

_log = Logger()


class LoanParts(Struct, frozen=True):
    """What the loans need of their surroundings."""

    group: str
    most_times: int
    """What came back so often goes to the dead letters."""
    calls: PopCalls
    acks: PopAcks
    retries: Retries
    routes: Routes
    clocks: BrokerClocks
    clock: Clock


class Loans:
    """Ends or changes the loans of messages, as long as their time is not over."""

    def __init__(self, parts: LoanParts) -> None:
        self._parts = parts
        self._under_way: set[Deferred[Any]] = set()

    def is_over(self, message: ReceivedMessage) -> bool:
        """Whether the time of a message has run out."""
        return self._late_ms(receipt_of(message)) >= 0

    def ack(self, message: ReceivedMessage) -> Deferred[None]:
        """Have done with a message.

        Raises: NotPoppedError, ReceiptHandleError, ReceiptHandleExpiredError.
        """
        return self._parts.acks.ack(message.topic, self._good(message))

    def ack_quietly(self, message: ReceivedMessage) -> None:
        """Have done with a message for which nobody waits; trouble is logged."""
        try:
            receipt = self._good(message)
        except ReceiptHandleExpiredError as error:
            _log.warn("{group}: {error}", group=self._parts.group, error=str(error))
        else:
            self._parts.acks.ack_quietly(message.topic, receipt)

    def ack_all_quietly(self, messages: Iterable[ReceivedMessage]) -> None:
        """Have done with messages that nobody sees."""
        for message in messages:
            self.ack_quietly(message)

    async def ack_all(self, messages: Sequence[ReceivedMessage]) -> None:
        """Have done with all of *messages*; fails with AckFailedError."""
        failures: list[tuple[ReceivedMessage, Exception]] = []
        sent: list[tuple[ReceivedMessage, Deferred[None]]] = []
        for message in messages:
            try:
                sent.append((message, self.ack(message)))
            except Exception as error:
                failures.append((message, error))
        results = await DeferredList([d for _, d in sent], consumeErrors=True)
        for (message, _), (good, result) in zip(sent, results, strict=True):
            if not good:
                assert isinstance(result, Failure)
                failures.append((message, result.value))
        if failures:
            raise AckFailedError(len(messages), failures)

    async def change(
        self, message: ReceivedMessage, invisible_ms: int
    ) -> ReceivedMessage:
        """Lend a message until so long after now; gives it with its new handle."""
        receipt = self._good(message)
        handle, parts = receipt.handle, self._parts
        header = ChangeInvisibleTimeRequestHeader(
            consumer_group=parts.group,
            topic=topic_of_kind(handle.kind, message.topic, parts.group),
            queue_id=receipt.queue_id,
            extra_info=receipt.text,
            offset=receipt.queue_offset,
            invisible_time=invisible_ms,
            target_broker=handle.broker_name,
        )
        address = parts.routes.address(handle.broker_name)
        answer = await parts.calls.change_invisible(address, header)
        if answer is None:
            raise ReceiptHandleExpiredError(message.message_id, receipt.text, None)
        changed = Handle(
            receipt.queue_offset,
            answer.pop_time,
            answer.invisible_time,
            answer.revive_qid,
            handle.kind,
            handle.broker_name,
        )
        return with_handle(
            message, changed.text(receipt.queue_id, receipt.queue_offset)
        )

    async def bury(self, message: ReceivedMessage) -> None:
        """Send a message to the dead letters, and have done with it."""
        self._good(message)
        await self._parts.retries.give_back(message, TO_DEAD_LETTERS)
        await self.ack(message)

    def without_spent(self, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """Bury what came back too often, and give the rest."""
        most = self._parts.most_times
        spent = [each for each in messages if each.reconsume_times >= most]
        if not spent:
            return messages
        for message in spent:
            _log.warn(
                "{message} came back {times} times, and goes to the dead letters",
                message=repr(message),
                times=message.reconsume_times,
            )
            self._in_background(self.bury(message), message)
        return [each for each in messages if each.reconsume_times < most]

    def give_back(self, messages: Iterable[ReceivedMessage]) -> None:
        """Let messages go that nobody has seen: others may have them at once."""
        for message in messages:
            if not self.is_over(message):
                self._in_background(self.change(message, 0), message)

    async def finish(self, patience_s: float) -> None:
        """Return when everything is sent, or patience is at its end."""
        ending = Deferred.fromCoroutine(self._finish())
        try:
            await ending.addTimeout(patience_s, self._parts.clock)
        except TimeoutError:
            _log.warn(
                "{group}: acks are not sent after {patience_s:g} s",
                group=self._parts.group,
                patience_s=patience_s,
            )
        self._parts.retries.stop()

    async def _finish(self) -> None:
        while self._under_way:
            await DeferredList(list(self._under_way))
        await self._parts.acks.finish()

    def _in_background(self, work: Work, message: ReceivedMessage) -> None:
        running: Deferred[Any] = Deferred.fromCoroutine(work)
        self._under_way.add(running)
        running.addErrback(_not_done, message)
        running.addBoth(lambda _: self._under_way.discard(running))

    def _good(self, message: ReceivedMessage) -> Receipt:
        """Give the receipt of a message whose time is not over."""
        receipt = receipt_of(message)
        late_ms = self._late_ms(receipt)
        if late_ms >= 0:
            raise ReceiptHandleExpiredError(message.message_id, receipt.text, late_ms)
        return receipt

    def _late_ms(self, receipt: Receipt) -> int:
        now_ms = self._parts.clocks.now_ms(receipt.handle.broker_name)
        return now_ms - receipt.ends_ms


def _not_done(failure: Failure, message: ReceivedMessage) -> None:
    _log.warn(
        "{message} comes again when its time is over: {reason}",
        message=repr(message),
        reason=failure.getErrorMessage(),
    )
