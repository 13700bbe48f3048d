"""What has been read of one queue of the revive topic, and is not over yet. Pure.

Checkpoints come in when their time is nearly over, acks behind them. What is left of a
checkpoint a little after its time was not acknowledged, and is to come back.
Source: PopReviveService.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Final

from msgspec import Struct

from twistedmq.broker.pop.checkpoints import (
    ACK_TAG,
    BATCH_ACK_TAG,
    CHECKPOINT_TAG,
    LoanKey,
    key_of,
    mask_of,
    offsets_of,
)
from twistedmq.protocol import loose_json
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import AckMsg, BatchAckMsg, PopCheckPoint
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.record import Record

GRACE_MS: Final = 2_000
"""How long after its time a checkpoint still takes acks: they may be on their way."""


EARLY_ACK_MS: Final = 60_000
"""How long acks are kept, once or twice this, whose checkpoint has not been read."""


class Pending(Struct):
    """A checkpoint that is not over."""

    checkpoint: PopCheckPoint
    revive_offset: int
    mask: int = 0

    @property
    def revive_ms(self) -> int:
        """When its messages are visible again."""
        return self.checkpoint.popped_ms + self.checkpoint.invisible_ms


_EarlyAcks = dict[LoanKey, list[tuple[AckMsg | BatchAckMsg, list[int]]]]


class ReviveQueue:
    """The checkpoints of one queue, in the order in which they were read."""

    def __init__(self, queue_id: int, next_offset: int) -> None:
        """Read on from *next_offset*."""
        self.queue_id = queue_id
        self.next_offset = next_offset
        self._pending: dict[LoanKey, Pending] = {}
        self._by_time: list[tuple[int, int, LoanKey]] = []
        self._early: _EarlyAcks = {}
        self._earlier: _EarlyAcks = {}
        self._aged_ms = 0

    def __len__(self) -> int:
        """Count the checkpoints."""
        return len(self._pending)

    def take_in(self, record: Record) -> None:
        """Take note of what was read; what is none of ours is passed over.

        Raises: FieldError, for what says that it is ours and is not.
        """
        tag = props.parse(record.properties).get(props.TAGS)
        if tag == CHECKPOINT_TAG:
            self._add(loose_json.decode(record.body, type=PopCheckPoint), record)
        elif tag == ACK_TAG:
            ack = loose_json.decode(record.body, type=AckMsg)
            self._acked(ack, [ack.ack_offset])
        elif tag == BATCH_ACK_TAG:
            acks = loose_json.decode(record.body, type=BatchAckMsg)
            self._acked(acks, acks.ack_offsets)

    def _add(self, checkpoint: PopCheckPoint, record: Record) -> None:
        if not checkpoint.topic or not checkpoint.group:
            raise FieldError("PopCheckPoint", "topic or group is missing")
        key = key_of(checkpoint)
        self._pending.pop(key, None)  # it goes behind all others
        pending = Pending(checkpoint, record.queue_offset, checkpoint.bit_map)
        for early in (self._early, self._earlier):
            for ack, offsets in early.pop(key, ()):
                _take_off(pending, ack, offsets)
        self._pending[key] = pending
        heappush(self._by_time, (pending.revive_ms, record.queue_offset, key))

    def _acked(self, ack: AckMsg | BatchAckMsg, offsets: list[int]) -> None:
        key = key_of(ack)
        pending = self._pending.get(key)
        if pending is not None:
            _take_off(pending, ack, offsets)
        else:
            # Too late, or of nothing that was lent here; or, after a crash, before its
            # checkpoint, which the timers had to find first.
            self._early.setdefault(key, []).append((ack, offsets))

    def take_due(
        self,
        now_ms: int,
        count: int,
        delivered_ms: int,
        has_all_acks: Callable[[LoanKey], bool],
    ) -> list[Pending]:
        """Give up to *count* checkpoints whose time is over, the oldest first.

        What was to come into the queue before *delivered_ms* has come. For a checkpoint
        of which *has_all_acks* says so, nothing need have come.

        Each must be given to ``done`` or ``put_back``.
        """
        self._forget_early_acks(now_ms)
        due: list[Pending] = []
        early: list[tuple[int, int, LoanKey]] = []
        heap = self._by_time
        while heap and len(due) < count and heap[0][0] + GRACE_MS <= now_ms:
            item = heappop(heap)
            revive_ms, revive_offset, key = item
            pending = self._pending.get(key)
            if pending is None or pending.revive_offset != revive_offset:
                continue
            if revive_ms + GRACE_MS <= delivered_ms or has_all_acks(key):
                due.append(pending)
            else:
                early.append(item)
        for item in early:
            heappush(heap, item)
        return due

    def _forget_early_acks(self, now_ms: int) -> None:
        if not 0 <= now_ms - self._aged_ms < EARLY_ACK_MS:
            self._earlier, self._early = self._early, {}
            self._aged_ms = now_ms

    def put_back(self, pending: Pending) -> None:
        """Have *pending* given again."""
        key = key_of(pending.checkpoint)
        heappush(self._by_time, (pending.revive_ms, pending.revive_offset, key))

    def done(self, pending: Pending) -> None:
        """Forget *pending*: nothing of it is left to do."""
        key = key_of(pending.checkpoint)
        known = self._pending.get(key)
        if known is not None and known.revive_offset == pending.revive_offset:
            del self._pending[key]

    @property
    def finished_offset(self) -> int:
        """The last offset up to which nothing is left to do; what is committed."""
        if self._pending:
            return next(iter(self._pending.values())).revive_offset - 1
        return self.next_offset - 1


def _take_off(
    pending: Pending, ack: AckMsg | BatchAckMsg, offsets: Sequence[int]
) -> None:
    """Take acknowledged messages off a checkpoint, if it is of the broker they name."""
    broker_name = pending.checkpoint.broker_name
    if not ack.broker_name or not broker_name or ack.broker_name == broker_name:
        pending.mask |= mask_of(offsets_of(pending.checkpoint), offsets)
