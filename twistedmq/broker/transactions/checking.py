"""Which halves nobody decided on, and what is to be done about them. Pure.

A round walks over the queue of halves, and over the queue of op messages beside it.
Halves that are ended are passed over without being read. The first one that is too
young ends the round, as those behind it are younger still; what is old enough is put
back behind all others and its producer is asked, so that the queue can always be gone
through from one offset on. Source: TransactionalMessageServiceImpl.check.
"""

from collections import deque
from collections.abc import Container, Sequence
from enum import Enum, auto

from msgspec import Struct

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.transactions.halves import (
    give_up,
    immunity_ms,
    put_back,
)
from twistedmq.protocol import properties as props
from twistedmq.protocol.half_marks import check_times, offsets_in
from twistedmq.protocol.record import Record


class Kind(Enum):
    """Why a half is stored again."""

    ASK = auto()
    """Put back, and its producer is asked."""
    YOUNG = auto()
    """Put back: its producer wants not to be asked yet."""
    GIVE_UP = auto()
    """Nobody decided on it in time."""


class Task(Struct):
    """One half that is stored again."""

    kind: Kind
    half: Record
    message: InnerMessage


class Rules(Struct, frozen=True):
    """The settings of a round."""

    timeout_ms: int
    """A half younger than this is left alone."""
    most_checks: int
    """A half that was asked about so often is given up."""
    keep_ms: int
    """A half older than this is given up: files of that age are deleted."""
    properties_limit: int
    """A half that would need more bytes of properties is given up."""


class CheckRound:
    """One walk over the halves.

    Attributes:
        half_offset: the first half that is not dealt with yet.
        next_op: the first op message that was not read yet.
        is_over: whether nothing is left to be done in this round.
    """

    def __init__(
        self,
        half_offset: int,
        stop_offset: int,
        op_offset: int,
        rules: Rules,
        marked: Container[object] = (),
    ) -> None:
        """Begin at two offsets.

        Args:
            half_offset: where to begin.
            stop_offset: behind the last half of this round: what is put back in the
                round comes behind it.
            op_offset: where to begin among the op messages.
            rules: what to do.
            marked: halves that are ended though no op message says so yet.
        """
        self.half_offset = half_offset
        self.next_op = op_offset
        self.is_over = False
        self._stop_offset = stop_offset
        self._rules = rules
        self._marked = marked
        self._ended: set[int] = set()
        self._ended_before: set[int] = set()
        self._ops: deque[tuple[int, int]] = deque()

    @property
    def op_offset(self) -> int:
        """The first op message that says something of a half not dealt with yet."""
        while self._ops and self._ops[0][1] < self.half_offset:
            self._ops.popleft()
        return self._ops[0][0] if self._ops else self.next_op

    def take_ops(self, ops: Sequence[Record], next_op: int) -> None:
        """Take in op messages; *next_op* is where the next ones are."""
        for op in ops:
            offsets = offsets_in(op)
            ahead = {offset for offset in offsets if offset >= self.half_offset}
            self._ended |= ahead
            self._ended_before |= offsets - ahead
            self._ops.append((op.queue_offset, max(ahead, default=-1)))
        self.next_op = next_op

    def skip_to(self, half_offset: int) -> None:
        """Go on at *half_offset*: the halves before it are gone."""
        self.half_offset = half_offset

    def pass_ended(self) -> bool:
        """Go past halves that are ended; whether there is another one to look at."""
        while self.half_offset in self._ended:
            self._ended.discard(self.half_offset)
            self.half_offset += 1
        if self.half_offset >= self._stop_offset:
            self.is_over = True
        return not self.is_over

    def decide(self, halves: Sequence[Record], now_ms: int) -> list[Task]:
        """Look at the halves from ``half_offset`` on; every op message is known.

        Gives what must be stored, and goes past them.
        """
        tasks: list[Task] = []
        for half in halves:
            if half.queue_offset >= self._stop_offset:
                self.is_over = True
            elif not self._is_ended(half.queue_offset):
                tasks.extend(self._decide(half, now_ms))
            if self.is_over:
                break
            self._ended.discard(half.queue_offset)
            self.half_offset = half.queue_offset + 1
        return tasks

    def _decide(self, half: Record, now_ms: int) -> Sequence[Task]:
        rules, age_ms = self._rules, now_ms - half.born_ms
        properties = props.parse(half.properties)
        times = check_times(properties)
        asked_enough = times is not None and times >= rules.most_checks
        if asked_enough or age_ms > rules.keep_ms:
            return [Task(Kind.GIVE_UP, half, give_up(half))]
        immune_ms = immunity_ms(properties, rules.timeout_ms)
        if immune_ms is not None:
            if age_ms <= immune_ms:
                return self._wait(half, properties)
        elif 0 <= age_ms <= rules.timeout_ms:
            # One from the future is asked about: the clock may never catch up.
            self.is_over = True
            return ()
        return [self._put_back(Kind.ASK, half)]

    def _wait(self, half: Record, properties: dict[str, str]) -> Sequence[Task]:
        """Put back a half whose producer wants time, unless it was ended meanwhile."""
        first = properties.get(props.TRANSACTION_PREPARED_QUEUE_OFFSET, "")
        if first.isascii() and first.isdigit() and self._is_ended(int(first)):
            return ()
        return [self._put_back(Kind.YOUNG, half)]

    def _put_back(self, kind: Kind, half: Record) -> Task:
        message = put_back(half, asked=kind is Kind.ASK)
        if len(props.format(message.properties)) > self._rules.properties_limit:
            return Task(Kind.GIVE_UP, half, give_up(half))
        return Task(kind, half, message)

    def _is_ended(self, offset: int) -> bool:
        return (
            offset in self._ended
            or offset in self._ended_before
            or offset in self._marked
        )
