"""The message trace: who sent and consumed what, told in messages of a topic.

``mqadmin queryMsgTraceById`` and other tools read them. Items are collected for a
moment and sent many in one message, beside the user's own and never instead of them:
what cannot be told is dropped.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.message import Message, Receipt, ReceivedMessage, SendStatus
from twistedmq.client.packing import Packer, PackingRules, Parcel
from twistedmq.client.producer_rules import SendRules
from twistedmq.client.selection import RoundRobin
from twistedmq.client.sending import Sending, SendParts, Stored
from twistedmq.client.watching import IWatcher, Returned, Watch, WatchParts
from twistedmq.protocol import names, properties
from twistedmq.protocol.command import Command
from twistedmq.protocol.system_flags import (
    TRANSACTION_COMMIT,
    TRANSACTION_PREPARED,
    TRANSACTION_ROLLBACK,
    transaction_type,
)
from twistedmq.protocol.trace import (
    TracedMessageType,
    TraceItem,
    TraceType,
    encode_trace,
    trace_keys,
)

GROUP_PREFIX: Final = "_INNER_TRACE_PRODUCER"
MAX_TRACE_BYTES: Final = 128_000
SEND_TIMEOUT_S: Final = 5.0
ITEMS_A_MESSAGE: Final = 20
MOST_ITEMS: Final = 2048
"""That wait to be sent; more are dropped."""

DEFAULT_REGION: Final = "DefaultRegion"

_STATES: Final = {
    TRANSACTION_COMMIT: "COMMIT_MESSAGE",
    TRANSACTION_ROLLBACK: "ROLLBACK_MESSAGE",
}
_UNDECIDED: Final = "UNKNOW"


@implementer(IWatcher)
class MessageTrace:
    """Traces the messages of a client; one may serve several.

    Args:
        topic: where the trace goes. Brokers make it with ``traceTopicEnable``.
        flush_after_s: how long items wait for others, at most.
        items: so many do not wait any more; 1 to 20.
    """

    def __init__(
        self,
        topic: str = names.TRACE_TOPIC,
        *,
        flush_after_s: float = 5.0,
        items: int = 10,
    ) -> None:
        names.check_topic(topic)
        self._topic = topic
        self._flush_after_s = flush_after_s
        self._items = max(1, min(items, ITEMS_A_MESSAGE))

    def open(self, parts: WatchParts) -> Watch:
        """See IWatcher."""
        return Tracing(parts, self._topic, self._flush_after_s, self._items)


class Tracing(Watch):
    """The trace of one client.

    Args:
        parts: the client.
        topic: where the trace goes.
        flush_after_s: how long items wait for others, at most.
        items: so many do not wait any more.
    """

    _log = Logger()

    def __init__(
        self, parts: WatchParts, topic: str, flush_after_s: float, items: int
    ) -> None:
        self.dropped_items = 0
        self._parts = parts
        self._topic = topic
        self._flush_after_s = flush_after_s
        self._items = items
        self._seen: dict[str, tuple[Message, int]] = {}
        self._waiting: deque[TraceItem] = deque()
        self._timer: IDelayedCall | None = None
        self._soon = False
        self._on_its_way: set[Deferred[None]] = set()
        self._failing = False
        self._closed = False
        role = "PRODUCE" if parts.is_producer else "CONSUME"
        sending = parts.sending
        rules = SendRules(f"{GROUP_PREFIX}-{parts.group}-{role}-1", SEND_TIMEOUT_S)
        self._sending = SendParts(
            rules, sending.routes, sending.pool, sending.clock, sending.wall_ms
        )
        limits = PackingRules(max_message_bytes=2 * MAX_TRACE_BYTES)
        self._packer = Packer(limits, parts.next_id)
        self._selection = RoundRobin()

    # what is seen of a producer

    def packing(self, message: Message, unique_id: str) -> Mapping[str, str]:
        """See Watch."""
        if not message.topic.startswith(self._topic):
            self._seen[unique_id] = message, self._parts.sending.wall_ms()
        return {}

    def sent(
        self, parcel: Parcel, result: Stored | Failure | None, took_s: float
    ) -> None:
        """See Watch."""
        seen = [self._seen.pop(each, None) for each in parcel.unique_ids]
        if not isinstance(result, Stored) or not _wants(result.answer.fields):
            return
        offset_ids = result.header.msg_id.split(",")
        if len(offset_ids) != len(seen):
            offset_ids = [result.header.msg_id] * len(seen)
        half = transaction_type(parcel.sys_flag) == TRANSACTION_PREPARED
        ids = zip(parcel.unique_ids, offset_ids, strict=True)
        for found, (unique_id, offset_id) in zip(seen, ids, strict=True):
            if found is None:
                continue
            message, at_ms = found
            self._add(
                TraceItem(
                    type=TraceType.SEND,
                    time_ms=at_ms,
                    region=_region(result.answer.fields),
                    group=self._parts.group,
                    topic=message.topic,
                    message_id=unique_id,
                    tags=message.tag or "",
                    keys=" ".join(message.keys),
                    store_host=self._address(result.queue.broker_name),
                    body_bytes=len(message.body),
                    cost_ms=int(took_s * 1000),
                    message_type=_kind(message, half=half),
                    offset_message_id=offset_id,
                    succeeded=result.answer.code == SendStatus.OK,
                )
            )

    def dropped(self, unique_ids: Iterable[str], failure: Failure) -> None:
        """See Watch."""
        for unique_id in unique_ids:
            self._seen.pop(unique_id, None)

    def ended(
        self,
        half: Receipt,
        message: Message | ReceivedMessage,
        outcome: int,
        *,
        asked: bool,
    ) -> None:
        """See Watch."""
        held = getattr(message, "system_properties", {})
        self._add(
            TraceItem(
                type=TraceType.END_TRANSACTION,
                time_ms=self._parts.sending.wall_ms(),
                region=_region(held),
                group=self._parts.group,
                topic=message.topic,
                message_id=half.message_id,
                tags=message.tag or "",
                keys=" ".join(message.keys),
                store_host=self._address(half.queue.broker_name),
                message_type=TracedMessageType.COMMITTED,
                transaction_id=half.transaction_id or "",
                transaction_state=_STATES.get(outcome, _UNDECIDED),
                from_check=asked,
            )
        )

    def recalled(self, topic: str, message_id: str, answer: Command) -> None:
        """See Watch."""
        self._add(
            TraceItem(
                type=TraceType.RECALL,
                time_ms=self._parts.sending.wall_ms(),
                region=_region(answer.fields),
                group=self._parts.group,
                topic=topic,
                message_id=message_id,
                succeeded=True,
            )
        )

    # what is seen of a consumer

    def consuming(self, messages: Sequence[ReceivedMessage]) -> Any:
        """See Watch."""
        now_ms = self._parts.sending.wall_ms()
        request_id = self._parts.next_id()
        wanted = [each for each in messages if _wants(each.system_properties)]
        for message in wanted:
            self._add(
                TraceItem(
                    type=TraceType.DELIVERY,
                    time_ms=now_ms,
                    region=_region(message.system_properties),
                    group=self._parts.group,
                    request_id=request_id,
                    message_id=message.message_id,
                    retry_times=message.reconsume_times,
                    keys=" ".join(message.keys),
                )
            )
        return request_id, now_ms, wanted

    def consumed(self, token: Any, returned: Returned, error: object = None) -> None:
        """See Watch."""
        request_id, begun_ms, messages = token
        now_ms = self._parts.sending.wall_ms()
        for message in messages:
            self._add(
                TraceItem(
                    type=TraceType.CONSUMED,
                    request_id=request_id,
                    message_id=message.message_id,
                    cost_ms=(now_ms - begun_ms) // len(messages),
                    succeeded=returned is Returned.SUCCESS,
                    keys=" ".join(message.keys),
                    context_code=returned,
                    time_ms=now_ms,
                    group=self._parts.group,
                )
            )

    # how it is told

    def close(self) -> Deferred[None]:
        """Send what waits; fires when that is done, or has failed."""
        self._closed = True
        self._flush()
        sent = DeferredList(list(self._on_its_way))
        return sent.addCallback(lambda _: None)

    def _add(self, item: TraceItem) -> None:
        # what is seen after the end has nobody to tell it
        if self._closed or len(self._waiting) >= MOST_ITEMS:
            self.dropped_items += 1
            return
        self._waiting.append(item)
        clock = self._parts.sending.clock
        if len(self._waiting) >= self._items and not self._soon:
            # those that come in the same turn go with it
            self._stop_timer()
            self._soon = True
            self._timer = clock.callLater(0, self._flush)
        elif self._timer is None:
            self._timer = clock.callLater(self._flush_after_s, self._flush)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _flush(self) -> None:
        self._stop_timer()
        self._soon = False
        while self._waiting:
            some = list(islice(self._waiting, ITEMS_A_MESSAGE))
            self._send(some)
            for _ in some:
                self._waiting.popleft()

    def _send(self, items: Sequence[TraceItem]) -> None:
        try:
            data = encode_trace(items).encode()
            message = Message(self._topic, data, keys=sorted(trace_keys(items)))
            parcel = self._packer.pack(message)
        except Exception:
            self._not_told(Failure(), len(items))
            return
        sending: Sending[Stored] = Sending(self._sending, parcel, self._selection)
        sent: Deferred[None] = sending.start().addCallbacks(
            self._told, self._not_told, errbackArgs=(len(items),)
        )
        if not sent.called or sent.paused:
            self._on_its_way.add(sent)
            sent.addCallback(lambda _: self._on_its_way.discard(sent))

    def _told(self, _: Stored) -> None:
        self._failing = False

    def _not_told(self, failure: Failure, number: int) -> None:
        self.dropped_items += number
        if not self._failing:  # said once until it works again
            self._failing = True
            self._log.warn(
                "the trace of {group} cannot be sent to {topic}: {reason}",
                group=self._parts.group,
                topic=self._topic,
                reason=failure.getErrorMessage(),
            )

    def _address(self, broker_name: str) -> str:
        routes = self._parts.sending.routes
        found = routes.addresses(broker_name)
        return next(iter(found.values()), broker_name)


def _wants(fields: Mapping[str, str]) -> bool:
    """Whether the broker has traces on, as far as it says."""
    return fields.get(properties.TRACE_ON) != "false"


def _region(fields: Mapping[str, str]) -> str:
    return fields.get(properties.MSG_REGION) or DEFAULT_REGION


def _kind(message: Message, *, half: bool) -> TracedMessageType:
    if message.is_delayed:
        return TracedMessageType.DELAYED
    return TracedMessageType.HALF if half else TracedMessageType.NORMAL
