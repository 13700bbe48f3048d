"""Brings back what was not acknowledged: into the group's pop retry topic.

Works in slices, and with one append a slice; the position in the revive topic is
committed only behind what is safe. Source: PopReviveService.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from twistedmq.broker.inner.message import InnerMessage, of_record
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.checkpoints import (
    ReviveMessages,
    key_of,
    make_checkpoint,
    offsets_of,
    times_rewritten,
    unmasked,
)
from twistedmq.broker.pop.in_flight import InFlight
from twistedmq.broker.pop.retry_topics import RetryTopics
from twistedmq.broker.pop.revive_queue import Pending, ReviveQueue
from twistedmq.broker.settling import settle
from twistedmq.config.live import Live
from twistedmq.config.pop import PopConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import PopCheckPoint
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.record import Record, decode_records
from twistedmq.store.interfaces import IMessageStore, StoreFullError

SLICE: Final = 64
"""Checkpoints that are looked at together."""

REWRITE_AFTER_S: Final = (
    10, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
)  # fmt: skip
"""How much longer a message is hidden that cannot be read, by how often that was."""

_NO_LIMIT: Final = 2**31 - 1


class _Back(Struct):
    """What comes of one slice."""

    messages: list[InnerMessage] = []
    revived: list[tuple[PopCheckPoint, int]] = []
    """How many messages of which checkpoint come back."""


class Reviving:
    """Looks after what is due in the queues of the revive topic.

    Args:
        store: where lent messages are read.
        inner: stores what comes back.
        messages: makes checkpoints anew for what cannot be read.
        book: acks in memory.
        in_flight: what is out.
        retry_topics: where it goes.
        config: when to give up.
        host: this broker's packed address.
        wall_ms: the wall clock.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        store: IMessageStore,
        inner: InnerWriter,
        messages: ReviveMessages,
        book: AckBook,
        in_flight: InFlight,
        retry_topics: RetryTopics,
        config: Live[PopConfig],
        host: bytes,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._inner = inner
        self._messages = messages
        self._book = book
        self._in_flight = in_flight
        self._retry_topics = retry_topics
        self._config = config
        self._host = host
        self._wall_ms = wall_ms

    async def revive(self, queue: ReviveQueue, delivered_ms: int) -> bool:
        """Bring back what is due of one slice; gives whether there may be more.

        All that was to be delivered before *delivered_ms* has been read.

        Raises: StoreFullError, and then it is due still.
        """
        due = queue.take_due(
            self._wall_ms(), SLICE, delivered_ms, self._book.__contains__
        )
        if not due:
            return False
        back = _Back()
        try:
            for pending in due:
                await self._look(pending, queue.queue_id, back)
            if back.messages:
                safe = self._inner.safe(self._inner.write(back.messages))
                if safe is not None:
                    await safe
        except BaseException:
            for pending in due:
                queue.put_back(pending)
            raise
        for pending in due:
            queue.done(pending)
            self._book.forget(key_of(pending.checkpoint))
        for checkpoint, number in back.revived:
            place = (checkpoint.topic, checkpoint.group, checkpoint.queue_id)
            self._in_flight.done(place, number, checkpoint.popped_ms)
        return len(due) == SLICE

    async def _look(self, pending: Pending, queue_id: int, back: _Back) -> None:
        checkpoint = pending.checkpoint
        mask = pending.mask | self._book.mask(key_of(checkpoint))
        offsets = unmasked(offsets_of(checkpoint), mask)
        topic, group = checkpoint.topic, checkpoint.group
        if not offsets or not self._retry_topics.are_wanted(topic, group):
            return
        for run in _runs(offsets):
            try:
                records = await self._read(checkpoint, run)
                if records:
                    topic = self._retry_topics.find(topic, group)
            except StoreFullError:
                raise
            except TwistedMQError as error:
                back.messages += self._rewritten(checkpoint, run, queue_id, error)
                continue
            back.messages += [
                self._again(checkpoint, record, topic) for record in records
            ]
            # also those that are gone from the store are out no more
            back.revived.append((checkpoint, len(run)))

    async def _read(
        self, checkpoint: PopCheckPoint, offsets: Sequence[int]
    ) -> list[Record]:
        """Read messages that follow each other; those that are gone are left out."""
        records: list[Record] = []
        at, end = offsets[0], offsets[-1] + 1
        while at < end:
            read = await settle(
                self._store.read_queue(
                    checkpoint.topic,
                    checkpoint.queue_id,
                    at,
                    end - at,
                    _NO_LIMIT,
                    None,
                    None,
                )
            )
            for buffer in read.records:
                records += decode_records(buffer)
            if read.next_offset <= at:
                break
            at = read.next_offset
        return [record for record in records if record.queue_offset < end]

    def _again(
        self, checkpoint: PopCheckPoint, record: Record, topic: str
    ) -> InnerMessage:
        message = of_record(record)
        if not record.reconsume_times or props.FIRST_POP_TIME not in message.properties:
            message.properties[props.FIRST_POP_TIME] = str(checkpoint.popped_ms)
        queue_id = self._retry_topics.queue_of(topic, record.queue_id)
        message.topic, message.queue_id = topic, queue_id
        message.reconsume_times += 1
        message.born_host = self._host
        return message

    def _rewritten(
        self,
        checkpoint: PopCheckPoint,
        offsets: Sequence[int],
        queue_id: int,
        error: TwistedMQError,
    ) -> Iterator[InnerMessage]:
        """Give checkpoints that try again later what cannot be read now."""
        times = times_rewritten(checkpoint)
        given_up = (
            times >= len(REWRITE_AFTER_S) and self._config.value.drop_after_max_rewrites
        )
        self._log.warn(
            "popped messages of {topic} queue {queue} at {offsets} cannot come back "
            "{when}: {error}",
            topic=checkpoint.topic,
            queue=checkpoint.queue_id,
            offsets=list(offsets),
            when="at all" if given_up else "yet",
            error=str(error),
        )
        if given_up:
            return
        more_s = REWRITE_AFTER_S[min(times, len(REWRITE_AFTER_S) - 1)]
        for offset in offsets:
            fresh = make_checkpoint(
                checkpoint.topic,
                checkpoint.group,
                checkpoint.queue_id,
                offset,
                [offset],
                checkpoint.popped_ms,
                checkpoint.invisible_ms + more_s * 1000,
                checkpoint.broker_name or "",
                times + 1,
            )
            try:
                yield self._messages.checkpoint(fresh, queue_id)
            except TwistedMQError:  # it waits in its queue then
                yield self._messages.checkpoint(fresh, queue_id, waits=False)


def _runs(offsets: Sequence[int]) -> Iterator[list[int]]:
    """Cut rising *offsets* where they do not follow each other."""
    run: list[int] = []
    for offset in offsets:
        if run and offset != run[-1] + 1:
            yield run
            run = []
        run.append(offset)
    if run:
        yield run
