"""The story of one message: sent, stored, delivered, given back, given up."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.admin.messages import Messages, StoredMessage
from twistedmq.admin.traces import Traces
from twistedmq.admin.tracks import Track, Tracks
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names, properties
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.trace import TraceItem, TraceType
from twistedmq.remoting.errors import RemotingError

ENDINGS: Final = {
    0: "success",
    1: "took longer than its group allows",
    2: "raised an error",
    3: "gave nothing back",
    4: "asked for it later",
}
"""How a delivery ended, by the number that genuine clients trace."""


class Step(StrEnum):
    """What happens to a message."""

    BORN = "born"
    SENT = "sent"
    STORED = "stored"
    DELIVERED = "delivered"
    CONSUMED = "consumed"
    FAILED = "failed"
    CAME_BACK = "came back"
    GIVEN_UP = "given up"
    ENDED = "transaction ended"
    RECALLED = "recalled"


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at_ms: int
    step: Step
    group: str = ""
    """The consumer group; for what a producer did, its group."""
    where: str = ""
    """A queue and offset, or the client's address."""
    took_ms: int | None = None
    cause: str = ""
    attempt: int | None = None
    """Which delivery, the first being 1."""
    traced: bool = False
    """Whether a client wrote it down; else it follows from what is stored."""


class Story(Struct, frozen=True, kw_only=True):
    """All that is known of one message."""

    stored: StoredMessage
    events: tuple[Event, ...]
    """In the order of time."""
    tracks: tuple[Track, ...]
    """How it stands in each group."""
    is_traced: bool
    """Whether any client traced it: else deliveries that did not fail are unseen."""
    unknown: tuple[TwistedMQError, ...] = ()
    """Why more is not known: brokers that did not answer."""


class Stories:
    """Tells what became of messages.

    Args:
        messages: finds the message, and its copies in retry and dead-letter topics.
        tracks: which groups there are, and how far.
        traces: what clients wrote down.
    """

    def __init__(self, messages: Messages, tracks: Tracks, traces: Traces) -> None:
        self._messages = messages
        self._tracks = tracks
        self._traces = traces

    @gives_deferred
    async def of(
        self,
        topic: str,
        message_id: str,
        *,
        trace_topic: str = names.TRACE_TOPIC,
    ) -> Story:
        """Tell the story of a message by either of its ids.

        Fails with MessageNotFoundError, RouteNotFoundError, RefusedError,
        NoNameServerError or an error of the remoting room.
        """
        stored = await self._messages.by_id(topic, message_id)
        tracks = await self._tracks.of(stored)
        events = [*_of_the_first(stored)]
        unknown: list[TwistedMQError] = []
        unique_id = stored.message.message_id
        for track in tracks:
            events += await self._copies(track.group, unique_id, unknown)
        traced = await self._traced(unique_id, trace_topic, unknown)
        events += map(_of_a_trace, traced)
        return Story(
            stored=stored,
            events=tuple(sorted(events, key=lambda event: event.at_ms)),
            tracks=tuple(tracks),
            is_traced=bool(traced),
            unknown=tuple({str(error): error for error in unknown}.values()),
        )

    async def _copies(
        self, group: str, unique_id: str, unknown: list[TwistedMQError]
    ) -> list[Event]:
        """Find the message in what a group got again, and in what it gave up."""
        events = []
        for topic, step in (
            (names.retry_topic(group), Step.CAME_BACK),
            (names.dlq_topic(group), Step.GIVEN_UP),
        ):
            try:
                copies = await self._messages.by_unique_id(topic, unique_id)
            except (MessageNotFoundError, RouteNotFoundError):
                continue
            except RemotingError as error:
                unknown.append(error)
                continue
            events += [_of_a_copy(copy, group, step) for copy in copies]
        return events

    async def _traced(
        self, unique_id: str, trace_topic: str, unknown: list[TwistedMQError]
    ) -> list[TraceItem]:
        try:
            return await self._traces.of(unique_id, trace_topic=trace_topic)
        except (MessageNotFoundError, RouteNotFoundError):
            return []
        except RemotingError as error:
            unknown.append(error)
            return []


def _of_the_first(stored: StoredMessage) -> tuple[Event, Event]:
    record, message = stored.record, stored.message
    kept = properties.parse(record.properties)
    producer = kept.get(properties.PRODUCER_GROUP, "")
    return (
        Event(
            at_ms=record.born_ms,
            step=Step.BORN,
            group=producer,
            where=message.born_host,
        ),
        Event(at_ms=record.store_ms, step=Step.STORED, where=_place(stored)),
    )


def _of_a_copy(copy: StoredMessage, group: str, step: Step) -> Event:
    tries = copy.record.reconsume_times
    gives_up = step is Step.GIVEN_UP
    return Event(
        at_ms=copy.record.store_ms,
        step=step,
        group=group,
        where=_place(copy),
        attempt=None if gives_up else tries + 1,
        cause=f"after {tries} retries" if gives_up else "",
    )


def _of_a_trace(item: TraceItem) -> Event:
    steps = {
        TraceType.SEND: Step.SENT,
        TraceType.RECALL: Step.RECALLED,
        TraceType.DELIVERY: Step.DELIVERED,
        TraceType.CONSUMED: Step.CONSUMED if item.succeeded else Step.FAILED,
        TraceType.END_TRANSACTION: Step.ENDED,
    }
    step = steps[item.type]
    if step is Step.FAILED:
        cause = ENDINGS.get(item.context_code, "failed")
    elif step is Step.SENT and not item.succeeded:
        cause = "the send failed"
    else:
        cause = item.transaction_state
    costs = item.type in {TraceType.SEND, TraceType.CONSUMED}
    return Event(
        at_ms=item.time_ms,
        step=step,
        group=item.group,
        where=item.client_host,
        took_ms=item.cost_ms if costs else None,
        cause=cause,
        attempt=item.retry_times + 1 if step is Step.DELIVERED else None,
        traced=True,
    )


def _place(stored: StoredMessage) -> str:
    record = stored.record
    broker = stored.message.queue.broker_name or stored.message.store_host
    return f"{record.topic}@{broker}:{record.queue_id} offset {record.queue_offset}"
