"""Stores halves again that nobody decided on, and has their producers asked."""

from collections.abc import Sequence
from typing import Final

from twisted.logger import Logger

from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.topics.table import TopicTable
from twistedmq.broker.transactions.asking import ProducerAsker
from twistedmq.broker.transactions.checking import Kind, Task
from twistedmq.broker.transactions.copies import HalfCopies
from twistedmq.broker.transactions.counts import TransactionCounts
from twistedmq.broker.transactions.halves import give_up
from twistedmq.protocol import properties as props
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.names import TRANSACTION_GIVEN_UP_TOPIC
from twistedmq.protocol.record import Record
from twistedmq.store.interfaces import StoreFullError

_SAID_AT_ONCE: Final = 10
"""So many given up halves are named in one line of the log."""


class PuttingBack:
    """Does what a round found to be done.

    Args:
        inner: stores halves.
        topics: gets the topic of those that are given up.
        copies: told of what was put back.
        counts: told of what was given up.
        asker: asks producers.
    """

    _log = Logger()

    def __init__(
        self,
        inner: InnerWriter,
        topics: TopicTable,
        copies: HalfCopies,
        counts: TransactionCounts,
        asker: ProducerAsker,
    ) -> None:
        self._inner = inner
        self._topics = topics
        self._copies = copies
        self._counts = counts
        self._asker = asker

    async def do(self, tasks: Sequence[Task]) -> None:
        """Store again what *tasks* say, with one append; ask once that is safe.

        Raises: StoreFullError, and then nothing was stored.
        """
        if any(task.kind is Kind.GIVE_UP for task in tasks):
            self._topics.create_if_absent(TRANSACTION_GIVEN_UP_TOPIC)
        try:
            appended = self._inner.write([task.message for task in tasks])
        except StoreFullError:
            raise
        except TwistedMQError as error:
            await self._one_by_one(tasks, error)
            return
        asked: list[Record] = []
        for task, physical_offset, queue_offset in zip(
            tasks, appended.physical_offsets, appended.queue_offsets, strict=True
        ):
            half = task.half
            if task.kind is not Kind.GIVE_UP:
                self._copies.put_back(half.queue_offset, queue_offset)
            if task.kind is Kind.ASK:
                half.properties = props.format(task.message.properties)
                half.physical_offset, half.queue_offset = physical_offset, queue_offset
                asked.append(half)
        safe = self._inner.safe(appended)
        if safe is not None:
            await safe
        for half in asked:
            self._asker.ask(half)
        self._tell([t.half for t in tasks if t.kind is Kind.GIVE_UP])

    async def _one_by_one(self, tasks: Sequence[Task], error: TwistedMQError) -> None:
        """Give up the half that the store does not take back."""
        if len(tasks) > 1:
            for task in tasks:
                await self.do([task])
            return
        (task,) = tasks
        if task.kind is Kind.GIVE_UP:
            raise error
        self._log.error(
            "the half message at {offset} cannot be put back: {error}",
            offset=task.half.physical_offset,
            error=str(error),
        )
        await self.do([Task(Kind.GIVE_UP, task.half, give_up(task.half))])

    def _tell(self, given_up: Sequence[Record]) -> None:
        """Count halves that were given up, and name them in the log."""
        if not given_up:
            return
        held = [props.parse(half.properties) for half in given_up]
        for properties in held:
            self._counts.was_given_up(properties.get(props.REAL_TOPIC, ""))
        some = [
            f"{p.get(props.UNIQ_KEY, '(no id)')} of {p.get(props.REAL_TOPIC, '')}"
            for p in held[:_SAID_AT_ONCE]
        ]
        self._log.error(
            "{number} half messages that nobody decided on were moved to {topic}: "
            "{some}{rest}",
            number=len(held),
            topic=TRANSACTION_GIVEN_UP_TOPIC,
            some=", ".join(some),
            rest=", ..." if len(held) > len(some) else "",
        )
