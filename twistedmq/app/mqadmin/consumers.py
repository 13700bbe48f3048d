"""The verbs about consumers: who they are, how far they are, what they do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotOnlineError
from twistedmq.admin.messages import has_no_route
from twistedmq.admin.offsets import GroupProgress
from twistedmq.app.mqadmin import running_text
from twistedmq.app.mqadmin.output import Output, file_name
from twistedmq.app.mqadmin.times import to_the_s
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.app.whole_file import whole_file
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names
from twistedmq.protocol.bodies.clients import (
    Connection,
    ConsumerConnection,
    ConsumeType,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import ConsumerRunningInfo
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.versions import version_name

AT_ONCE: Final = 20
"""Groups that brokers are asked about at a time."""
PROGRESS: Final = "%-64s  %-32s  %-4s  %-20s  %-20s  %-20s %-20s%s"
PROGRESS_ROW: Final = "%-64s  %-32s  %-4d  %-20d  %-20d  %-20d %-20d %s"
WITH_CLIENT: Final = "%-64s  %-32s  %-4s  %-20s  %-20s  %-20s %-20s %-20s%s"
WITH_CLIENT_ROW: Final = "%-64s  %-32s  %-4d  %-20d  %-20d  %-20s %-20d %-20d %s"
GROUPS: Final = "%-64s  %-6s  %-24s %-5s  %-14s  %-7s  %s"
GROUP_ROW: Final = "%-64s  %-6d  %-24s %-5s  %-14s  %-7d  %d"
STATS: Final = "%-64s  %-64s  %-32s  %-4s  %-20s  %-20s  %-20s  %s"
STATS_ROW: Final = "%-64s  %-64s  %-32s  %-4d  %-20d  %-20d  %-20d  %s"


async def consumer_connection(admin: Admin, options: Any, output: Output) -> None:
    """Show the members of a group and what they subscribe to."""
    group = options.consumer_group
    found = await admin.clients.consumers(group, at=options.broker_addr)
    row = "%-36s %-22s %-10s %s"
    output.line(row, "#ClientId", "#ClientAddr", "#Language", "#Version")
    for each in found.connection_set:
        version = version_name(each.version)
        output.line(row, each.client_id, each.client_addr, each.language, version)
    output.line("\nBelow is subscription:")
    output.line("%-20s %s", "#Topic", "#SubExpression")
    for topic, wanted in sorted(found.subscription_table.items()):
        output.line("%-20s %s", topic, wanted.sub_string)
    output.line()
    output.line("ConsumeType: %s", found.consume_type)
    output.line("MessageModel: %s", found.message_model)
    output.line("ConsumeFromWhere: %s", found.consume_from_where)
    output.result(
        {
            "group": group,
            "members": [connection_value(each) for each in found.connection_set],
            "subscriptions": {
                topic: wanted.sub_string
                for topic, wanted in sorted(found.subscription_table.items())
            },
            "consumes": found.consume_type,
            "model": found.message_model,
            "from": found.consume_from_where,
        }
    )


# How far they are


async def consumer_progress(admin: Admin, options: Any, output: Output) -> None:
    """Show how far a group is in each queue, or all groups, a line each."""
    group = options.group_name
    if group is None:
        await _all_progress(admin, output)
        return
    topic = options.topic_name
    parent = options.cluster if topic and has_no_route(topic) else None
    progress = await admin.offsets.progress(group, topic, route_of=parent)
    if not progress.queues:
        await admin.clients.consumers(group)  # says it if nobody is there
    clients = None
    if options.show_client_ip:
        clients = await _clients_by_queue(admin, group, output)
    _show_progress(progress, clients, output)
    output.result(
        {
            "group": group,
            "consumed_per_s": progress.consumed_per_s,
            "lag": progress.lag,
            "in_flight": progress.in_flight,
            "queues": [
                queue_value(queue)
                | {
                    "end": each.end,
                    "committed": each.committed,
                    "lag": each.lag,
                    "in_flight": each.in_flight,
                    "stored_at_ms": each.stored_at_ms,
                }
                | ({} if clients is None else {"client": clients.get(queue)})
                for queue, each in progress.queues.items()
            ],
        }
    )


def _show_progress(
    progress: GroupProgress,
    clients: Mapping[MessageQueue, str] | None,
    output: Output,
) -> None:
    place = ("#Topic", "#Broker Name", "#QID", "#Broker Offset", "#Consumer Offset")
    rest = ("#Diff", "#Inflight", "#LastTime")
    if clients is None:
        output.line(PROGRESS, *place, *rest)
    else:
        output.line(WITH_CLIENT, *place, "#Client IP", *rest)
    for queue, each in progress.queues.items():
        where = (queue.topic[:64], queue.broker_name[:32], queue.queue_id)
        last = to_the_s(each.stored_at_ms) if each.stored_at_ms else "N/A"
        offsets = (each.end, each.committed)
        behind = (each.lag, each.in_flight, last)
        if clients is None:
            output.line(PROGRESS_ROW, *where, *offsets, *behind)
        else:
            client = clients.get(queue, "N/A")
            output.line(WITH_CLIENT_ROW, *where, *offsets, client, *behind)
    output.line()
    output.line("Consume TPS: %.2f", progress.consumed_per_s)
    output.line("Consume Diff Total: %d", progress.lag)
    output.line("Consume Inflight Total: %d", progress.in_flight)


async def _clients_by_queue(
    admin: Admin, group: str, output: Output
) -> dict[MessageQueue, str]:
    """Give the address of the member that has each queue, as far as they tell."""
    found: dict[MessageQueue, str] = {}
    try:
        members = (await admin.clients.consumers(group)).connection_set
    except TwistedMQError as error:
        output.problem(error, group)
        return {}
    for each in members:
        try:
            info = await admin.clients.running_info(group, each.client_id)
        except TwistedMQError as error:
            output.problem(error, each.client_id)
            continue
        host = each.client_id.partition("@")[0]
        found |= dict.fromkeys(info.mq_table, host)
    return found


async def _all_progress(admin: Admin, output: Output) -> None:
    columns = ("#Group", "#Count", "#Version", "#Type", "#Model", "#TPS", "#Diff Total")
    output.line(GROUPS, *columns)
    topics = await admin.topics.names(system=True)
    groups = [
        t.removeprefix(names.RETRY_PREFIX) for t in topics if names.is_retry_topic(t)
    ]
    turns = DeferredSemaphore(AT_ONCE)
    asked = [turns.run(_group_progress, admin, group, output) for group in groups]
    rows = await unwrapped(gatherResults(asked, consumeErrors=True))
    for row in rows:
        members = row["members"]
        pulls = row["consumes"] == ConsumeType.CONSUME_ACTIVELY
        pushes = row["consumes"] == ConsumeType.CONSUME_PASSIVELY
        output.line(
            GROUP_ROW,
            row["group"][:64],
            members,
            row["version"] or "OFFLINE",
            ("PULL" if pulls else "PUSH") if members else "",
            row["model"] if pushes else "",
            int(row["consumed_per_s"]),
            row["lag"],
        )
    output.result(rows)


@gives_deferred
async def _group_progress(admin: Admin, group: str, output: Output) -> dict[str, Any]:
    """Give what is known of a group; what cannot be had is told, and left out."""
    per_s, lag, online = 0.0, 0, ConsumerConnection()
    try:
        progress = await admin.offsets.progress(group)
        per_s, lag = progress.consumed_per_s, progress.lag
        online = await admin.clients.consumers(group)
    except (NotOnlineError, RouteNotFoundError):
        pass  # nobody is there, or the group was deleted since
    except TwistedMQError as error:
        output.problem(error, group)
    members = online.connection_set
    oldest = min((each.version for each in members), default=0)
    return {
        "group": group,
        "members": len(members),
        "version": version_name(oldest) if members else None,
        "consumes": online.consume_type if members else None,
        "model": online.message_model if members else None,
        "consumed_per_s": per_s,
        "lag": lag,
    }


async def broker_consume_stats(admin: Admin, options: Any, output: Output) -> None:
    """Show how far all groups of a broker are."""
    least = options.level or 0
    found = await admin.offsets.all_at(
        options.broker_addr,
        ordered=bool(options.order),
        timeout_s=(options.timeout_millis or 50_000) / 1000,
    )
    output.line(
        STATS,
        *("#Topic", "#Group", "#Broker Name", "#QID"),
        *("#Broker Offset", "#Consumer Offset", "#Diff", "#LastTime"),
    )
    rows = []
    for group, queues in found.groups.items():
        for queue, each in queues.items():
            if each.lag < least or not each.stored_at_ms > 0:
                continue
            output.line(
                STATS_ROW,
                *(queue.topic[:64], group, queue.broker_name[:32], queue.queue_id),
                *(each.end, each.committed, each.lag, to_the_s(each.stored_at_ms)),
            )
            rows.append(
                {"group": group}
                | queue_value(queue)
                | {"end": each.end, "committed": each.committed, "lag": each.lag}
            )
    output.line("\nDiff Total: %d", found.lag)
    output.result({"lag": found.lag, "queues": rows})


# What they do


async def consumer_status(admin: Admin, options: Any, output: Output) -> None:
    """Show the inner state of one consumer, or write that of all into files."""
    group = options.consumer_group
    members = await admin.clients.consumers(group, at=options.broker_addr)
    if options.client_id is not None:
        info = await admin.clients.running_info(
            group, options.client_id, stacks=options.jstack
        )
        output.text("%s", running_text.whole(info))
        output.result({options.client_id: running_text.value(info)})
        return
    folder = Path(str(admin.wall_ms()))
    output.line(
        "%-10s %-40s %-20s %s",
        *("#Index", "#ClientId", "#Version", "#ConsumerRunningInfoFile"),
    )
    found: dict[str, ConsumerRunningInfo] = {}
    for each in members.connection_set:
        try:
            info = await admin.clients.running_info(
                group, each.client_id, stacks=options.jstack
            )
        except TwistedMQError as error:
            output.problem(error, each.client_id)
            continue
        found[each.client_id] = info
        path = folder / file_name(each.client_id)
        if not options.json:
            _write(path, running_text.whole(info))
        version = version_name(each.version)
        output.line("%-10d %-40s %-20s %s", len(found), each.client_id, version, path)
    if found:
        output.text("%s", running_text.analysis(found, admin.wall_ms()))
    output.result({name: running_text.value(info) for name, info in found.items()})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, replace=True) as file:
        file.write(text.encode())


def connection_value(each: Connection) -> dict[str, Any]:
    """Give a connected client for programs."""
    return {
        "client_id": each.client_id,
        "address": each.client_addr,
        "language": each.language,
        "version": version_name(each.version),
    }


def queue_value(queue: MessageQueue) -> dict[str, Any]:
    """Give a queue for programs."""
    return {
        "topic": queue.topic,
        "broker": queue.broker_name,
        "queue_id": queue.queue_id,
    }


GROUP = Option("g", "consumerGroup", "the group", required=True)
BROKER = Option("b", "brokerAddr", "ask this broker, HOST:PORT")

VERBS = [
    Verb(
        "brokerConsumeStats",
        "shows how far all groups of a broker are",
        broker_consume_stats,
        Option("b", "brokerAddr", "the broker, HOST:PORT", required=True),
        Option("t", "timeoutMillis", "give up after that, in ms", kind=integer),
        Option("l", "level", "only queues with that lag at least", kind=integer),
        Option("o", "order", "only ordered topics", kind=boolean),
    ),
    Verb(
        "consumerConnection",
        "shows the members of a group, and what they want",
        consumer_connection,
        GROUP,
        BROKER,
    ),
    Verb(
        "consumerProgress",
        "shows how far a group is, or all of them",
        consumer_progress,
        Option("g", "groupName", "only this group, queue by queue"),
        Option("t", "topicName", "only this topic"),
        Option("s", "showClientIP", "whose queue it is, too", kind=boolean),
        Option("c", "cluster", "for a light queue: the topic that it hangs on"),
    ),
    Verb(
        "consumerStatus",
        "asks the members of a group for their inner state",
        consumer_status,
        GROUP,
        Option("i", "clientId", "only this one"),
        BROKER,
        Option("s", "jstack", "what they are doing, too", kind=None),
    ),
]
