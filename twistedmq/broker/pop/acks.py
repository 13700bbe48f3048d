"""ACK_MESSAGE, many at once, and BATCH_ACK_MESSAGE: lent messages are done.

Source: AckMessageProcessor.
"""

import binascii
from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.pop.ack_frames import (
    AckGroup,
    decode_acks,
    refusal_reply,
    success_replies,
)
from twistedmq.broker.pop.acked_queues import AckedQueues
from twistedmq.broker.pop.acking import Acking, Acks
from twistedmq.broker.pop.errors import NoMessageError
from twistedmq.broker.settling import done_once
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import BatchAck, BatchAckMessageRequestBody
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import (
    FieldError,
    TwistedMQError,
)
from twistedmq.protocol.pop_handles import Handle, bit_offsets, topic_of_kind
from twistedmq.remoting.interfaces import (
    BatchTable,
    HandlerTable,
    IConnection,
    Request,
)

MOST_BIT_BYTES: Final = 8 * 1024
"""Bytes of the bit set of a batch of acks: far more than one pop passes over."""


class AckHandlers:
    """Serves acks.

    Args:
        queues: which there are, and which offsets they have.
        acking: takes note of acks.
    """

    def __init__(self, queues: AckedQueues, acking: Acking) -> None:
        self._queues = queues
        self._acking = acking

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.BATCH_ACK_MESSAGE: self.ack_batch}

    def batch_table(self) -> BatchTable:
        """Give the batch handlers by request code."""
        return {RequestCode.ACK_MESSAGE: self.ack}

    def ack(
        self, frames: Sequence[bytes], connection: IConnection
    ) -> bytes | Deferred[bytes]:
        """Take note of all acks in *frames*; gives their answers."""
        acks = decode_acks(frames)
        refused = acks.refused
        good: list[int] = []
        found: list[Acks] = []
        for group in acks.groups:
            try:
                offsets = self._checked(group, connection, refused, good)
                if not offsets:
                    continue
                ack = self._acking.ack(
                    group.topic,
                    group.group,
                    group.queue_id,
                    group.handle,
                    offsets,
                    connection,
                )
                if ack is not None:
                    found.append(ack)
            except TwistedMQError as error:
                refused += [(opaque, error) for opaque in group.opaques]
                good = [opaque for opaque in good if opaque not in group.opaques]
        one_way = acks.one_way
        if one_way:
            good = [opaque for opaque in good if opaque not in one_way]
        replies = b"".join(
            refusal_reply(*each) for each in refused if each[0] not in one_way
        )
        if not found:
            return replies + success_replies(good)
        return self._acking.write(found, connection).addCallback(
            lambda _: replies + success_replies(good)
        )

    def _checked(
        self,
        group: AckGroup,
        connection: IConnection,
        refused: list[tuple[int, TwistedMQError]],
        good: list[int],
    ) -> list[int]:
        """Give the offsets that there are; the others' opaques go to *refused*."""
        topic, queue_id = group.topic, group.queue_id
        least, end = self._queues.checked_bounds(topic, queue_id, connection)
        if least <= min(group.offsets) and max(group.offsets) <= end:
            good += group.opaques
            return group.offsets
        offsets = []
        for opaque, offset in zip(group.opaques, group.offsets, strict=True):
            if least <= offset <= end:
                offsets.append(offset)
                good.append(opaque)
            else:
                error = NoMessageError(
                    f"offset is illegal, key:{topic}@{queue_id}, commit:{offset}, "
                    f"store:{least}~{end}"
                )
                refused.append((opaque, error))
        return offsets

    def ack_batch(self, request: Request) -> Reply | Deferred[Reply]:
        """Take note of the acks of several pops."""
        body = None
        if request.command.body:
            body = loose_json.decode(
                request.command.body, type=BatchAckMessageRequestBody
            )
        if body is None or not body.acks:
            raise NoMessageError("there are no acks in the body")
        found = [self._ack_some(ack, body, request.connection) for ack in body.acks]
        acks = [each for each in found if each is not None]
        return done_once(self._acking.write(acks, request.connection) if acks else None)

    def _ack_some(
        self,
        ack: BatchAck,
        body: BatchAckMessageRequestBody,
        connection: IConnection,
    ) -> Acks | None:
        topic = topic_of_kind(ack.retry, ack.topic, ack.group)
        least, end = self._queues.bounds(topic, ack.queue_id)
        offsets = [each for each in _offsets(ack) if least <= each <= end]
        if not offsets or not end:
            return None
        handle = Handle(
            ack.start_offset,
            ack.popped_ms,
            ack.invisible_ms,
            ack.revive_queue_id,
            ack.retry,
            body.broker_name or "",
        )
        return self._acking.ack(
            topic, ack.group, ack.queue_id, handle, offsets, connection
        )


def _offsets(ack: BatchAck) -> list[int]:
    try:
        bits = binascii.a2b_base64(ack.bits, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise FieldError("BatchAck", f"the bit set b is no base64: {error}") from None
    if len(bits) > MOST_BIT_BYTES:
        raise FieldError(
            "BatchAck",
            f"the bit set b has {len(bits)} bytes, at most {MOST_BIT_BYTES}",
        )
    return bit_offsets(bits, ack.start_offset)
