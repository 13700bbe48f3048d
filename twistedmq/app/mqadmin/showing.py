"""One message with all that is known of it, as the query verbs show it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twistedmq.admin.client import Admin
from twistedmq.admin.messages import StoredMessage
from twistedmq.admin.tracks import Track
from twistedmq.app.mqadmin.java_text import decoded, message_value, properties_of
from twistedmq.app.mqadmin.output import Output, file_name, java
from twistedmq.app.mqadmin.times import to_the_ms
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.errors import TwistedMQError

FOLDER: Final = Path("/tmp/rocketmq/msgbodys")
"""Where the genuine tool puts bodies, for other programs."""

TEXT: Final = "%-20s %s"
NUMBER: Final = "%-20s %d"


async def show(
    admin: Admin,
    stored: StoredMessage,
    output: Output,
    *,
    more: Mapping[str, str] | None = None,
    with_id: bool = True,
    charset: str | None = None,
    number: int = 0,
) -> None:
    """Show a message, where its body was put, and what became of it in each group.

    Args:
        admin: to ask what became of it.
        stored: the message.
        output: where to.
        more: properties that a client adds.
        with_id: whether its offset id is told, and each group has a line.
        charset: how to show its body; None: not at all.
        number: which of several with one id it is.
    """
    record, message = stored.record, stored.message
    if with_id:
        output.line(TEXT, "OffsetID:", message.offset_message_id)
    output.line(TEXT, "Topic:", record.topic)
    output.line(TEXT, "Tags:", f"[{java(message.tag)}]")
    output.line(TEXT, "Keys:", f"[{' '.join(message.keys) or 'null'}]")
    output.line(NUMBER, "Queue ID:", record.queue_id)
    output.line(NUMBER, "Queue Offset:", record.queue_offset)
    output.line(NUMBER, "CommitLog Offset:", record.physical_offset)
    output.line(NUMBER, "Reconsume Times:", record.reconsume_times)
    output.line(TEXT, "Born Timestamp:", to_the_ms(record.born_ms))
    output.line(TEXT, "Store Timestamp:", to_the_ms(record.store_ms))
    output.line(TEXT, "Born Host:", message.born_host)
    output.line(TEXT, "Store Host:", message.store_host)
    output.line(NUMBER, "System Flag:", record.sys_flag)
    output.line(TEXT, "Properties:", properties_of(stored, more or {}))
    if not output.is_json:
        path = _put_aside(stored, number, output)
        output.line(TEXT, "Message Body Path:", path)
    if charset is not None:
        output.line(TEXT, "Message Body:", decoded(message.body, charset))
    tracks = await _tracks(admin, stored, output)
    if tracks == []:
        output.text("\n\nWARN: No Consumer")
    elif tracks:
        output.text("\n\n")
        for track in tracks:
            output.text("%s", _track_text(track) + ("\n" if with_id else ""))
    value = message_value(stored)
    output.result(value | {"groups": [_track_value(each) for each in tracks or ()]})


async def _tracks(
    admin: Admin, stored: StoredMessage, output: Output
) -> list[Track] | None:
    """Give what became of it; None where that cannot be known."""
    try:
        return await admin.tracks.of(stored)
    except TwistedMQError as error:
        output.problem(error, stored.message.message_id)
        return None


def _track_text(track: Track) -> str:
    return (
        f"MessageTrack [consumerGroup={track.group}, trackType={track.type}, "
        f"exceptionDesc={java(_reason(track))}]"
    )


def _reason(track: Track) -> str | None:
    error = track.error
    if error is None:
        return None
    remark = error.remark if isinstance(error, RefusedError) else str(error)
    return f"CODE:{int(error.code)} DESC:{remark}"


def _track_value(track: Track) -> dict[str, Any]:
    return {"group": track.group, "is": track.type, "why": _reason(track)}


def _put_aside(stored: StoredMessage, number: int, output: Output) -> Path:
    """Write the body to a file, as the genuine tool does; gives where.

    Whoever sent a message chose its id, so no id leads out of the folder, and what
    others put there is not followed.
    """
    name = file_name(stored.message.message_id)
    path = FOLDER / (f"{name}_{number}" if number else name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        FOLDER.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, flags, 0o600), "wb") as file:
            file.write(stored.message.body)
    except OSError as error:
        output.problem(error, stored.message.message_id)
    return path
