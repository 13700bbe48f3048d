"""The verbs that make, change and delete topics."""

from typing import Any

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.namesrv import ORDER_NAMESPACE
from twistedmq.app.mqadmin.attributes import attribute_changes
from twistedmq.app.mqadmin.input_files import listed
from twistedmq.app.mqadmin.output import Output, java
from twistedmq.app.mqadmin.targets import BROKER, CLUSTER, masters_asked, on_each
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.client.routing import MASTER_ID
from twistedmq.protocol.bodies.topics import TopicConfig
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.system_flags import perm_text

SYS_FLAG_UNIT = 1
SYS_FLAG_UNIT_SUBSCRIBED = 2
QUEUES = 8


async def update_topic(admin: Admin, options: Any, output: Output) -> None:
    """Make a topic on a broker, or on all of a cluster, or change it."""
    attributes = attribute_changes(options.attributes)
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

    async def put(address: str) -> None:
        await admin.topics.put(address, config, attributes=options.attributes)
        if options.broker_addr is None:
            output.line("create topic to %s success.", address)

    done = await on_each([*masters.values()], put, output)
    masters = {name: address for name, address in masters.items() if address in done}
    if config.order and masters:
        await _keep_order(admin, options, masters, writes, output)
    if options.broker_addr is not None:
        output.line("create topic to %s success.", options.broker_addr)
    if masters:
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


async def update_topic_list(admin: Admin, options: Any, output: Output) -> None:
    """Make the topics of a file, or change them."""
    configs = listed(options.filename, TopicConfig)

    async def put(address: str) -> None:
        await admin.topics.put_all(address, configs)
        said = "submit batch of topic config to %s success"
        output.line(f"{said}, please check the result later.", address)

    done = await on_each(await masters_asked(admin, options), put, output)
    names = [config.topic_name for config in configs]
    output.result({"topics": names, "brokers": list(done)})


async def update_topic_perm(admin: Admin, options: Any, output: Output) -> None:
    """Change what may be done with a topic; all else of it stays."""
    addresses = await masters_asked(admin, options)
    route = await admin.topics.route(options.topic)
    masters = {
        broker.broker_addrs[MASTER_ID]: broker.broker_name
        for broker in route.broker_datas
        if MASTER_ID in broker.broker_addrs
    }
    if options.broker_addr is None:
        # not every broker of a cluster has to have the topic
        addresses = [address for address in addresses if address in masters]
    elif options.broker_addr not in masters:
        what = f"master with {options.topic}"
        raise NotThereError(what, options.broker_addr, [*masters])

    async def change(address: str) -> dict[str, str] | None:
        # the broker knows it at once, name servers a little later
        config = await admin.topics.config(address, options.topic)
        before, config.perm = config.perm, options.perm
        if options.broker_addr is not None and before == options.perm:
            output.line("new perm equals to the old one!")
            return None
        await admin.topics.put(address, config)
        said = (before, options.perm, address)
        output.line("update topic perm from %s to %s in %s success.", *said)
        if options.broker_addr is not None:
            output.line("%s.", described(config, {}))
        perms = {"before": perm_text(before), "perm": perm_text(options.perm)}
        return {"broker": masters[address], **perms}

    done = await on_each(addresses, change, output)
    changed = [each for each in done.values() if each is not None]
    output.result({"topic": options.topic, "changed": changed})


async def delete_topic(admin: Admin, options: Any, output: Output) -> None:
    """Delete a topic of a cluster, with its messages."""
    topic, cluster = options.topic, options.cluster_name
    await admin.topics.delete(topic, cluster=cluster)
    output.line("delete topic [%s] from cluster [%s] success.", topic, cluster)
    output.line("delete topic [%s] from NameServer success.", topic)
    output.result({"topic": topic, "cluster": cluster})


async def update_order_conf(admin: Admin, options: Any, output: Output) -> None:
    """Say how many queues an ordered topic has on each broker: get, put or delete."""
    topic, order = options.topic, options.order_conf
    if options.method == "get":
        order = await admin.namesrv.value(ORDER_NAMESPACE, topic)
        if order is None:
            raise NotThereError("order of topic", topic)
        said = "get orderConf success. topic=[%s], orderConf=[%s] "
        output.text(said, topic, order)
    elif options.method == "put":
        if not order:
            raise InvalidParameterError("put needs the order: -v BROKER:QUEUES;...")
        await admin.namesrv.put(ORDER_NAMESPACE, topic, order)
        said = "update orderConf success. topic=[%s], orderConf=[%s]"
        output.text(said, topic, order)
    elif options.method == "delete":
        await admin.namesrv.remove(ORDER_NAMESPACE, topic)
        output.text("delete orderConf success. topic=[%s]", topic)
        order = None
    else:
        raise InvalidParameterError(
            f"method is {options.method!r}, not one of get, put, delete"
        )
    output.result({"topic": topic, "order": order})


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


TOPIC = Option("t", "topic", "the topic", required=True)

VERBS = [
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
    Verb(
        "updateTopicList",
        "makes the topics of a file, or changes them",
        update_topic_list,
        BROKER,
        CLUSTER,
        Option("f", "filename", "a JSON array of topics", required=True),
        one_of=("b", "c"),
    ),
    Verb(
        "updateTopicPerm",
        "changes what may be done with a topic",
        update_topic_perm,
        BROKER,
        CLUSTER,
        TOPIC,
        Option("p", "perm", "2: write, 4: read, 6: both", required=True, kind=integer),
    ),
    Verb(
        "deleteTopic",
        "deletes a topic, with its messages",
        delete_topic,
        TOPIC,
        Option("c", "clusterName", "of this cluster", required=True),
    ),
    Verb(
        "updateOrderConf",
        "says how many queues an ordered topic has on each broker",
        update_order_conf,
        TOPIC,
        Option("v", "orderConf", "BROKER:QUEUES;..."),
        Option("m", "method", "get, put or delete", required=True),
    ),
]
