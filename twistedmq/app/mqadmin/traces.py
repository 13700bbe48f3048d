"""The verb that shows what clients wrote down of a message."""

from typing import Any, Final

from msgspec import to_builtins

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.times import to_the_s
from twistedmq.app.mqadmin.verbs import Option, Verb, integer
from twistedmq.protocol.names import TRACE_TOPIC
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.trace import TraceItem, TraceType

ROW: Final = "%-10s %-20s %-20s %-20s %-10s %-10s"
SENT: Final = ("#Type", "#ProducerGroup", "#ClientHost", "#SendTime")
CONSUMED: Final = ("#Type", "#ConsumerGroup", "#ClientHost", "#ConsumerTime")
HOW: Final = ("#CostTimes", "#Status")


async def query_trace(admin: Admin, options: Any, output: Output) -> None:
    """Show the sends of a message, and what became of its deliveries, by group."""
    found = await admin.traces.of(
        options.msg_id,
        trace_topic=options.trace_topic or TRACE_TOPIC,
        limit=64 if options.max_num is None else options.max_num,
        since_ms=options.begin_timestamp or 0,
        until_ms=INT64_MAX if options.end_timestamp is None else options.end_timestamp,
    )
    by_group: dict[str, list[TraceItem]] = {}
    for item in found:
        if item.type is TraceType.SEND:
            output.line(ROW, *SENT, *HOW)
            output.line(ROW, "Pub", *_cells(item))
            output.line()
        elif item.type is TraceType.CONSUMED:
            by_group.setdefault(item.group, []).append(item)
    for _, items in sorted(by_group.items()):
        output.line(ROW, *CONSUMED, *HOW)
        for item in items:
            output.line(ROW, "Sub", *_cells(item))
        output.line()
    output.result([to_builtins(item) for item in found])


def _cells(item: TraceItem) -> tuple[str, ...]:
    return (
        item.group,
        item.client_host,
        to_the_s(item.time_ms),
        f"{item.cost_ms}ms",
        "success" if item.succeeded else "failed",
    )


VERBS = [
    Verb(
        "queryMsgTraceById",
        "shows what clients wrote down of a message",
        query_trace,
        Option("i", "msgId", "the id that its client gave to it", required=True),
        Option("t", "traceTopic", "where clients trace to"),
        Option("b", "beginTimestamp", "traced then or later, in ms", kind=integer),
        Option("e", "endTimestamp", "and not later, in ms", kind=integer),
        Option("c", "maxNum", "as many at most, 64 if not said", kind=integer),
    ),
]
