"""``rmq msg explain``: one message from its send to its end."""

import json
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TextIO

from msgspec import to_builtins

from twistedmq.admin.client import Admin
from twistedmq.admin.stories import Event, Step, Story
from twistedmq.admin.tracks import Track, TrackType
from twistedmq.protocol.names import TRACE_TOPIC

STANDS: Final = {
    TrackType.CONSUMED: "is past it: consumed, given back or given up",
    TrackType.CONSUMED_BUT_FILTERED: "is past it, and does not want its tag",
    TrackType.PULL: "pulls, and alone knows what it has consumed",
    TrackType.NOT_CONSUME_YET: "has not come to it yet",
    TrackType.NOT_ONLINE: "is not connected",
    TrackType.CONSUME_BROADCASTING: "has each member consume it for itself",
    TrackType.UNKNOWN: "does not let it be known",
}
UNSEEN: Final = (
    "No client traced it: of its deliveries, only those that failed can be seen.\n"
)


async def msg(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Explain one message."""
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    async with admin:
        story = await admin.stories.of(
            options.topic,
            options.id,
            trace_topic=options.trace_topic or TRACE_TOPIC,
        )
    if options.json:
        out.write(json.dumps(_value(story), ensure_ascii=False, indent=2) + "\n")
    else:
        out.writelines(_lines(story))


def _lines(story: Story) -> Iterator[str]:
    message = story.stored.message
    known_by = f", tag {message.tag}" if message.tag else ""
    known_by += f", keys {' '.join(message.keys)}" if message.keys else ""
    yield (
        f"message {message.message_id} of topic {story.stored.record.topic}{known_by}, "
        f"{len(message.body)} bytes\n\n"
    )
    for event in story.events:
        yield f"{_time(event.at_ms)}  {_event(event)}\n"
    yield "\n"
    for track in story.tracks:
        yield f"group {track.group} {STANDS[track.type]}{_why(track)}\n"
    if not story.tracks:
        yield "no group consumes this topic\n"
    if not story.is_traced:
        yield UNSEEN
    for error in story.unknown:
        yield f"There may be more: {error}\n"


def _event(event: Event) -> str:
    group = f" by group {event.group}" if event.group else ""
    words = {
        Step.BORN: f"born at {event.where}{group}",
        Step.SENT: f"sent{group}, from {event.where}",
        Step.STORED: f"stored in {event.where}",
        Step.DELIVERED: f"delivered to {event.where} of group {event.group}",
        Step.CONSUMED: f"consumed{group}",
        Step.FAILED: f"failed in group {event.group}",
        Step.CAME_BACK: f"came back to group {event.group}, {event.where}",
        Step.GIVEN_UP: f"given up{group}, kept in {event.where}",
        Step.ENDED: f"transaction ended{group}",
        Step.RECALLED: f"recalled{group}",
    }
    attempt = f", attempt {event.attempt}" if event.attempt is not None else ""
    took = f" after {event.took_ms} ms" if event.took_ms is not None else ""
    cause = f": {event.cause}" if event.cause else ""
    return f"{words[event.step]}{attempt}{took}{cause}"


def _why(track: Track) -> str:
    return f": {track.error}" if track.error is not None else ""


def _time(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03}"


def _value(story: Story) -> dict[str, Any]:
    message = story.stored.message
    return {
        "message_id": message.message_id,
        "offset_message_id": message.offset_message_id,
        "topic": story.stored.record.topic,
        "tag": message.tag,
        "keys": list(message.keys),
        "traced": story.is_traced,
        "unknown": [str(error) for error in story.unknown],
        "events": [to_builtins(event) for event in story.events],
        "groups": [
            {
                "group": track.group,
                "is": track.type,
                "why": None if track.error is None else str(track.error),
            }
            for track in story.tracks
        ],
    }
