"""The verbs that write what a cluster is made of into files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import to_builtins

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotOnlineError
from twistedmq.admin.statistics import TOPIC_PUT, day_sum
from twistedmq.app.mqadmin.fastjson import pretty
from twistedmq.app.mqadmin.java_text import hash_order
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.targets import BROKER, CLUSTER, masters_asked
from twistedmq.app.mqadmin.verbs import Option, Verb
from twistedmq.app.whole_file import whole_file
from twistedmq.client.errors import RefusedError, RouteNotFoundError
from twistedmq.protocol import names
from twistedmq.protocol.bodies.groups import SubscriptionGroupWrapper
from twistedmq.protocol.bodies.topics import TopicConfigSerializeWrapper
from twistedmq.protocol.codes import CURRENT_VERSION
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.system_flags import is_valid_perm
from twistedmq.protocol.versions import version_name

FOLDER: Final = "/tmp/rocketmq/export"
"""Where the genuine tool writes if it is not told otherwise."""

SETTINGS: Final = frozenset(
    {
        "brokerClusterName",
        "brokerId",
        "brokerName",
        "brokerRole",
        "fileReservedTime",
        "filterServerNums",
        "flushDiskType",
        "maxMessageSize",
        "messageDelayLevel",
        "msgTraceTopicName",
        "slaveReadEnable",
        "traceOn",
        "traceTopicEnable",
        "useTLS",
        "autoCreateTopicEnable",
        "autoCreateSubscriptionGroup",
    }
)
"""What of a broker's settings is written."""


async def export_configs(admin: Admin, options: Any, output: Output) -> None:
    """Write the settings of a cluster's brokers that matter to others."""
    brokers = await admin.cluster.brokers(options.cluster_name)
    masters = [place for place in brokers if place.broker_id == 0]
    settings: dict[str, Any] = {}
    for place in masters:
        found = await admin.brokers.config(place.address)
        settings[found.get("brokerName", place.name)] = hash_order(
            {key: found[key] for key in found if key in SETTINGS}
        )
    scale = {
        "namesrvSize": len(admin.namesrv.addresses),
        "masterBrokerSize": len(masters),
        "slaveBrokerSize": len(brokers) - len(masters),
    }
    value = {"clusterScale": hash_order(scale), "brokerConfigs": hash_order(settings)}
    _export(options, "configs.json", hash_order(value), output)


async def export_metadata(admin: Admin, options: Any, output: Output) -> None:
    """Write the topics and groups that users have made."""
    addresses = await masters_asked(admin, options)
    special = options.special_topic
    if options.broker_addr is not None:
        await _export_of_one(admin, options, output)
        return
    topics = [await _topics(admin, address, special=special) for address in addresses]
    groups = [await _groups(admin, address) for address in addresses]
    all_topics = _joined(
        (each.topic_config_table for each in topics),
        ("read_queue_nums", "write_queue_nums"),
    )
    all_groups = _joined(
        (each.subscription_group_table for each in groups), ("retry_queue_nums",)
    )
    value: dict[str, Any] = {"exportTime": admin.wall_ms()}
    name = "metadata.json"
    if options.topic:
        value["topicConfigTable"], name = all_topics, "topic.json"
    elif options.subscription_group:
        value["subscriptionGroupTable"] = all_groups
        name = "subscriptionGroup.json"
    else:
        value["topicConfigTable"] = all_topics
        value["subscriptionGroupTable"] = all_groups
    _export(options, name, hash_order(value), output, end="\n")


async def _export_of_one(admin: Admin, options: Any, output: Output) -> None:
    address = options.broker_addr
    if options.topic:
        topics = await _topics(admin, address, special=options.special_topic)
        _export(options, "topic.json", _plain(topics), output)
    elif options.subscription_group:
        groups = await _groups(admin, address)
        _export(options, "subscriptionGroup.json", _plain(groups), output)
    else:
        raise InvalidParameterError("-b needs one of -t and -g")


async def export_metrics(admin: Admin, options: Any, output: Output) -> None:
    """Write how much goes through the brokers of a cluster."""
    reports: dict[str, Any] = {}
    rates: dict[str, float] = {}
    counts: dict[str, int] = {}
    masters = await admin.cluster.masters(options.cluster_name)
    for name, address in masters.items():
        quota, of_rates, of_counts = await _quota(admin, address)
        groups = await _groups(admin, address)
        quota["groupSize"] = len(groups.subscription_group_table)
        for key, rate in of_rates.items():
            total = f"total{key[0].upper()}{key[1:]}"
            rates[total] = rates.get(total, 0.0) + rate
        for key, count in of_counts.items():
            counts[key] = counts.get(key, 0) + count
        settings = await admin.brokers.config(address)
        figures = await admin.brokers.runtime(address)
        # the genuine tool looks there for the number of processors
        env = {
            "cpuNum": settings.get("clientCallbackExecutorThreads"),
            "totalMemKBytes": figures.get("totalMemKBytes"),
        }
        reports[name] = hash_order(
            {
                "runtimeEnv": {key: env[key] for key in env if env[key] is not None},
                "runtimeQuota": hash_order(quota),
                "runtimeVersion": await _versions(admin, groups),
            }
        )
    totals = {"totalTps": hash_order(rates), "totalOneDayNum": hash_order(counts)}
    value = {"totalData": hash_order(totals), "evaluateReport": hash_order(reports)}
    _export(options, "metrics.json", value, output)


async def _quota(
    admin: Admin, address: str
) -> tuple[dict[str, Any], dict[str, float], dict[str, int]]:
    """Give what one broker does, its rates and its counts of a day."""
    figures = await admin.brokers.runtime(address)
    halves = await admin.statistics.view(address, TOPIC_PUT, names.HALF_TOPIC)
    delayed = await admin.statistics.view(address, TOPIC_PUT, names.SCHEDULE_TOPIC)
    rates = {
        "normalInTps": _first(figures, "putTps"),
        "normalOutTps": _first(figures, "getTransferredTps"),
        "transInTps": halves.stats_minute.tps if halves else 0.0,
        "scheduleInTps": delayed.stats_minute.tps if delayed else 0.0,
    }
    counts = {
        "normalOneDayInNum": _yesterday(figures, "msgPutTotal"),
        "normalOneDayOutNum": _yesterday(figures, "msgGetTotal"),
        "transOneDayInNum": day_sum(halves) if halves else 0,
        "scheduleOneDayInNum": day_sum(delayed) if delayed else 0,
    }
    disk = ("commitLogDiskRatio", "consumeQueueDiskRatio")
    topics = await _topics(admin, address, special=False)
    quota = {
        "diskRatio": hash_order({key: figures.get(key) for key in disk}),
        "tps": hash_order(rates),
        "oneDayNum": hash_order(counts),
        "messageAverageSize": figures.get("putMessageAverageSize"),
        "topicSize": len(topics.topic_config_table),
    }
    return quota, rates, counts


async def _versions(admin: Admin, groups: SubscriptionGroupWrapper) -> dict[str, Any]:
    """Give which clients consume, by language and version."""
    seen: set[str] = set()
    for group in groups.subscription_group_table:
        try:
            members = await admin.clients.consumers(group)
        except (NotOnlineError, RouteNotFoundError, RefusedError):
            continue  # nobody is there, which says nothing about versions
        seen |= {
            f"{each.language}%{version_name(each.version)}"
            for each in members.connection_set
        }
    known = {
        "rocketmqVersion": version_name(CURRENT_VERSION),
        "clientInfo": sorted(seen),
    }
    return hash_order(known)


async def _topics(
    admin: Admin, address: str, *, special: bool
) -> TopicConfigSerializeWrapper:
    """Give the topics of one broker that users have made; retry topics if *special*."""
    found = await admin.brokers.topics(address)
    own = set(await admin.brokers.system_topics(address))
    found.topic_config_table = {
        name: config
        for name, config in found.topic_config_table.items()
        if name not in own
        and _is_users(name, special=special)
        and is_valid_perm(config.perm)
    }
    return found


def _is_users(topic: str, *, special: bool) -> bool:
    if names.is_retry_topic(topic) or names.is_dlq_topic(topic):
        return special
    return not names.is_system_topic(topic)


async def _groups(admin: Admin, address: str) -> SubscriptionGroupWrapper:
    """Give the groups of one broker that users have made."""
    found = await admin.group_configs.all_at(address)
    found.subscription_group_table = {
        name: config
        for name, config in found.subscription_group_table.items()
        if not names.is_system_group(name) and name not in names.PREDEFINED_GROUPS
    }
    return found


def _joined(
    tables: Iterable[Mapping[str, Any]], summed: tuple[str, ...]
) -> dict[str, Any]:
    """Put the tables of brokers together; their numbers of queues are added up."""
    whole: dict[str, Any] = {}
    for table in tables:
        for name, config in table.items():
            if name in whole:
                for field in summed:
                    total = getattr(config, field) + getattr(whole[name], field)
                    setattr(config, field, total)
            whole[name] = config
    return {name: _plain(config) for name, config in hash_order(whole).items()}


def _plain(value: Any) -> Any:
    """Give a struct as the genuine tool writes it: what is null is left out."""
    return _without_null(to_builtins(value))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    return value


def _first(figures: Mapping[str, str], key: str) -> float:
    """Give the first of the rates of a figure: that over ten seconds."""
    return float(figures.get(key, "0").split()[0])


def _yesterday(figures: Mapping[str, str], key: str) -> int:
    today = figures.get(f"{key}TodayMorning", "0")
    return int(today) - int(figures.get(f"{key}YesterdayMorning", "0"))


def _export(
    options: Any, name: str, value: Any, output: Output, *, end: str = ""
) -> None:
    """Write *value* into a file, for people; programs get it at once."""
    if not output.is_json:
        path = Path(options.file_path or FOLDER) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, replace=True) as file:
            file.write(pretty(value).encode())
        output.text("export %s success", path)
        output.text(end)
    output.result(value)


FILE = Option("f", "filePath", f"the folder for it, {FOLDER} if not said")
WHOLE_CLUSTER = Option("c", "clusterName", "the cluster", required=True)

VERBS = [
    Verb(
        "exportConfigs",
        "writes the settings of a cluster's brokers into a file",
        export_configs,
        WHOLE_CLUSTER,
        FILE,
    ),
    Verb(
        "exportMetadata",
        "writes topics and consumer groups into a file",
        export_metadata,
        CLUSTER,
        BROKER,
        FILE,
        Option("t", "topic", "topics only", kind=None),
        Option("g", "subscriptionGroup", "groups only", kind=None),
        Option("s", "specialTopic", "retry and dead-letter topics, too", kind=None),
    ),
    Verb(
        "exportMetrics",
        "writes how much goes through a cluster's brokers into a file",
        export_metrics,
        WHOLE_CLUSTER,
        FILE,
    ),
]
