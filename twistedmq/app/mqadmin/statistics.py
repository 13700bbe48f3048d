"""The verb about what goes through topics and groups."""

from typing import Any

from msgspec.structs import asdict
from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.statistics import Flow
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Option, Verb
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names
from twistedmq.protocol.errors import TwistedMQError

AT_ONCE = 20
"""Topics that servers are asked about at a time."""
COLUMNS = (
    *("#Topic", "#Consumer Group", "#Accumulation", "#InTPS", "#OutTPS"),
    *("#InMsg24Hour", "#OutMsg24Hour"),
)


async def stats_all(admin: Admin, options: Any, output: Output) -> None:
    """Show what goes through topics, and to whom."""
    topics = [
        topic
        for topic in await admin.topics.names(system=True)
        if not names.is_retry_topic(topic) and not names.is_dlq_topic(topic)
    ]
    output.line("%-64s  %-64s %12s %11s %11s %14s %14s", *COLUMNS)
    if options.topic:
        if options.topic not in topics:
            raise NotThereError("topic", options.topic)
        topics = [options.topic]
    turns = DeferredSemaphore(AT_ONCE)
    asked = [turns.run(_flows, admin, topic, output) for topic in topics]
    found = await unwrapped(gatherResults(asked, consumeErrors=True))
    flows = [
        flow
        for of_topic in found
        for flow in of_topic
        if not options.active_topic or flow.in_24h > 0 or flow.out_24h > 0
    ]
    for flow in flows:
        _show(flow, output)
    output.result([asdict(flow) for flow in flows])


@gives_deferred
async def _flows(admin: Admin, topic: str, output: Output) -> list[Flow]:
    try:
        return await admin.statistics.flows(topic)
    except RouteNotFoundError:
        return []  # deleted since its name was asked for
    except TwistedMQError as error:
        output.problem(error, topic)
        return []


def _show(flow: Flow, output: Output) -> None:
    if flow.group is None:
        output.line(
            "%-64s  %-64s %12d %11.2f %11s %14d %14s",
            *(flow.topic[:64], "", 0, flow.in_per_s),
            *("", flow.in_24h, "NO_CONSUMER"),
        )
        return
    output.line(
        "%-64s  %-64s %12d %11.2f %11.2f %14d %14d",
        *(flow.topic[:64], flow.group[:64], flow.lag, flow.in_per_s),
        *(flow.out_per_s, flow.in_24h, flow.out_24h),
    )


VERBS = [
    Verb(
        "statsAll",
        "shows what goes through topics, and to which groups",
        stats_all,
        Option("a", "activeTopic", "only where something does", kind=None),
        Option("t", "topic", "only this topic"),
    ),
]
