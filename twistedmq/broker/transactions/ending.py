"""Ends of transactions: what was prepared becomes a message, or nothing.

What is committed together is stored with one append. A half counts as ended once its
message is safe, not before. Source: EndTransactionProcessor.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.transactions.copies import HalfCopies
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.halves import commit, immunity_ms
from twistedmq.broker.transactions.marks import EndMarks
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import ServiceUnavailableError, TwistedMQError
from twistedmq.protocol.headers import EndTransactionRequestHeader
from twistedmq.protocol.names import HALF_TOPIC
from twistedmq.protocol.record import Record, RecordError, decode_record
from twistedmq.protocol.system_flags import TRANSACTION_COMMIT, TRANSACTION_ROLLBACK
from twistedmq.store.interfaces import StoreFullError

Answer = Callable[[TwistedMQError | None], None]
"""Told once how a request ended: None is well."""


class End(Struct):
    """What a producer decided on one half."""

    header: EndTransactionRequestHeader
    answer: Answer | None
    """None where nobody waits for it."""


class NoSuchHalfError(TwistedMQError):
    """No half of a transaction starts where the producer says."""

    def __init__(self) -> None:
        """Say it as the genuine broker does."""
        super().__init__("Find prepared transaction message failed")


class TooLateError(TwistedMQError):
    """The half is old enough that its producer is asked: only the answer counts."""

    code = ResponseCode.ILLEGAL_OPERATION

    def __init__(self, age_ms: int, limit_ms: int) -> None:
        """Keep the age of the half, and the one its producer set."""
        super().__init__(
            f"the half message is {age_ms} ms old; by its "
            f"{props.CHECK_IMMUNITY_TIME} its producer is asked after {limit_ms} ms, "
            "and only that answer counts"
        )
        self.age_ms = age_ms
        self.limit_ms = limit_ms


class EndedOtherwiseError(TwistedMQError):
    """The half was ended a while ago, the other way round."""

    code = ResponseCode.ILLEGAL_OPERATION

    def __init__(self, ended: int) -> None:
        """Say how it ended."""
        word = "committed" if ended == TRANSACTION_COMMIT else "rolled back"
        super().__init__(f"the transaction was {word} already")


class _Commit(Struct):
    """A half and the message that it becomes."""

    end: End
    half: Record
    topic: str
    """Where its consumers look."""
    message: InnerMessage


class Endings:
    """Ends transactions, many at once.

    Args:
        inner: stores what is committed.
        marks: are told which halves are ended.
        copies: knows what else must be ended with a half.
        counts: how it ended.
        config: from which age on a producer is asked.
        wall_ms: the wall clock.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        inner: InnerWriter,
        marks: EndMarks,
        copies: HalfCopies,
        counts: TransactionCounts,
        config: Live[TransactionConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._inner = inner
        self._marks = marks
        self._copies = copies
        self._counts = counts
        self._config = config
        self._wall_ms = wall_ms

    def end(self, ends: Sequence[tuple[End, Buffer | None]]) -> None:
        """Do what producers decided; each comes with the record it is about.

        Answers are given here, or once what was stored is safe.
        """
        commits: list[_Commit] = []
        for end, record in ends:
            try:
                half, properties = self._find(end.header, record)
                how = end.header.commit_or_rollback
                if self._copies.how_ended(half.queue_offset) == how:
                    _answer(end)  # said twice
                elif how == TRANSACTION_COMMIT:
                    commits.append(self._prepare(end, half, properties))
                    self._copies.ended(half.queue_offset, how)
                else:
                    self._roll_back(half, properties)
                    _answer(end)
            except TwistedMQError as error:
                _answer(end, error)
        if commits:
            self._commit(commits)

    def _find(
        self, header: EndTransactionRequestHeader, record: Buffer | None
    ) -> tuple[Record, dict[str, str]]:
        """Give the half that may be ended, and its properties."""
        try:
            half = decode_record(record or b"")
        except RecordError as error:
            raise NoSuchHalfError from error
        if half.topic != HALF_TOPIC:
            raise NoSuchHalfError
        properties = props.parse(half.properties)
        if not header.from_transaction_check:
            self._check_age(half, properties)
        if properties.get(props.PRODUCER_GROUP) != header.producer_group:
            raise TwistedMQError("The producer group wrong")
        if half.queue_offset != header.tran_state_table_offset:
            raise TwistedMQError("The transaction state table offset wrong")
        if half.physical_offset != header.commit_log_offset:
            raise TwistedMQError("The commit log offset wrong")
        ended = self._copies.how_ended(half.queue_offset)
        if ended is not None and ended != header.commit_or_rollback:
            raise EndedOtherwiseError(ended)
        return half, properties

    def _check_age(self, half: Record, properties: dict[str, str]) -> None:
        timeout_ms = self._config.value.timeout_ms
        limit_ms = immunity_ms(properties, timeout_ms)
        if limit_ms is None:
            return
        age_ms, limit_ms = self._wall_ms() - half.born_ms, max(limit_ms, timeout_ms)
        if age_ms > limit_ms:
            raise TooLateError(age_ms, limit_ms)

    def _prepare(self, end: End, half: Record, properties: dict[str, str]) -> _Commit:
        try:
            message = commit(half, properties)
        except ValueError as error:
            raise TwistedMQError(
                f"the half message at {half.physical_offset} does not say where it "
                f"belongs: {error}"
            ) from error
        topic = message.topic
        return _Commit(end, half, topic, self._inner.divert(message))

    def _roll_back(self, half: Record, properties: dict[str, str]) -> None:
        self._copies.ended(half.queue_offset, TRANSACTION_ROLLBACK)
        self._marks.add(self._copies.same_as(half.queue_offset))
        self._counts.was_rolled_back(properties.get(props.REAL_TOPIC, ""))

    def _commit(self, commits: Sequence[_Commit]) -> None:
        """Store what is committed; if the store takes not all, each by itself."""
        try:
            appended = self._inner.write([c.message for c in commits])
        except StoreFullError as error:
            reason = f"service not available now: {error}"
            self._not_stored(commits, ServiceUnavailableError(reason))
            return
        except TwistedMQError as error:
            if len(commits) == 1:
                self._not_stored(commits, error)
                return
            for one in commits:
                self._commit([one])
            return
        safe = self._inner.safe(appended)
        if safe is None:
            self._stored(commits)
        else:
            safe.addCallbacks(
                lambda _: self._stored(commits), self._not_safe, errbackArgs=(commits,)
            )

    def _stored(self, commits: Sequence[_Commit]) -> None:
        for one in commits:
            # Put back in the meantime, it has one copy more.
            self._marks.add(self._copies.same_as(one.half.queue_offset))
            self._counts.was_committed(one.topic, one.half.born_ms)
            _answer(one.end)

    def _not_safe(self, failure: Failure, commits: Sequence[_Commit]) -> None:
        if isinstance(failure.value, TwistedMQError):
            self._not_stored(commits, failure.value)
        else:
            self._log.failure("committed messages may be lost", failure)
            self._not_stored(commits, ServiceUnavailableError("the flush failed"))

    def _not_stored(self, commits: Sequence[_Commit], error: TwistedMQError) -> None:
        """Leave the halves as they were: their producers are asked again."""
        for one in commits:
            self._copies.not_ended(one.half.queue_offset)
            _answer(one.end, error)


def _answer(end: End, error: TwistedMQError | None = None) -> None:
    if end.answer is not None:
        end.answer(error)
