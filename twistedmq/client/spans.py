"""OpenTelemetry spans for what a client sends and consumes.

The context travels in the properties of messages (traceparent, as W3C writes it), as
the instrumentations of other languages put it there. Needs the extra
``twistedmq[otel]``.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.errors import LibraryMissingError
from twistedmq.client.message import Message, ReceivedMessage
from twistedmq.client.packing import Parcel
from twistedmq.client.sending import Stored
from twistedmq.client.watching import IWatcher, Returned, Watch, WatchParts

if TYPE_CHECKING:
    from opentelemetry.trace import Span, TracerProvider

SYSTEM = "rocketmq"
LIBRARY = "twistedmq"


@implementer(IWatcher)
class Spans:
    """Makes spans; one may serve several clients.

    Args:
        tracer_provider: where they go; None: where the program's other spans go.

    Raises:
        LibraryMissingError: OpenTelemetry is not installed.
    """

    def __init__(self, tracer_provider: "TracerProvider | None" = None) -> None:
        try:
            from opentelemetry import propagate, trace  # noqa: PLC0415 - an extra
        except ImportError:
            raise LibraryMissingError("opentelemetry-api", "otel") from None
        self.trace = trace
        self.propagate = propagate
        self.tracer = trace.get_tracer(LIBRARY, tracer_provider=tracer_provider)

    def open(self, parts: WatchParts) -> Watch:
        """See IWatcher."""
        return SpanWatch(self, parts)


class SpanWatch(Watch):
    """The spans of one client.

    Args:
        spans: makes them.
        parts: the client.
    """

    def __init__(self, spans: Spans, parts: WatchParts) -> None:
        self._spans = spans
        self._group = parts.group
        self._sending: dict[str, Span] = {}

    def packing(self, message: Message, unique_id: str) -> Mapping[str, str]:
        """Begin a span, and give its context for the consumer."""
        spans = self._spans
        span = spans.tracer.start_span(
            f"send {message.topic}",
            kind=spans.trace.SpanKind.PRODUCER,
            attributes=_of_sent(message, unique_id, self._group),
        )
        self._sending[unique_id] = span
        carrier: dict[str, str] = {}
        context = spans.trace.set_span_in_context(span)
        spans.propagate.inject(carrier, context=context)
        return {name: value for name, value in carrier.items() if value}

    def sent(
        self, parcel: Parcel, result: Stored | Failure | None, took_s: float
    ) -> None:
        """End the spans of a parcel."""
        for unique_id in parcel.unique_ids:
            span = self._sending.pop(unique_id, None)
            if span is None:
                continue
            if isinstance(result, Stored):
                queue = result.queue
                span.set_attribute(
                    "messaging.destination.partition.id", str(queue.queue_id)
                )
                span.set_attribute("messaging.rocketmq.broker.name", queue.broker_name)
            self._end(span, result.value if isinstance(result, Failure) else None)

    def dropped(self, unique_ids: Iterable[str], failure: Failure) -> None:
        """End the spans of what is not sent."""
        for unique_id in unique_ids:
            span = self._sending.pop(unique_id, None)
            if span is not None:
                self._end(span, failure.value)

    def consuming(self, messages: Sequence[ReceivedMessage]) -> "Span":
        """Begin a span that continues the sender's, or is linked to several."""
        spans, trace = self._spans, self._spans.trace
        contexts = [spans.propagate.extract(each.properties) for each in messages]
        links = []
        if len(messages) > 1:
            senders = [trace.get_current_span(each) for each in contexts]
            links = [
                trace.Link(sender.get_span_context())
                for sender in senders
                if sender.get_span_context().is_valid
            ]
        return spans.tracer.start_span(
            f"process {messages[0].topic}",
            context=contexts[0] if len(messages) == 1 else None,
            kind=trace.SpanKind.CONSUMER,
            links=links,
            attributes=_of_received(messages, self._group),
        )

    def inside(self, token: "Span") -> AbstractContextManager[object]:
        """Have spans that the user's function makes be below the consumer's."""
        entered: AbstractContextManager[object] = self._spans.trace.use_span(
            token,
            end_on_exit=False,
            record_exception=False,
            set_status_on_exception=False,
        )
        return entered

    def consumed(self, token: "Span", returned: Returned, error: object = None) -> None:
        """End the span."""
        self._end(token, error)

    def _end(self, span: "Span", error: object) -> None:
        if isinstance(error, BaseException):
            trace = self._spans.trace
            span.record_exception(error)
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(trace.Status(trace.StatusCode.ERROR, str(error)))
        span.end()


def _of_sent(message: Message, unique_id: str, group: str) -> dict[str, Any]:
    found = {
        "messaging.system": SYSTEM,
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": message.topic,
        "messaging.message.id": unique_id,
        "messaging.message.body.size": len(message.body),
        "messaging.rocketmq.client_group": group,
        "messaging.rocketmq.message.type": _kind(message),
        "messaging.rocketmq.message.tag": message.tag,
        "messaging.rocketmq.message.keys": message.keys or None,
        "messaging.rocketmq.message.group": message.sharding_key,
        "messaging.rocketmq.message.delay_time_level": message.delay_level or None,
        "messaging.rocketmq.message.delivery_timestamp": message.deliver_at_ms,
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_received(messages: Sequence[ReceivedMessage], group: str) -> dict[str, Any]:
    first, number = messages[0], len(messages)
    found = {
        "messaging.system": SYSTEM,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": first.topic,
        "messaging.consumer.group.name": group,
        "messaging.destination.partition.id": str(first.queue.queue_id),
    }
    if number > 1:
        return {**found, "messaging.batch.message_count": number}
    alone: dict[str, Any] = {
        "messaging.message.id": first.message_id,
        "messaging.message.body.size": len(first.body),
        "messaging.rocketmq.message.tag": first.tag,
        "messaging.rocketmq.message.keys": first.keys or None,
    }
    return found | {name: value for name, value in alone.items() if value is not None}


def _kind(message: Message) -> str:
    if message.is_delayed:
        return "delay"
    if message.priority is not None:
        return "priority"
    return "fifo" if message.sharding_key else "normal"
