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
from twistedmq.protocol.names import SYSTEM_GROUP_PREFIX

REVIVE_GROUP: Final = f"{SYSTEM_GROUP_PREFIX}REVIVE_GROUP"
"""Who consumes the revive topic: the broker itself."""

CHECKPOINT_TAG: Final = "ck"
ACK_TAG: Final = "ack"
BATCH_ACK_TAG: Final = "bAck"

ACK_MARGIN_MS: Final = 1_000
"""A checkpoint comes into the revive topic so long before its acks."""

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
    """

    def __init__(self, topic: str, host: bytes, wall_ms: Callable[[], int]) -> None:
        self.topic = topic
        self._host = host
        self._wall_ms = wall_ms

    def checkpoint(self, checkpoint: PopCheckPoint, queue_id: int) -> InnerMessage:
        """Give *checkpoint* as a message of one queue of the revive topic."""
        name = (
            f"{checkpoint.topic}@{checkpoint.queue_id}@{checkpoint.start_offset}"
            f"@{checkpoint.group}@{checkpoint.popped_ms}@{checkpoint.broker_name}"
        )
        deliver_ms = checkpoint.popped_ms + checkpoint.invisible_ms - ACK_MARGIN_MS
        body = _encode(checkpoint)
        return self._message(queue_id, CHECKPOINT_TAG, body, name, deliver_ms)

    def acks(
        self,
        key: LoanKey,
        broker_name: str,
        offsets: Sequence[int],
        invisible_ms: int,
        queue_id: int,
    ) -> InnerMessage:
        """Give acks for messages of one checkpoint as one message."""
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
        self, queue_id: int, tag: str, body: bytes, name: str, deliver_ms: int
    ) -> InnerMessage:
        kind = CHECKPOINT_TAG if tag == CHECKPOINT_TAG else ACK_TAG
        return InnerMessage(
            topic=self.topic,
            queue_id=queue_id,
            properties={
                props.TIMER_DELIVER_MS: str(deliver_ms),
                props.UNIQ_KEY: f"{name}@{kind}",
                props.TAGS: tag,
            },
            body=body,
            born_ms=self._wall_ms(),
            born_host=self._host,
        )


def _encode(kept: PopCheckPoint | AckMsg | BatchAckMsg) -> bytes:
    """Write what is kept as the genuine broker does; there are many of them."""
    body = _json(kept)
    for null in _NULLS:
        body = body.replace(null, b"", 1)
    return body
