"""``rmq tail``."""

import json
from argparse import Namespace
from base64 import b64encode
from datetime import datetime
from typing import Any, TextIO

from twistedmq.app.rmq_printable import printable, printable_body
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.reading import TopicReader
from twistedmq.client.starting import StartFrom

RECENT = -10
STARTS: dict[str, StartFrom | int] = {
    "first": StartFrom.FIRST,
    "last": StartFrom.LAST,
    "recent": RECENT,
}


async def tail(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Print messages until enough of them came."""
    reader = TopicReader(
        options.topic,
        options.tag,
        nameservers=options.namesrv,
        start_from=STARTS.get(options.start, options.start),
        reactor=reactor,
        settings=options.settings,
    )
    left = options.count
    show = _json_line if options.json else _text_line
    async with reader:
        async for message in reader:
            out.write(show(message))
            out.flush()
            left = left and left - 1
            if left == 0:
                return


def _text_line(message: ReceivedMessage) -> str:
    stored = datetime.fromtimestamp(message.stored_at_ms / 1000).astimezone()
    queue = f"{message.queue.broker_name}/{message.queue.queue_id}"
    words = [
        stored.isoformat(" ", "milliseconds"),
        f"{queue}@{message.queue_offset}",
        printable(f"[{message.tag or ''}]"),
        *(printable(f"#{key}") for key in message.keys),
        printable_body(message.body),
    ]
    return " ".join(words) + "\n"


def _json_line(message: ReceivedMessage) -> str:
    shown: dict[str, object] = {
        "topic": message.topic,
        "broker": message.queue.broker_name,
        "queue": message.queue.queue_id,
        "offset": message.queue_offset,
        "message_id": message.message_id,
        "offset_message_id": message.offset_message_id,
        "tag": message.tag,
        "keys": message.keys,
        "properties": message.properties,
        "born_at_ms": message.born_at_ms,
        "stored_at_ms": message.stored_at_ms,
        "reconsume_times": message.reconsume_times,
    }
    try:
        shown["body"] = message.body.decode()
    except UnicodeDecodeError:
        shown["body_base64"] = b64encode(message.body).decode()
    return json.dumps(shown, ensure_ascii=False) + "\n"
