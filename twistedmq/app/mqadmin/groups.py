"""The verbs about what consumer groups may do."""

from typing import Any, Final

import msgspec
from msgspec import to_builtins

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.attributes import attribute_changes
from twistedmq.app.mqadmin.input_files import listed
from twistedmq.app.mqadmin.java_text import hash_order
from twistedmq.app.mqadmin.output import Output, java
from twistedmq.app.mqadmin.targets import BROKER, CLUSTER, masters_asked, on_each
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer
from twistedmq.protocol import loose_json, names
from twistedmq.protocol.bodies.assignments import MessageRequestMode
from twistedmq.protocol.bodies.groups import (
    GroupRetryPolicy,
    SubscriptionGroupConfig,
)
from twistedmq.protocol.errors import FieldError, InvalidParameterError

SHOWN: Final = (
    ("group_name", "groupName"),
    ("consume_enable", "consumeEnable"),
    ("consume_from_min_enable", "consumeFromMinEnable"),
    ("consume_broadcast_enable", "consumeBroadcastEnable"),
    ("consume_message_orderly", "consumeMessageOrderly"),
    ("retry_queue_nums", "retryQueueNums"),
    ("retry_max_times", "retryMaxTimes"),
    ("group_retry_policy", "groupRetryPolicy"),
    ("broker_id", "brokerId"),
    ("which_broker_when_consume_slowly", "whichBrokerWhenConsumeSlowly"),
    ("notify_consumer_ids_changed_enable", "notifyConsumerIdsChangedEnable"),
    ("group_sys_flag", "groupSysFlag"),
    ("consume_timeout_minute", "consumeTimeoutMinute"),
    ("subscription_data_set", "subscriptionDataSet"),
    ("attributes", "attributes"),
)
"""The fields of a group, in the order of the genuine tool."""

GIVEN: Final = {
    "consume_enable": "consume_enable",
    "consume_from_min_enable": "consume_from_min_enable",
    "consume_broadcast_enable": "consume_broadcast_enable",
    "consume_message_orderly": "consume_message_orderly",
    "retry_queue_nums": "retry_queue_nums",
    "retry_max_times": "retry_max_times",
    "broker_id": "broker_id",
    "which_broker_when_consume_slowly": "which_broker_when_consume_slowly",
    "notify_consumer_ids_changed": "notify_consumer_ids_changed_enable",
}
"""The field of each option that is a plain value."""


async def update_sub_group(admin: Admin, options: Any, output: Output) -> None:
    """Make a group on a broker, or on all of a cluster, or change it."""
    config = SubscriptionGroupConfig(
        group_name=options.group_name,
        consume_broadcast_enable=False,
        consume_from_min_enable=False,
    )
    for option, field in GIVEN.items():
        value = getattr(options, option)
        if value is not None:
            setattr(config, field, value)
    if options.group_retry_policy is not None:
        config.group_retry_policy = _policy(options.group_retry_policy)
    config.attributes = attribute_changes(options.attributes)

    async def put(address: str) -> None:
        await admin.group_configs.put_at(address, config)
        output.line("create subscription group to %s success.", address)

    done = await on_each(await masters_asked(admin, options), put, output)
    if done:
        output.text("%s", described(config))
    output.result(to_builtins(config))


async def update_sub_group_list(admin: Admin, options: Any, output: Output) -> None:
    """Make many groups that a file describes."""
    configs = listed(options.filename, SubscriptionGroupConfig)
    what = "group config" if options.broker_addr else "subscription group config"

    async def put(address: str) -> None:
        await admin.group_configs.put_at(address, *configs)
        output.line(
            "submit batch of %s to %s success, please check the result later.",
            what,
            address,
        )

    done = await on_each(await masters_asked(admin, options), put, output)
    output.result(
        {"brokers": list(done), "groups": [each.group_name for each in configs]}
    )


async def delete_sub_group(admin: Admin, options: Any, output: Output) -> None:
    """Delete a group from a broker, or from all of a cluster with what it has."""
    group, cluster = options.group_name, options.cluster_name
    addresses = await masters_asked(admin, options)

    async def delete(address: str) -> None:
        await admin.group_configs.delete_at(
            address, group, clean_offsets=bool(options.remove_offset)
        )
        where = "" if options.broker_addr else f" in cluster [{cluster}]"
        output.line(
            "delete subscription group [%s] from broker [%s]%s success.",
            group,
            address,
            where,
        )

    done = await on_each(addresses, delete, output)
    # while a broker still has the group, its topics stay, too
    if options.broker_addr is None and len(done) == len(addresses):
        for topic in (names.retry_topic(group), names.dlq_topic(group)):
            await admin.topics.delete(topic, cluster=cluster)
    output.result({"group": group, "brokers": list(done)})


async def get_consumer_config(admin: Admin, options: Any, output: Output) -> None:
    """Show what a group may do on each broker."""
    found = []
    brokers = await admin.cluster.brokers()
    masters = {place.address: place for place in brokers if place.broker_id == 0}
    tables = await on_each([*masters], admin.group_configs.all_at, output)
    for address, known in tables.items():
        place = masters[address]
        config = known.subscription_group_table.get(options.group_name)
        if config is None:
            continue
        line = "=" * 29
        output.line(f"{line}%s:%s{line}", place.cluster, place.name)
        for field, name in SHOWN:
            value = _field(config, field)
            output.line("%-40s=  %s", name, "" if value == "null" else value)
        found.append(
            {"cluster": place.cluster, "broker": place.name}
            | {"config": to_builtins(config)}
        )
    output.result(found)


async def set_consume_mode(admin: Admin, options: Any, output: Output) -> None:
    """Say whether a group pulls or pops a topic."""
    try:
        mode = MessageRequestMode(options.mode)
    except ValueError:
        raise InvalidParameterError(
            f"mode is {options.mode!r}, which is none of PULL and POP"
        ) from None
    share = options.pop_share_queue_num or 0
    topic, group = options.topic_name, options.group_name

    async def set_it(address: str) -> None:
        await admin.group_configs.set_mode_at(
            address, group, topic, mode, pop_share_queues=share
        )
        output.line("set consume mode to %s success.", address)

    done = await on_each(await masters_asked(admin, options), set_it, output)
    if done:
        output.text(
            "topic[%s] group[%s] consume mode[%s] popShareQueueNum[%d]",
            topic,
            group,
            mode,
            share,
        )
    output.result(
        {
            "topic": topic,
            "group": group,
            "mode": mode,
            "pop_share_queues": share,
            "brokers": list(done),
        }
    )


def described(config: SubscriptionGroupConfig) -> str:
    """Write a group as the genuine tool does."""
    fields = (f"{name}={_field(config, field)}" for field, name in SHOWN)
    return f"SubscriptionGroupConfig{{{', '.join(fields)}}}"


def _field(config: SubscriptionGroupConfig, field: str) -> str:
    value = getattr(config, field)
    if field == "group_retry_policy":
        return _policy_text(value)
    if field == "attributes":
        return java(hash_order(value))
    if field == "subscription_data_set" and value is not None:
        return java(
            [
                f"SimpleSubscriptionData{{topic='{each.topic}', "
                f"expressionType='{each.expression_type}', "
                f"expression='{each.expression}', version={each.version}}}"
                for each in value
            ]
        )
    return java(value)


def _policy_text(policy: GroupRetryPolicy) -> str:
    grows, listed = policy.exponential_retry_policy, policy.customized_retry_policy
    growing = listing = "null"
    if grows is not None:
        growing = (
            f"ExponentialRetryPolicy{{initial={grows.initial}, max={grows.max}, "
            f"multiplier={grows.multiplier}}}"
        )
    if listed is not None:
        listing = f"CustomizedRetryPolicy{{next={java(listed.next)}}}"
    return (
        f"GroupRetryPolicy{{type={policy.type}, exponentialRetryPolicy={growing}, "
        f"customizedRetryPolicy={listing}}}"
    )


def _policy(text: str) -> GroupRetryPolicy:
    try:
        return loose_json.decode(text.encode(), type=GroupRetryPolicy)
    except (FieldError, msgspec.DecodeError) as error:
        raise InvalidParameterError(f"groupRetryPolicy: {error}") from None


GROUP = Option("g", "groupName", "the group", required=True)

VERBS = [
    Verb(
        "deleteSubGroup",
        "deletes a consumer group",
        delete_sub_group,
        BROKER,
        CLUSTER,
        GROUP,
        Option("r", "removeOffset", "its offsets, too", kind=boolean),
    ),
    Verb(
        "getConsumerConfig",
        "shows what a group may do on each broker",
        get_consumer_config,
        GROUP,
    ),
    Verb(
        "setConsumeMode",
        "says whether a group pulls or pops a topic",
        set_consume_mode,
        BROKER,
        CLUSTER,
        Option("t", "topicName", "the topic", required=True),
        GROUP,
        Option("m", "mode", "PULL or POP", required=True),
        Option("q", "popShareQueueNum", "members that share a queue", kind=integer),
    ),
    Verb(
        "updateSubGroup",
        "makes a consumer group, or changes it",
        update_sub_group,
        BROKER,
        CLUSTER,
        GROUP,
        Option("s", "consumeEnable", "whether it may consume", kind=boolean),
        Option("m", "consumeFromMinEnable", "whether from the start", kind=boolean),
        Option("d", "consumeBroadcastEnable", "whether each gets all", kind=boolean),
        Option("o", "consumeMessageOrderly", "whether in order", kind=boolean),
        Option("q", "retryQueueNums", "queues of its retry topic", kind=integer),
        Option("r", "retryMaxTimes", "how often a message comes back", kind=integer),
        Option("p", "groupRetryPolicy", "when it comes back, as JSON"),
        Option("i", "brokerId", "the broker id to consume from", kind=integer),
        Option(
            "w",
            "whichBrokerWhenConsumeSlowly",
            "the broker id to consume from when it is far behind",
            kind=integer,
        ),
        Option(
            "a",
            "notifyConsumerIdsChanged",
            "whether members are told of changes",
            kind=boolean,
        ),
        Option(None, "attributes", "changes of attributes: +NAME=VALUE,-NAME"),
    ),
    Verb(
        "updateSubGroupList",
        "makes the consumer groups that a file describes",
        update_sub_group_list,
        BROKER,
        CLUSTER,
        Option("f", "filename", "a JSON array of groups", required=True),
        one_of=("b", "c"),
    ),
]
