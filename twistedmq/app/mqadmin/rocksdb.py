"""The verbs about what brokers may keep in RocksDB."""

from typing import Any

from twistedmq.admin.client import Admin
from twistedmq.admin.rocksdb import TABLES
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.targets import on_each
from twistedmq.app.mqadmin.verbs import Option, Verb, integer
from twistedmq.protocol.errors import InvalidParameterError

MONTH_MS = 30 * 24 * 3_600_000


async def check_queues(admin: Admin, options: Any, output: Output) -> None:
    """Have brokers compare queue entries in RocksDB with those in files."""
    since_ms = options.check_from
    if since_ms is None:
        since_ms = admin.wall_ms() - MONTH_MS
    masters = await admin.cluster.masters(options.cluster)
    names = {address: name for name, address in masters.items()}

    async def check(address: str) -> dict[str, Any]:
        name = names[address]
        found = await admin.rocksdb.check_queues(
            address, topic=options.topic or "", since_ms=since_ms
        )
        if found.failed:
            said = "%s check error, please check log... errInfo: %s"
            output.text(said, name, found.check_result)
        else:
            said = "%s check doing, please wait and get the result from log... "
            output.line(said, name)
        return {"broker": name, "checking": not found.failed}

    told = await on_each([*names], check, output)
    output.result(list(told.values()))


async def export_tables(admin: Admin, options: Any, output: Output) -> None:
    """Have brokers write their tables to JSON files."""
    tables = TABLES
    if options.config_type:
        tables = tuple(name.strip() for name in options.config_type.split(";") if name)
    if options.cluster is not None:
        addresses = [*(await admin.cluster.masters(options.cluster)).values()]
        output.line(
            "Use [rpc mode] call all brokers in cluster to export to json file "
        )
    elif options.broker_addr is not None:
        addresses = [options.broker_addr]
        output.line("Use [rpc mode] call broker to export to json file ")
    else:
        raise InvalidParameterError(
            "one of -b/--brokerAddr and -c/--cluster is needed: files of RocksDB "
            "cannot be read here (-p)"
        )

    async def export(address: str) -> None:
        await admin.rocksdb.export_tables(address, tables)

    exported = await on_each(addresses, export, output)
    output.text("broker export done.")
    output.result({"tables": tables, "brokers": list(exported)})


VERBS = [
    Verb(
        "checkRocksdbCqWriteProgress",
        "has brokers compare queue entries in RocksDB with those in files",
        check_queues,
        Option("c", "cluster", "the cluster", required=True),
        Option("n", "nameserverAddr", "name servers, HOST:PORT;...", required=True),
        Option("t", "topic", "only of this topic"),
        Option(
            "cf",
            "checkFrom",
            "of messages stored since then, in ms; default: 30 days",
            kind=integer,
        ),
    ),
    Verb(
        "rocksDBConfigToJson",
        "has brokers write tables that are in RocksDB to JSON files",
        export_tables,
        Option("t", "configType", f"some of {';'.join(TABLES)}; default: all"),
        Option("p", "configPath", "files are not read here"),
        Option("e", "exportFile", "files are not read here"),
        Option("j", "jsonEnable", "files are not read here"),
        Option("n", "nameserverAddr", "name servers, HOST:PORT;..."),
        Option("c", "cluster", "on the brokers of this cluster"),
        Option("b", "brokerAddr", "on this broker, HOST:PORT"),
    ),
]
