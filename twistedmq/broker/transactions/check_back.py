"""Asks producers what became of halves that nobody decided on, round after round.

What is noted as dealt with is safe by then: after a crash a producer may be asked
twice, and no half is forgotten.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from twisted.python.failure import Failure

from twistedmq.broker.own_queues import read_on
from twistedmq.broker.rounds import RoundsService
from twistedmq.broker.transactions.asking import ProducerAsker
from twistedmq.broker.transactions.checking import CheckRound, Kind, Rules
from twistedmq.broker.transactions.halves import HALF_QUEUE
from twistedmq.broker.transactions.marks import EndMarks
from twistedmq.broker.transactions.progress import HalfProgress
from twistedmq.broker.transactions.putting_back import PuttingBack
from twistedmq.config.live import Live
from twistedmq.config.transactions import TransactionConfig
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC
from twistedmq.protocol.record import Record
from twistedmq.store.interfaces import IMessageReader

SLICE: Final = 64
"""Most halves, and most op messages, that are dealt with in one turn."""
SLICE_BYTES: Final = 1 << 20


class CheckBack(RoundsService):
    """Walks over the halves again and again.

    Attributes:
        asked: about how many halves producers were asked since the start.
        oldest_ms: the age of the oldest half that the last round asked about.

    Args:
        clock: when to begin a round, and turns in between.
        wall_ms: how old halves are.
        store: has the halves.
        progress: how far it has come.
        putting_back: does what is to be done.
        asker: says at the end of a round who could not be asked.
        marks: ends that no op message tells of yet.
        config: how long the pauses are.
        rules: gives what holds for a round.
    """

    def __init__(
        self,
        *,
        clock: Any,
        wall_ms: Callable[[], int],
        store: IMessageReader,
        progress: HalfProgress,
        putting_back: PuttingBack,
        asker: ProducerAsker,
        marks: EndMarks,
        config: Live[TransactionConfig],
        rules: Callable[[], Rules],
    ) -> None:
        super().__init__(clock, lambda: config.value.check_interval_ms)
        self._wall_ms = wall_ms
        self._store = store
        self._progress = progress
        self._putting_back = putting_back
        self._asker = asker
        self._marks = marks
        self._rules = rules
        self.asked = 0
        self.oldest_ms = 0

    def startService(self) -> None:
        """Begin a round after the pause, and another one after each."""
        for topic in (HALF_TOPIC, OP_HALF_TOPIC):
            self._progress.of(topic)  # put right before anything is added
        super().startService()

    def _failed(self, failure: Failure) -> None:
        if failure.check(TwistedMQError):
            self._log.error(
                "half messages cannot be checked: {error}",
                error=failure.getErrorMessage(),
            )
        else:
            super()._failed(failure)

    def _rest(self) -> None:
        self._asker.tell_of_nobody()

    async def _go_round(self) -> None:
        """Walk over the halves once, a slice a turn."""
        half_offset, stop_offset = self._progress.of(HALF_TOPIC)
        op_offset, _ = self._progress.of(OP_HALF_TOPIC)
        walk = CheckRound(
            half_offset, stop_offset, op_offset, self._rules(), self._marks
        )
        oldest_ms = 0
        while walk.pass_ended():
            if walk.next_op < self._progress.end_of(OP_HALF_TOPIC):
                await self._read_ops(walk)
            else:
                oldest_ms = max(oldest_ms, await self._deal_with_halves(walk))
            self._keep(walk)
            await self._let_others_in()
            if not self.running:
                return
        self._keep(walk)
        self.oldest_ms = oldest_ms

    async def _read_ops(self, walk: CheckRound) -> None:
        ops, next_op = await self._read(OP_HALF_TOPIC, walk.next_op)
        if next_op <= walk.next_op:
            raise TwistedMQError(f"op messages from {next_op} on cannot be read")
        walk.take_ops(ops, next_op)

    async def _deal_with_halves(self, walk: CheckRound) -> int:
        """Do what is to be done about the next ones; gives the age of the oldest one
        that was asked about.
        """
        halves, next_offset = await self._read(HALF_TOPIC, walk.half_offset)
        if not halves:
            if next_offset <= walk.half_offset:
                raise TwistedMQError(f"halves from {next_offset} on cannot be read")
            walk.skip_to(next_offset)  # those before it are deleted
        elif walk.next_op >= self._progress.end_of(OP_HALF_TOPIC):
            now_ms = self._wall_ms()
            tasks = walk.decide(halves, now_ms)
            if tasks:
                await self._putting_back.do(tasks)
            ages_ms = [now_ms - t.half.born_ms for t in tasks if t.kind is Kind.ASK]
            self.asked += len(ages_ms)
            return max(ages_ms, default=0)
        return 0

    def _read(
        self, topic: str, offset: int
    ) -> Coroutine[Any, Any, tuple[list[Record], int]]:
        """Give records of a queue from *offset* on, and where the next ones are."""

        def pass_over(damaged: int, error: TwistedMQError) -> None:
            self._log.error(
                "the message of {topic} at queue offset {offset} is passed over: "
                "{problem}",
                topic=topic,
                offset=damaged,
                problem=str(error),
            )

        place, most = (topic, HALF_QUEUE), (SLICE, SLICE_BYTES)
        return read_on(self._store, place, offset, most, pass_over)

    def _keep(self, walk: CheckRound) -> None:
        self._progress.keep(HALF_TOPIC, walk.half_offset)
        self._progress.keep(OP_HALF_TOPIC, walk.op_offset)
