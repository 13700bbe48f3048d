"""``rmq topics``."""

import json
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Final, TextIO

from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.admin.topics import Topics
from twistedmq.app.rmq_problems import tell_silent
from twistedmq.app.rmq_table import table
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.routing import TopicRoute

AT_ONCE: Final = 20
"""Topics that servers are asked about at a time."""
UNKNOWN: Final = "?"
COLUMNS: Final = ("TOPIC", "QUEUES R/W", "MESSAGES", "BROKERS")


async def topics(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Print the topics with their queues and how many messages they hold."""
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    silent: Silent = {}
    async with admin:
        names = await admin.topics.names(system=options.all)
        turns = DeferredSemaphore(AT_ONCE)
        asked = [turns.run(_describe, admin.topics, name, silent) for name in names]
        rows = await unwrapped(gatherResults(asked, consumeErrors=True))
    if options.json:
        out.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        out.write(_table(rows))
    tell_silent(silent, options)


@gives_deferred
async def _describe(topics: Topics, name: str, silent: Silent) -> dict[str, Any]:
    """Give what is shown of one topic."""
    try:
        [route] = await topics.routes([name])
    except RouteNotFoundError:
        # deleted since its name was asked for
        return _row(name, None, 0)
    of_this: Silent = {}
    messages = await topics.message_count(route, silent=of_this)
    silent |= of_this
    return _row(name, route, None if of_this else messages)


def _row(name: str, route: TopicRoute | None, messages: int | None) -> dict[str, Any]:
    readable = route.subscribable if route else ()
    writable = route.publishable if route else ()
    brokers = {queue.broker_name for queue in (*readable, *writable)}
    return {
        "topic": name,
        "read_queues": len(readable),
        "write_queues": len(writable),
        "messages": messages,
        "brokers": sorted(brokers),
    }


def _table(rows: Sequence[dict[str, Any]]) -> str:
    return table(
        COLUMNS,
        [
            (
                row["topic"],
                f"{row['read_queues']}/{row['write_queues']}",
                UNKNOWN if row["messages"] is None else str(row["messages"]),
                ",".join(row["brokers"]),
            )
            for row in rows
        ],
    )
