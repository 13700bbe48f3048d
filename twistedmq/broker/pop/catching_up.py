"""After a crash: what was popped since positions were last written to disk.

Positions are written every few seconds, checkpoints at once. A checkpoint says what it
covers, and that brings it back; so its group may go on behind it, and is not given the
same once more. Upstream gives it once more.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from twistedmq.broker.offsets.table import OffsetTable
from twistedmq.broker.pop.checkpoints import CHECKPOINT_TAG, offsets_of
from twistedmq.broker.pop.positions import Place
from twistedmq.broker.settling import settle
from twistedmq.protocol import loose_json
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import PopCheckPoint
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.record import body_of, properties_of, size_of
from twistedmq.store.interfaces import IMessageStore

MARGIN_MS: Final = 2_000
"""How long positions may be under way to the disk: what was popped meanwhile counts."""

_SLICE: Final = 128
_NO_LIMIT: Final = 2**31 - 1
_MARK: Final = f"{props.TAGS}\x01{CHECKPOINT_TAG}\x02".encode()


class PopCatchUp(Service):
    """Looks once at the newest checkpoints; ``ready`` fires when that is over.

    Args:
        clock: lets others in between slices.
        store: holds the checkpoints.
        offsets: moved on.
        places: the queues in which checkpoints are: topic, queue id.
        since_ms: when the positions were last written; None if they never were.
        is_wanted: whether a topic and a group still exist.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clock: Any,
        store: IMessageStore,
        offsets: OffsetTable,
        places: Sequence[tuple[str, int]],
        since_ms: int | None,
        is_wanted: Callable[[str, str], bool],
    ) -> None:
        self._clock = clock
        self._store = store
        self._offsets = offsets
        self._places = places
        self._since_ms = since_ms
        self._is_wanted = is_wanted
        self._found: list[tuple[Place, int, int]] = []
        """Start, and what is behind it, of what was popped where."""
        self.ready: Deferred[None] | None = None

    def startService(self) -> None:
        """Begin to look."""
        super().startService()
        if self._since_ms is not None:
            self.ready = Deferred.fromCoroutine(self._look(self._since_ms))

    async def _look(self, since_ms: int) -> None:
        for topic, queue_id in self._places:
            offset = await settle(
                self._store.offset_by_time(topic, queue_id, since_ms - MARGIN_MS, False)
            )
            await self._look_through(topic, queue_id, offset)
        if moved := self._move():
            self._log.info(
                "in {count} queues groups go on behind what they popped before the "
                "crash",
                count=moved,
            )
        self._found.clear()

    async def _look_through(self, topic: str, queue_id: int, offset: int) -> None:
        end = self._store.queue_bounds(topic, queue_id)[1]
        while offset < end:
            try:
                read = await settle(
                    self._store.read_queue(
                        topic, queue_id, offset, _SLICE, _NO_LIMIT, None, None
                    )
                )
            except TwistedMQError as error:
                # Then messages are given once more; who must have it says so later.
                self._log.warn(
                    "{topic} queue {queue} is not looked through: {error}",
                    topic=topic,
                    queue=queue_id,
                    error=str(error),
                )
                return
            for buffer in read.records:
                self._take_in(buffer)
            if read.next_offset <= offset:
                return
            offset = read.next_offset
            await deferLater(self._clock, 0)

    def _take_in(self, buffer: Buffer) -> None:
        at = 0
        while at < len(buffer):
            if _MARK in bytes(properties_of(buffer, at)):
                body = body_of(buffer, at)
                with suppress(TwistedMQError):  # it is logged when it is due
                    self._note(loose_json.decode(body, type=PopCheckPoint))
            at += size_of(buffer, at)

    def _note(self, checkpoint: PopCheckPoint) -> None:
        offsets = offsets_of(checkpoint)
        if offsets and self._is_wanted(checkpoint.topic, checkpoint.group):
            place = (checkpoint.topic, checkpoint.group, checkpoint.queue_id)
            self._found.append((place, checkpoint.start_offset, max(offsets) + 1))

    def _move(self) -> int:
        """Move groups on; gives in how many queues.

        Only from where they are, if that is known: a checkpoint that begins further on
        is of another time, from before an operator moved the group, perhaps.
        """
        moved = set()
        for place, start, behind in sorted(self._found):
            topic, group, queue_id = place
            end = self._store.queue_bounds(topic, queue_id)[1]
            at = self._offsets.query(group, topic, queue_id)
            if (at < 0 or start <= at) and at < behind <= end:
                self._offsets.commit(group, topic, queue_id, behind)
                moved.add(place)
        return len(moved)
