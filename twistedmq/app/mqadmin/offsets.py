"""The verbs that put groups somewhere else."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from twistedmq.admin.client import Admin
from twistedmq.admin.messages import has_no_route
from twistedmq.admin.resets import TO_THE_END, OffsetReset
from twistedmq.app.mqadmin.consumers import queue_value
from twistedmq.app.mqadmin.java_text import time_ms
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.client.errors import RefusedError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import InvalidParameterError

MOVED: Final = "%-40s  %-40s  %-40s"
REWRITTEN: Final = "%-20s  %-20s  %-20s  %-20s  %-20s  %-20s"
NOW: Final = "now"


async def clone_group_offset(admin: Admin, options: Any, output: Output) -> None:
    """Put a group where another one is."""
    source, target, topic = options.src_group, options.dest_group, options.topic
    await admin.offsets.copy(source, target, topic)
    output.text(
        "clone group offset success. srcGroup[%s], destGroup=[%s], topic[%s]",
        source,
        target,
        topic,
    )
    output.result({"source": source, "target": target, "topic": topic})


async def reset_offset_by_time(admin: Admin, options: Any, output: Output) -> None:
    """Put a group to a time in all queues of a topic, or to an offset in one."""
    _check_place(options)
    written = options.timestamp
    to_ms = admin.wall_ms() if written == NOW else time_ms(written)
    if options.broker is not None and options.queue is not None:
        await _reset_queue(admin, options, to_ms, output)
        return
    force = True if options.force is None else options.force
    group, topic = options.group, options.topic
    parent = options.cluster if has_no_route(topic) else None
    try:
        moved = await admin.resets.by_time(
            group, topic, to_ms, force=force, route_of=parent
        )
    except RefusedError as error:
        if error.code != ResponseCode.CONSUMER_NOT_ONLINE:
            raise
        rewritten = await admin.resets.rewrite(
            group, topic, to_ms, force=force, route_of=parent
        )
        output.line(
            "reset consumer offset by specified consumerGroup[%s], topic[%s], "
            "force[%s], timestamp(string)[%s], timestamp(long)[%s]",
            *(group, topic, force, written, to_ms),
        )
        _show_rewritten(rewritten, "#resetOffset", output)
        return
    output.line(
        "start reset consumer offset by specified, group[%s], topic[%s], force[%s], "
        "timestamp(string)[%s], timestamp(long)[%s]",
        *(group, topic, force, written, to_ms),
    )
    _show_moved(moved, output)


def _check_place(options: Any) -> None:
    """Raise InvalidParameterError where one queue is meant, but not wholly named.

    Else all of the topic would be reset instead of it.
    """
    named = (options.broker, options.queue)
    if None in named and (named != (None, None) or options.offset is not None):
        raise InvalidParameterError(
            "one queue is named by -b/--broker and -q/--queue together; -o/--offset "
            "needs both"
        )


async def _reset_queue(admin: Admin, options: Any, to_ms: int, output: Output) -> None:
    queue = MessageQueue(options.topic, "", options.queue)
    output.line(
        "start reset consumer offset by specified, group[%s], topic[%s], queueId[%s], "
        "broker[%s], timestamp(string)[%s], timestamp(long)[%s]",
        *(options.group, options.topic, options.queue, options.broker),
        *(options.timestamp, to_ms),
    )
    offset = options.offset
    if offset is None:
        offset = await admin.resets.found_at(options.broker, queue, to_ms)
    output.line("reset consumer offset to %d", offset)
    # the genuine tool leaves offset 0 out
    if offset >= 0:
        await admin.resets.queue(options.group, queue, offset, at=options.broker)
    output.result([queue_value(queue) | {"offset": offset}])


async def skip_accumulated_message(admin: Admin, options: Any, output: Output) -> None:
    """Put a group to the end of a topic."""
    force = True if options.force is None else options.force
    group, topic = options.group, options.topic
    parent = options.cluster if has_no_route(topic) else None
    try:
        moved = await admin.resets.by_time(
            group, topic, TO_THE_END, force=force, route_of=parent
        )
    except RefusedError as error:
        if error.code != ResponseCode.CONSUMER_NOT_ONLINE:
            raise
        rewritten = await admin.resets.rewrite(
            group, topic, TO_THE_END, force=force, route_of=parent
        )
        _show_rewritten(rewritten, "#rollbackOffset", output)
    else:
        _show_moved(moved, output)


def _show_moved(moved: Mapping[MessageQueue, int], output: Output) -> None:
    output.line(MOVED, "#brokerName", "#queueId", "#offset")
    for queue, offset in sorted(moved.items()):
        output.line(MOVED, queue.broker_name[:32], queue.queue_id, offset)
    output.result(
        [queue_value(queue) | {"offset": at} for queue, at in sorted(moved.items())]
    )


def _show_rewritten(
    resets: Iterable[OffsetReset], last_column: str, output: Output
) -> None:
    output.line(
        REWRITTEN,
        *("#brokerName", "#queueId", "#brokerOffset", "#consumerOffset"),
        *("#timestampOffset", last_column),
    )
    rows = []
    for each in resets:
        queue = each.queue
        offsets = (each.end, each.before, each.found, each.after)
        output.line(REWRITTEN, queue.broker_name[:32], queue.queue_id, *offsets)
        rows.append(queue_value(queue) | {"before": each.before, "offset": each.after})
    output.result(rows)


GROUP = Option("g", "group", "the group", required=True)
TOPIC = Option("t", "topic", "the topic", required=True)
FORCE = Option("f", "force", "also ahead, past messages; the default", kind=boolean)
PARENT = Option("c", "cluster", "for a light queue: the topic that it hangs on")

VERBS = [
    Verb(
        "cloneGroupOffset",
        "puts a group where another one is",
        clone_group_offset,
        Option("s", "srcGroup", "the one that is there", required=True),
        Option("d", "destGroup", "the one that is put there", required=True),
        TOPIC,
        Option("o", "offline", "has no effect"),
    ),
    Verb(
        "resetOffsetByTime",
        "puts a group to a time, without a restart of its members",
        reset_offset_by_time,
        GROUP,
        TOPIC,
        Option(
            "s",
            "timestamp",
            "now, -1 (the end), ms since 1970, or yyyy-MM-dd#HH:mm:ss:SSS",
            required=True,
        ),
        FORCE,
        PARENT,
        Option("b", "broker", "only on this broker, HOST:PORT"),
        Option("q", "queue", "only this queue of it", kind=integer),
        Option("o", "offset", "to this offset of it", kind=integer),
    ),
    Verb(
        "skipAccumulatedMessage",
        "puts a group to the end of a topic",
        skip_accumulated_message,
        GROUP,
        TOPIC,
        FORCE,
        PARENT,
    ),
]
