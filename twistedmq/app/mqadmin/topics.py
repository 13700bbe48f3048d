"""The verbs about topics: which there are, where they are, making them."""

from typing import Any

from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.admin.client import Admin
from twistedmq.admin.namesrv import ORDER_NAMESPACE
from twistedmq.app.mqadmin.fastjson import pretty
from twistedmq.app.mqadmin.output import Output, java
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.client.deferreds import gives_deferred, unwrapped
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names
from twistedmq.protocol.bodies.routes import TopicRouteData
from twistedmq.protocol.bodies.topics import TopicConfig
from twistedmq.protocol.errors import InvalidParameterError, TwistedMQError
from twistedmq.protocol.system_flags import perm_text

AT_ONCE = 20
"""Topics that servers are asked about at a time."""
SYS_FLAG_UNIT = 1
SYS_FLAG_UNIT_SUBSCRIBED = 2
QUEUES = 8


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


async def update_topic(admin: Admin, options: Any, output: Output) -> None:
    """Make a topic on a broker, or on all of a cluster, or change it."""
    attributes = _attributes(options.attributes)
    flag = SYS_FLAG_UNIT if options.unit else 0
    flag |= SYS_FLAG_UNIT_SUBSCRIBED if options.has_unit_sub else 0
    given = (options.read_queue_nums, options.write_queue_nums)
    reads, writes = (QUEUES if queues is None else queues for queues in given)
    config = TopicConfig(
        topic_name=options.topic,
        read_queue_nums=reads,
        write_queue_nums=writes,
        perm=6 if options.perm is None else options.perm,
        order=bool(options.order),
        topic_sys_flag=flag,
    )
    if options.broker_addr is not None:
        masters = {"": options.broker_addr}
    else:
        masters = await admin.cluster.masters(options.cluster_name)
    for address in masters.values():
        await admin.topics.put(address, config, attributes=options.attributes)
        if options.broker_addr is None:
            output.line("create topic to %s success.", address)
    if config.order:
        await _keep_order(admin, options, masters, writes, output)
    if options.broker_addr is not None:
        output.line("create topic to %s success.", options.broker_addr)
    output.line(described(config, attributes))
    output.result(
        {
            "topic": config.topic_name,
            "brokers": list(masters.values()),
            "read_queues": reads,
            "write_queues": writes,
            "perm": perm_text(config.perm),
            "order": config.order,
            "attributes": attributes,
        }
    )


async def _keep_order(
    admin: Admin, options: Any, masters: dict[str, str], queues: int, output: Output
) -> None:
    """Tell the name servers how many queues an ordered topic has on which broker."""
    if options.broker_addr is not None:
        broker = await admin.cluster.name_of(options.broker_addr)
        await admin.namesrv.put_order(options.topic, broker, queues)
        where, order = "broker", f"{broker}:{queues}"
    else:
        where, order = "cluster", ";".join(f"{name}:{queues}" for name in masters)
        await admin.namesrv.put(ORDER_NAMESPACE, options.topic, order)
    output.line("set %s orderConf. isOrder=true, orderConf=[%s]", where, order)


def described(config: TopicConfig, attributes: dict[str, str]) -> str:
    """Write a topic as the genuine tool does."""
    return (
        f"TopicConfig [topicName={config.topic_name}, "
        f"readQueueNums={config.read_queue_nums}, "
        f"writeQueueNums={config.write_queue_nums}, perm={perm_text(config.perm)}, "
        f"topicFilterType={config.topic_filter_type}, "
        f"topicSysFlag={config.topic_sys_flag}, order={java(config.order)}, "
        f"attributes={java(attributes)}]"
    )


def _attributes(text: str | None) -> dict[str, str]:
    """Read changes of attributes, ``+a=b,-c``.

    Raises: InvalidParameterError.
    """
    found: dict[str, str] = {}
    for change in (text or "").split(",") if text else ():
        key, equals, value = change.partition("=")
        is_good = key.startswith("+") and value if equals else key.startswith("-")
        if not is_good or len(key) < 2 or key in found:
            raise InvalidParameterError(
                f"attributes: {change!r} in {text!r} is none of +NAME=VALUE and -NAME, "
                "or there twice"
            )
        found[key] = value
    return found


BROKER = Option("b", "brokerAddr", "on this broker, HOST:PORT")
CLUSTER = Option("c", "clusterName", "on all brokers of this cluster")
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
        "updateTopic",
        "makes a topic, or changes it",
        update_topic,
        BROKER,
        CLUSTER,
        TOPIC,
        Option("a", "attributes", "changes of attributes: +NAME=VALUE,-NAME"),
        Option("r", "readQueueNums", "queues to read, 8 if not said", kind=integer),
        Option("w", "writeQueueNums", "queues to write, 8 if not said", kind=integer),
        Option("p", "perm", "2: write, 4: read, 6: both (default)", kind=integer),
        Option("o", "order", "whether its order is kept", kind=boolean),
        Option("u", "unit", "whether it belongs to a unit", kind=boolean),
        Option("s", "hasUnitSub", "whether a unit subscribes to it", kind=boolean),
        one_of=("b", "c"),
    ),
]
