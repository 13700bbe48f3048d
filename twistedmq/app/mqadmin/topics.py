"""The verbs that look at topics: which there are, where they are, what they hold."""

from typing import Any

from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.fastjson import pretty
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.times import to_the_ms
from twistedmq.app.mqadmin.verbs import Option, Verb
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.routes import TopicRouteData
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.queue_shares import average
from twistedmq.protocol.system_flags import perm_text

AT_ONCE = 20
"""Topics that servers are asked about at a time."""


async def topic_list(admin: Admin, options: Any, output: Output) -> None:
    """List the topics; with their clusters and consumers if asked for."""
    topics = await admin.topics.names(system=True)
    if not options.cluster_model:
        for topic in topics:
            output.line(topic)
        output.result(topics)
        return
    shown = [
        topic
        for topic in topics
        if not names.is_retry_topic(topic) and not names.is_dlq_topic(topic)
    ]
    turns = DeferredSemaphore(AT_ONCE)
    asked = [turns.run(_who, admin, topic, output) for topic in shown]
    found = await unwrapped(gatherResults(asked, consumeErrors=True))
    head = ("#Cluster Name", "#Topic", "#Consumer Group")
    output.line("%-20s  %-48s  %-48s", *head)
    for row in found:
        for group in row["groups"] or [""]:
            cells = (row["cluster"][:20], row["topic"][:64], group[:64])
            output.line("%-20s  %-64s  %-64s", *cells)
    output.result(found)


@gives_deferred
async def _who(admin: Admin, topic: str, output: Output) -> dict[str, Any]:
    """Give where a topic is and who consumes it, as far as that can be known."""
    found: dict[str, Any] = {"topic": topic, "cluster": "", "groups": []}
    try:
        route = await admin.topics.route(topic)
        found["cluster"] = route.broker_datas[0].cluster if route.broker_datas else ""
        found["groups"] = await admin.topics.consumers(topic)
    except RouteNotFoundError:
        pass  # deleted since its name was asked for
    except TwistedMQError as error:
        output.problem(error, topic)
    return found


async def topic_route(admin: Admin, options: Any, output: Output) -> None:
    """Show the brokers and queues of a topic."""
    route = await admin.topics.route(options.topic)
    if options.list:
        _show_route(route, output)
    else:
        output.line(pretty(route))
    output.result(
        {
            "topic": options.topic,
            "order": route.order_topic_conf,
            "brokers": [
                {
                    "name": broker.broker_name,
                    "cluster": broker.cluster,
                    "addresses": broker.broker_addrs,
                }
                for broker in route.broker_datas
            ],
            "queues": [
                {
                    "broker": queues.broker_name,
                    "read_queues": queues.read_queue_nums,
                    "write_queues": queues.write_queue_nums,
                    "perm": perm_text(queues.perm),
                }
                for queues in route.queue_datas
            ],
        }
    )


def _show_route(route: TopicRouteData, output: Output) -> None:
    row = "%-45s %-32s %-50s %-10s %-11s %-5s"
    columns = ("ClusterName", "BrokerName", "BrokerAddrs", "ReadQueue", "WriteQueue")
    output.line(row, *(f"#{column}" for column in (*columns, "Perm")))
    queues = {each.broker_name: each for each in route.queue_datas}
    for broker in sorted(route.broker_datas, key=lambda each: each.broker_name):
        own = queues.get(broker.broker_name)
        if own is not None:
            numbers = (own.read_queue_nums, own.write_queue_nums, own.perm)
            place = (broker.cluster, broker.broker_name, broker.broker_addrs)
            output.line(row, *place, *numbers)
    output.line("-" * 158)
    reads = sum(own.read_queue_nums for own in queues.values())
    writes = sum(own.write_queue_nums for own in queues.values())
    output.line(row, "Total:", len(queues), "", reads, writes, "")


async def topic_cluster_list(admin: Admin, options: Any, output: Output) -> None:
    """List the clusters that have a topic."""
    route = await admin.topics.route(options.topic)
    info = await admin.cluster.info()
    brokers = {broker.broker_name for broker in route.broker_datas}
    clusters = sorted(
        cluster
        for cluster, names in info.cluster_addr_table.items()
        if brokers.intersection(names)
    )
    for cluster in clusters:
        output.line(cluster)
    output.result(clusters)


async def topic_status(admin: Admin, options: Any, output: Output) -> None:
    """Show the ends of all queues of a topic."""
    route = None
    if options.cluster:
        # each cluster has a topic of its own name on all its brokers
        route = await admin.topics.route(options.cluster)
    table = await admin.topics.stats(options.topic, route)
    columns = ("#Broker Name", "#QID", "#Min Offset", "#Max Offset")
    output.line("%-32s  %-4s  %-20s  %-20s    %s", *columns, "#Last Updated")
    queues = []
    for queue, ends in sorted(table.offset_table.items()):
        stamp = ends.last_update_timestamp
        output.line(
            "%-32s  %-4d  %-20d  %-20d    %s",
            queue.broker_name[:32],
            queue.queue_id,
            ends.min_offset,
            ends.max_offset,
            to_the_ms(stamp) if stamp > 0 else "",
        )
        queues.append(
            {
                "broker": queue.broker_name,
                "queue_id": queue.queue_id,
                "min_offset": ends.min_offset,
                "max_offset": ends.max_offset,
                "last_stored_ms": stamp if stamp > 0 else None,
            }
        )
    output.line()
    output.line("Topic Put TPS: %s", table.topic_put_tps)
    output.result(
        {"topic": options.topic, "in_per_s": table.topic_put_tps, "queues": queues}
    )


async def allocate_mq(admin: Admin, options: Any, output: Output) -> None:
    """Work out who would consume which queues, were these the members of a group."""
    members = [member.strip() for member in options.ip_list.split(",")]
    [route] = await admin.topics.routes([options.topic])
    queues = sorted(route.subscribable)
    shares = {
        member: list(average(member, members, queues)) for member in sorted(members)
    }
    output.line(loose_json.encode({"result": shares}).decode())
    output.result(
        {
            member: [
                {"broker": queue.broker_name, "queue_id": queue.queue_id}
                for queue in share
            ]
            for member, share in shares.items()
        }
    )


TOPIC = Option("t", "topic", "the topic", required=True)

VERBS = [
    Verb(
        "topicList",
        "lists the topics",
        topic_list,
        Option("c", "clusterModel", "with cluster and consumer groups", kind=None),
    ),
    Verb(
        "topicRoute",
        "shows where the queues of a topic are",
        topic_route,
        TOPIC,
        Option("l", "list", "as a table", kind=None),
    ),
    Verb(
        "topicClusterList",
        "lists the clusters that have a topic",
        topic_cluster_list,
        TOPIC,
    ),
    Verb(
        "topicStatus",
        "shows the first and last offset of each queue of a topic",
        topic_status,
        TOPIC,
        Option("c", "cluster", "ask the brokers of this cluster"),
    ),
    Verb(
        "allocateMQ",
        "works out who would consume which queues of a topic",
        allocate_mq,
        TOPIC,
        Option("i", "ipList", "consumers, between commas", required=True),
    ),
]
