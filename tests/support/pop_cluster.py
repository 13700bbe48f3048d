"""A cluster in memory whose brokers lend messages, for tests of clients that pop."""

import base64
from typing import Any

from client_kit import FakeCluster
from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall

from twistedmq.filter.tag import split_tags
from twistedmq.protocol import loose_json, properties
from twistedmq.protocol.bodies.assignments import (
    MessageQueueAssignment,
    QueryAssignmentRequestBody,
    QueryAssignmentResponseBody,
)
from twistedmq.protocol.bodies.pop import BatchAckMessageRequestBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.pop_handles import (
    ORDER_REVIVE_QUEUE,
    Handle,
    bit_offsets,
    kind_of,
    normal_topic,
    offset_item,
    order_counts,
    parse_handle,
    pop_retry_topic,
    topic_of_kind,
)
from twistedmq.protocol.properties import tags_code
from twistedmq.protocol.record import Record, encode_record

REVIVE_QUEUE = 3
LATE_MS = 500


class Loan(Struct):
    """One message that is out."""

    record: Record
    handle: str
    ends_ms: int
    times: int
    acked: bool = False


class Waiting:
    """A pop or notification that waits."""

    def __init__(self, serve: Any) -> None:
        self.serve = serve
        self.answer: Deferred[Command] = Deferred(lambda _: self.over())
        self.timer: IDelayedCall | None = None

    def over(self) -> None:
        """Wait no more."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()


class PopCluster(FakeCluster):
    """Brokers that lend.

    Attributes:
        ahead_ms: how far their clocks are ahead of the client's.
        assigned: what members are told to consume, by client id.
        acked: bodies of what was acked.
    """

    def __init__(self, clock: Any, brokers: int = 1) -> None:
        super().__init__(clock, brokers)
        self.ahead_ms = 0
        self.assigned: dict[str, list[MessageQueue] | None] = {}
        self.acked: list[bytes] = []
        self._positions: dict[tuple[str, MessageQueue], int] = {}
        self._loans: dict[tuple[str, MessageQueue], dict[int, Loan]] = {}
        self._waiting: list[Waiting] = []

    @property
    def waiting(self) -> int:
        """How many pops and notifications wait."""
        return len([each for each in self._waiting if not each.answer.called])

    def now_ms(self) -> int:
        """Give the time of the brokers."""
        wall: int = self.settings().wall_ms() + self.ahead_ms
        return wall

    def out(self, group: str = "G") -> list[bytes]:
        """Give the bodies of what is out."""
        now_ms = self.now_ms()
        return [
            loan.record.body
            for (name, _), loans in self._loans.items()
            for loan in loans.values()
            if name == group and not loan.acked and loan.ends_ms > now_ms
        ]

    def _wake(self) -> None:
        super()._wake()
        for each in list(self._waiting):
            if not each.answer.called and (reply := each.serve()) is not None:
                self._answer(each, reply)
        self._waiting = [each for each in self._waiting if not each.answer.called]

    def _hold(self, serve: Any, wait_ms: int, nothing: Command) -> Deferred[Command]:
        waiting = Waiting(serve)
        reply = serve()
        if reply is None and wait_ms <= 0:
            reply = nothing
        if reply is not None:
            waiting.answer.callback(reply)
        else:
            self._waiting.append(waiting)
            waiting.timer = self.clock.callLater(
                wait_ms / 1000, self._answer, waiting, nothing
            )
        return waiting.answer

    def _answer(self, waiting: Waiting, reply: Command) -> None:
        waiting.over()
        if not waiting.answer.called:
            waiting.answer.callback(reply)

    def _pop(self, address: str, header: Any, body: bytes) -> Deferred[Command]:
        nothing = Command(code=ResponseCode.POLLING_TIMEOUT)
        if header.born_time + header.poll_time + LATE_MS < self.now_ms():
            return succeed(nothing)
        return self._hold(
            lambda: self._lend(address, header), header.poll_time, nothing
        )

    def _notification(
        self, address: str, header: Any, body: bytes
    ) -> Deferred[Command]:
        def look() -> Command | None:
            queues = self._queues(address, header.topic, header.consumer_group, -1)
            if any(self._next(header, queue) for queue in queues):
                return Command(code=0, fields={"hasMsg": "true"})
            return None

        return self._hold(look, header.poll_time, Command(code=0))

    def _queues(
        self, address: str, topic: str, group: str, queue_id: int
    ) -> list[MessageQueue]:
        broker, retry = self._name(address), pop_retry_topic(topic, group, v2=False)
        return [
            queue
            for queue in sorted(self.records)
            if queue.broker_name == broker
            and (
                queue.topic == retry
                or (queue.topic == topic and queue_id in {-1, queue.queue_id})
            )
        ]

    def _next(self, header: Any, queue: MessageQueue) -> list[Record]:
        """Give what may be lent of a queue."""
        group, now_ms = header.consumer_group, self.now_ms()
        loans = self._loans.setdefault((group, queue), {})
        at = self._positions.get((group, queue), 0)
        out = [loan for loan in loans.values() if not loan.acked]
        if header.order:
            if any(loan.ends_ms > now_ms for loan in out):
                return []
            if out:
                at = min(loan.record.queue_offset for loan in out)
        return self.records[queue][at:]

    def _revive(self) -> None:
        """Bring back what was not acked in its time."""
        now_ms = self.now_ms()
        for (group, queue), loans in list(self._loans.items()):
            for loan in list(loans.values()):
                ordered = parse_handle(loan.handle).is_ordered
                if not (loan.acked or ordered) and loan.ends_ms <= now_ms:
                    loan.acked = True
                    self._bring_back(group, queue, loan.record)

    def _bring_back(self, group: str, queue: MessageQueue, record: Record) -> None:
        topic = normal_topic(queue.topic, group)
        retry = MessageQueue(pop_retry_topic(topic, group, v2=False), queue.broker_name)
        if retry not in self.records:
            self.records[retry] = []
        stored = properties.parse(record.properties)
        stored.setdefault(properties.FIRST_POP_TIME, "1")
        copy = Record(
            topic="", body=record.body, reconsume_times=record.reconsume_times + 1
        )
        self.append(retry, copy, stored)

    def _lend(self, address: str, header: Any) -> Command | None:
        self._revive()
        group, now_ms = header.consumer_group, self.now_ms()
        revive = ORDER_REVIVE_QUEUE if header.order else REVIVE_QUEUE
        queues = self._queues(address, header.topic, group, header.queue_id)
        codes = {tags_code(tag) for tag in split_tags(header.exp)}
        bodies, starts, counts = [], [], []
        left = header.max_msg_nums
        for queue in queues:
            taken = self._next(header, queue)[:left]
            if not taken:
                continue
            start = taken[0].queue_offset
            loans = self._loans[group, queue]
            self._positions[group, queue] = taken[-1].queue_offset + 1
            starts.append(offset_item(queue.topic, queue.queue_id, start))
            times = []
            for record in taken:
                stored = properties.parse(record.properties)
                tag = stored.get(properties.TAGS)
                if codes and tags_code(tag) not in codes:
                    continue
                offset = record.queue_offset
                handle = Handle(
                    start,
                    now_ms,
                    header.invisible_time,
                    revive,
                    kind_of(queue.topic),
                    queue.broker_name,
                ).text(queue.queue_id, offset)
                before = loans.get(offset)
                count = before.times + 1 if before else 0
                times.append((offset, count))
                ends_ms = now_ms + header.invisible_time
                loans[offset] = Loan(record, handle, ends_ms, count)
                bodies.append(self._as_lent(record, header.topic, handle))
                left -= 1
            if header.order:
                least = min((count for _, count in times), default=0)
                counts.append(order_counts(queue.topic, queue.queue_id, times, least))
        if not bodies:
            return None
        fields = {
            "popTime": str(now_ms),
            "invisibleTime": str(header.invisible_time),
            "reviveQid": str(revive),
            "restNum": "0",
            "startOffsetInfo": ";".join(starts),
        }
        if counts:
            fields["orderCountInfo"] = ";".join(counts)
        return Command(code=0, fields=fields, body=b"".join(bodies))

    def _as_lent(self, record: Record, topic: str, handle: str) -> bytes:
        if record.topic == topic:
            return encode_record(record)
        stored = properties.parse(record.properties) | {properties.POP_CK: handle}
        text = properties.format(stored)
        return encode_record(replace(record, topic=topic, properties=text))

    def _loan(
        self, group: str, topic: str, broker: str, queue_id: int, offset: int
    ) -> Loan | None:
        loans = self._loans.get((group, MessageQueue(topic, broker, queue_id)), {})
        return loans.get(offset)

    def _ack(self, address: str, header: Any, body: bytes) -> Command:
        broker = self._name(address)
        loan = self._loan(
            header.consumer_group, header.topic, broker, header.queue_id, header.offset
        )
        if loan is not None and loan.handle == header.extra_info:
            self._note_ack(loan)
        return Command(code=0)

    def _ack_batch(self, address: str, header: Any, body: bytes) -> Command:
        batch = loose_json.decode(body, type=BatchAckMessageRequestBody)
        broker = self._name(address)
        assert batch.broker_name == broker
        for ack in batch.acks:
            topic = topic_of_kind(ack.retry, ack.topic, ack.group)
            for offset in bit_offsets(base64.b64decode(ack.bits), ack.start_offset):
                loan = self._loan(ack.group, topic, broker, ack.queue_id, offset)
                if loan is None:
                    continue
                handle = parse_handle(loan.handle)
                if (handle.start_offset, handle.popped_ms, handle.invisible_ms) == (
                    ack.start_offset,
                    ack.popped_ms,
                    ack.invisible_ms,
                ):
                    self._note_ack(loan)
        return Command(code=0)

    def _note_ack(self, loan: Loan) -> None:
        if not loan.acked and loan.ends_ms > self.now_ms():
            loan.acked = True
            self.acked.append(loan.record.body)
            self._wake()

    def _change(self, address: str, header: Any, body: bytes) -> Command:
        loan = self._loan(
            header.consumer_group,
            header.topic,
            self._name(address),
            header.queue_id,
            header.offset,
        )
        if loan is None:
            return Command(code=ResponseCode.NO_MESSAGE)
        old, now_ms = parse_handle(loan.handle), self.now_ms()
        if loan.acked and old.is_ordered:
            return Command(code=0)
        if loan.handle == header.extra_info:
            popped_ms = old.popped_ms if old.is_ordered else now_ms
            start = old.start_offset if old.is_ordered else header.offset
            loan.ends_ms = now_ms + header.invisible_time
            loan.handle = replace(
                old,
                start_offset=start,
                popped_ms=popped_ms,
                invisible_ms=loan.ends_ms - popped_ms,
            ).text(header.queue_id, header.offset)
            self._wake()
        new = parse_handle(loan.handle)
        fields = {
            "popTime": str(new.popped_ms),
            "invisibleTime": str(new.invisible_ms),
            "reviveQid": str(new.revive_queue_id),
        }
        return Command(code=0, fields=fields)

    def _assignment(self, address: str, header: Any, body: bytes) -> Command:
        asked = loose_json.decode(body, type=QueryAssignmentRequestBody)
        queues = self.assigned.get(asked.client_id or "")
        mine = None
        if queues is not None:
            mine = [
                MessageQueueAssignment(message_queue=queue)
                for queue in queues
                if queue.topic == asked.topic
            ]
        answer = QueryAssignmentResponseBody(message_queue_assignments=mine)
        return Command(code=0, body=loose_json.encode(answer))

    _SERVED = {  # noqa: RUF012 - the table of this class
        **FakeCluster._SERVED,
        RequestCode.POP_MESSAGE: _pop,
        RequestCode.NOTIFICATION: _notification,
        RequestCode.ACK_MESSAGE: _ack,
        RequestCode.BATCH_ACK_MESSAGE: _ack_batch,
        RequestCode.CHANGE_MESSAGE_INVISIBLETIME: _change,
        RequestCode.QUERY_ASSIGNMENT: _assignment,
    }
