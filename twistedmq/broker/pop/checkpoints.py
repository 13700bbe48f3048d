"""Checkpoints of pops and the acks for them, as messages of the revive topic. Pure.

A checkpoint says which messages of one queue one pop lent, and until when; acks take
messages off it. Both wait where delayed messages wait, and come into the revive topic
when the time of the checkpoint is over. Source: PopCheckPoint, AckMsg, BatchAckMsg.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import AckMsg, BatchAckMsg, PopCheckPoint
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import SYSTEM_GROUP_PREFIX, TIMER_TOPIC

REVIVE_GROUP: Final = f"{SYSTEM_GROUP_PREFIX}REVIVE_GROUP"
"""Who consumes the revive topic: the broker itself."""

CHECKPOINT_TAG: Final = "ck"
ACK_TAG: Final = "ack"
BATCH_ACK_TAG: Final = "bAck"

ACK_MARGIN_MS: Final = 1_000
"""A checkpoint comes into the revive topic so long before its acks."""

_TAGS_CODES: Final = {
    tag: props.tags_code(tag) for tag in (CHECKPOINT_TAG, ACK_TAG, BATCH_ACK_TAG)
}
_WAITS_UNTIL: Final = f"{props.TIMER_DELIVER_MS}{props.NAME_END}"
_ITS_KEY: Final = f"{props.VALUE_END}{props.UNIQ_KEY}{props.NAME_END}"
_ITS_TAG: Final = f"{props.VALUE_END}{props.TAGS}{props.NAME_END}"
_IN_SLOT: Final = f"{props.VALUE_END}{props.TIMER_OUT_MS}{props.NAME_END}"
_FOR_TOPIC: Final = f"{props.VALUE_END}{props.REAL_TOPIC}{props.NAME_END}"
_FOR_QUEUE: Final = f"{props.VALUE_END}{props.REAL_QUEUE_ID}{props.NAME_END}"

SlotFor = Callable[[int, int], int | None]
"""Gives, of when a message is to be delivered and of the time now, in ms, the slot in
which it waits; None if that is over. Raises TwistedMQError where it may not wait."""

_json: Final = msgspec.json.Encoder().encode
_NULLS: Final = (b',"rp":null', b'"bn":null,')
"""Members that are left out where they are None; no text can look like that, as its
quotes are escaped."""

LoanKey = tuple[str, str, int, int, int]
"""What tells checkpoints apart: topic, group, queue id, start offset, pop time."""


def make_checkpoint(
    topic: str,
    group: str,
    queue_id: int,
    start_offset: int,
    offsets: Sequence[int],
    popped_ms: int,
    invisible_ms: int,
    broker_name: str,
    rewritten: int = 0,
) -> PopCheckPoint:
    """Give the checkpoint of a pop that lent the messages at *offsets*."""
    return PopCheckPoint(
        broker_name=broker_name,
        group=group,
        offset_differences=[offset - start_offset for offset in offsets],
        invisible_ms=invisible_ms,
        count=len(offsets),
        popped_ms=popped_ms,
        queue_id=queue_id,
        revive_ms=popped_ms + invisible_ms,
        rewritten=str(rewritten) if rewritten else None,
        start_offset=start_offset,
        topic=topic,
    )


def key_of(kept: PopCheckPoint | AckMsg | BatchAckMsg) -> LoanKey:
    """Say which checkpoint this is, or which one is meant."""
    return (
        kept.topic,
        kept.group,
        kept.queue_id,
        kept.start_offset,
        kept.popped_ms,
    )


def offsets_of(checkpoint: PopCheckPoint) -> Sequence[int]:
    """Give the queue offsets of the lent messages, in the order of their bits."""
    start, differences = checkpoint.start_offset, checkpoint.offset_differences
    if not differences:  # as old versions wrote them
        return range(start, start + checkpoint.count)
    return [start + difference for difference in differences]


def times_rewritten(checkpoint: PopCheckPoint) -> int:
    """Say how often this checkpoint was put into the revive topic again."""
    text = checkpoint.rewritten or "0"
    return int(text) if text.isdecimal() else 127


def mask_of(offsets: Sequence[int], acked: Sequence[int]) -> int:
    """Give the bits of those of *acked* that are among *offsets*."""
    if len(acked) == len(offsets) and list(acked) == list(offsets):
        return (1 << len(offsets)) - 1  # mostly: all of a pop, in their order
    mask = 0
    for offset in acked:
        if offset in offsets:
            mask |= 1 << offsets.index(offset)
    return mask


def unmasked(offsets: Sequence[int], mask: int) -> list[int]:
    """Give those of *offsets* whose bit is not set."""
    return [offset for bit, offset in enumerate(offsets) if not mask >> bit & 1]


class ReviveMessages:
    """Makes the messages of the revive topic.

    Args:
        topic: the revive topic of the cluster.
        host: packed address of this broker.
        wall_ms: the wall clock.
        slot_for: says where messages wait.
    """

    def __init__(
        self,
        topic: str,
        host: bytes,
        wall_ms: Callable[[], int],
        slot_for: SlotFor,
    ) -> None:
        self.topic = topic
        self._host = host
        self._wall_ms = wall_ms
        self._slot_for = slot_for

    def checkpoint(
        self, checkpoint: PopCheckPoint, queue_id: int, *, waits: bool = True
    ) -> InnerMessage:
        """Give *checkpoint* as it is stored, for one queue of the revive topic.

        Unless it *waits*, it comes into that queue at once.
        Raises: TwistedMQError, if it may not wait until its time.
        """
        name = (
            f"{checkpoint.topic}@{checkpoint.queue_id}@{checkpoint.start_offset}"
            f"@{checkpoint.group}@{checkpoint.popped_ms}@{checkpoint.broker_name}"
        )
        deliver_ms = checkpoint.popped_ms + checkpoint.invisible_ms - ACK_MARGIN_MS
        body = _encode(checkpoint)
        return self._message(queue_id, CHECKPOINT_TAG, body, name, deliver_ms, waits)

    def acks(
        self,
        key: LoanKey,
        broker_name: str,
        offsets: Sequence[int],
        invisible_ms: int,
        queue_id: int,
    ) -> InnerMessage:
        """Give acks for messages of one checkpoint as one message, as it is stored.

        Raises: TwistedMQError, if it may not wait until its time.
        """
        topic, group, of_queue, start_offset, popped_ms = key
        more = {
            "broker_name": broker_name,
            "group": group,
            "popped_ms": popped_ms,
            "queue_id": of_queue,
            "start_offset": start_offset,
            "topic": topic,
        }
        ack: AckMsg | BatchAckMsg
        if len(offsets) == 1:
            ack, tag = AckMsg(ack_offset=offsets[0], **more), ACK_TAG  # type: ignore[arg-type]
        else:
            ack = BatchAckMsg(ack_offsets=list(offsets), **more)  # type: ignore[arg-type]
            tag = BATCH_ACK_TAG
        name = f"{topic}@{of_queue}@{ack.ack_offset}@{group}@{popped_ms}@{broker_name}"
        deliver_ms = popped_ms + invisible_ms
        return self._message(queue_id, tag, _encode(ack), name, deliver_ms)

    def _message(
        self,
        queue_id: int,
        tag: str,
        body: bytes,
        name: str,
        deliver_ms: int,
        waits: bool = True,
    ) -> InnerMessage:
        """Lay out what every pop and every ack brings: no dictionary, nothing twice."""
        if props.NAME_END in name or props.VALUE_END in name:
            raise MessageIllegalError("a message property contains byte 01 or 02")
        now_ms, topic = self._wall_ms(), self.topic
        kind = CHECKPOINT_TAG if tag == CHECKPOINT_TAG else ACK_TAG
        held = f"{_WAITS_UNTIL}{deliver_ms}{_ITS_KEY}{name}@{kind}{_ITS_TAG}{tag}"
        slot_ms = self._slot_for(deliver_ms, now_ms) if waits else None
        if slot_ms is not None:
            held += f"{_IN_SLOT}{slot_ms}{_FOR_TOPIC}{topic}{_FOR_QUEUE}{queue_id}"
            topic, queue_id = TIMER_TOPIC, 0
        return InnerMessage(
            topic=topic,
            queue_id=queue_id,
            properties={},
            body=body,
            born_ms=now_ms,
            born_host=self._host,
            tags_code=_TAGS_CODES[tag],
            encoded=f"{held}{props.VALUE_END}".encode("utf-8", "replace"),
        )


def _encode(kept: PopCheckPoint | AckMsg | BatchAckMsg) -> bytes:
    """Write what is kept as the genuine broker does; there are many of them."""
    body = _json(kept)
    for null in _NULLS:
        body = body.replace(null, b"", 1)
    return body
