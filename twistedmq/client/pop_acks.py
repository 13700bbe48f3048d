"""Acks of popped messages: those of one turn of the reactor go out together."""

import base64

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.errors import RefusedError
from twistedmq.client.pop_calls import PopCalls
from twistedmq.client.reactor import Clock
from twistedmq.client.routing import Routes
from twistedmq.protocol.bodies.pop import BatchAck
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.headers.pop import AckMessageRequestHeader
from twistedmq.protocol.pop_handles import Receipt, offset_bits, topic_of_kind
from twistedmq.remoting.errors import RemotingError

PAUSES_S = (0.5, 1.0, 2.0)
"""Between attempts: a broker that starts again is back in a few seconds."""
MOST_IN_ONE = 1000

_BUSY = frozenset({ResponseCode.SYSTEM_BUSY, ResponseCode.FLOW_CONTROL})

_log = Logger()


class AckParts(Struct, frozen=True):
    """What acking needs of its surroundings."""

    group: str
    calls: PopCalls
    routes: Routes
    clock: Clock


class _Ack(Struct, eq=False):
    """One message to ack."""

    topic: str
    receipt: Receipt
    done: Deferred[None] | None = None
    """None where nobody waits."""


class PopAcks:
    """Sends acks, and sends them again where a broker is away for a moment."""

    def __init__(self, parts: AckParts) -> None:
        self._parts = parts
        self._waiting: dict[str, list[_Ack]] = {}
        self._flush: IDelayedCall | None = None
        self._under_way = 0
        self._idle: list[Deferred[None]] = []

    def ack(self, topic: str, receipt: Receipt) -> Deferred[None]:
        """Fires when the broker has it; *topic* is the one that was popped."""
        done: Deferred[None] = Deferred()
        self._add(_Ack(topic, receipt, done))
        return done

    def ack_quietly(self, topic: str, receipt: Receipt) -> None:
        """Ack a message for which nobody waits; a failure is logged."""
        self._add(_Ack(topic, receipt))

    def finish(self) -> Deferred[None]:
        """Send what waits; fires when nothing is under way."""
        if self._flush is not None:
            self._flush.cancel()
            self._send_all()
        idle: Deferred[None] = Deferred()
        if self._under_way:
            self._idle.append(idle)
        else:
            idle.callback(None)
        return idle

    def _add(self, ack: _Ack) -> None:
        self._waiting.setdefault(ack.receipt.handle.broker_name, []).append(ack)
        if self._flush is None:
            self._flush = self._parts.clock.callLater(0, self._send_all)

    def _send_all(self) -> None:
        self._flush = None
        waiting, self._waiting = self._waiting, {}
        for broker_name, acks in waiting.items():
            for at in range(0, len(acks), MOST_IN_ONE):
                self._send(broker_name, acks[at : at + MOST_IN_ONE])

    def _send(self, broker_name: str, acks: list[_Ack]) -> None:
        self._under_way += 1
        sent = Deferred.fromCoroutine(self._deliver(broker_name, acks))
        sent.addBoth(self._over, acks)

    def _over(self, result: Failure | None, acks: list[_Ack]) -> None:
        for each in acks:
            if each.done is not None:
                each.done.callback(result)
        unheard = sum(each.done is None for each in acks)
        if isinstance(result, Failure) and unheard:
            _log.warn(
                "{group}: {count} messages could not be acked, they come again: {why}",
                group=self._parts.group,
                count=unheard,
                why=result.getErrorMessage(),
            )
        self._under_way -= 1
        while self._idle and not self._under_way:
            self._idle.pop().callback(None)

    async def _deliver(self, broker_name: str, acks: list[_Ack]) -> None:
        for pause_s in PAUSES_S:
            try:
                await self._attempt(broker_name, acks)
            except RemotingError:
                self._parts.routes.refresh(acks[0].topic).addErrback(lambda _: None)
            except RefusedError as refusal:
                if refusal.code not in _BUSY:
                    raise
            else:
                return
            await deferLater(self._parts.clock, pause_s)
        await self._attempt(broker_name, acks)

    async def _attempt(self, broker_name: str, acks: list[_Ack]) -> None:
        address = self._parts.routes.address(broker_name)
        if len(acks) > 1:
            batch = batch_acks(
                self._parts.group, [(each.topic, each.receipt) for each in acks]
            )
            await self._parts.calls.ack_batch(address, broker_name, batch)
            return
        [ack] = acks
        receipt = ack.receipt
        header = AckMessageRequestHeader(
            consumer_group=self._parts.group,
            topic=topic_of_kind(receipt.handle.kind, ack.topic, self._parts.group),
            queue_id=receipt.queue_id,
            extra_info=receipt.text,
            offset=receipt.queue_offset,
            target_broker=broker_name,
        )
        await self._parts.calls.ack(address, header)


def batch_acks(group: str, acks: list[tuple[str, Receipt]]) -> list[BatchAck]:
    """Put together what belongs to one pop of one queue; *acks* go with their topics.

    Handles of one pop have all but the offset in common.
    """
    by_pop: dict[tuple[str, str], list[Receipt]] = {}
    for topic, receipt in acks:
        by_pop.setdefault((topic, receipt.of_pop), []).append(receipt)
    return [
        _batch_ack(group, topic, receipts) for (topic, _), receipts in by_pop.items()
    ]


def _batch_ack(group: str, topic: str, receipts: list[Receipt]) -> BatchAck:
    first = receipts[0]
    handle = first.handle
    offsets = [each.queue_offset for each in receipts]
    return BatchAck(
        bits=base64.b64encode(offset_bits(offsets, handle.start_offset)).decode(),
        group=group,
        invisible_ms=handle.invisible_ms,
        popped_ms=handle.popped_ms,
        queue_id=first.queue_id,
        retry=handle.kind,
        revive_queue_id=handle.revive_queue_id,
        start_offset=handle.start_offset,
        topic=topic,
    )
