"""The verbs about single brokers: settings, figures, engines."""

from typing import Any

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.targets import (
    BROKER,
    CLUSTER,
    brokers_asked,
    masters_asked,
    on_each,
)
from twistedmq.app.mqadmin.times import to_the_ms
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer, seconds
from twistedmq.protocol.bodies.replication import HARuntimeInfo
from twistedmq.protocol.errors import InvalidParameterError, TwistedMQError

READ_AHEAD = {"0": True, "1": False}
"""What the modes of the genuine tool mean."""


async def broker_status(admin: Admin, options: Any, output: Output) -> None:
    """Show all figures of brokers."""
    asked = await brokers_asked(admin, options)
    found = await on_each([*asked], admin.brokers.runtime, output)
    told = {
        address: dict(sorted(figures.items())) for address, figures in found.items()
    }
    for address, figures in told.items():
        for name, value in figures.items():
            if options.broker_addr is not None:
                output.line("%-32s: %s", name, value)
            else:
                output.line("%-24s %-32s: %s", address, name, value)
    output.result(told)


async def get_broker_config(admin: Admin, options: Any, output: Output) -> None:
    """Show all settings of brokers."""
    headlines = await brokers_asked(admin, options)
    told = await on_each([*headlines], admin.brokers.config, output)
    for address, settings in told.items():
        output.line(headlines[address])
        for key, value in settings.items():
            output.line("%-50s=  %s", key, value)
        output.line()
    output.result(told)


async def update_broker_config(admin: Admin, options: Any, output: Output) -> None:
    """Change a setting of brokers."""
    if options.update_all_broker is None or options.broker_addr is not None:
        addresses = await masters_asked(admin, options)
    else:
        addresses = [*await brokers_asked(admin, options)]

    async def update(address: str) -> None:
        await admin.brokers.update_config(address, {options.key: options.value})
        output.line("update broker config success, %s", address)

    changed = await on_each(addresses, update, output)
    told = {"key": options.key, "value": options.value, "brokers": list(changed)}
    output.result(told)


async def set_read_ahead(admin: Admin, options: Any, output: Output) -> None:
    """Have log files read ahead by the system, or not."""
    mode = options.commit_log_read_ahead_mode
    if mode not in READ_AHEAD:
        raise InvalidParameterError(
            f"commitLogReadAheadMode is {mode!r}, not one of 0 (ahead), 1 (at random)"
        )
    headlines = await brokers_asked(admin, options)

    async def set_it(address: str) -> None:
        answer = await admin.brokers.set_read_ahead(address, ahead=READ_AHEAD[mode])
        output.line(" %s", headlines[address])
        output.line("commitLog set readAhead mode rstStr%s", answer or None)

    done = await on_each([*headlines], set_it, output)
    output.result({"read_ahead": READ_AHEAD[mode], "brokers": list(done)})


async def switch_timer_engine(admin: Admin, options: Any, output: Output) -> None:
    """Choose where messages for later are kept."""
    engine = options.engine_type
    if engine not in {"F", "R"}:
        raise InvalidParameterError(
            f"engineType is {engine!r}, not one of F (files), R (RocksDB)"
        )

    async def switch(address: str) -> None:
        await admin.brokers.use_timer_engine(address, engine)
        output.line("switchTimerEngine to %s success, %s", engine, address)

    switched = await on_each(await masters_asked(admin, options), switch, output)
    output.result({"engine": engine, "brokers": list(switched)})


async def export_pop_record(admin: Admin, options: Any, output: Output) -> None:
    """Have the state of popped messages moved from RocksDB to the log."""
    dry_run = bool(options.dry_run)
    row = "brokerName=%s, brokerAddr=%s, dryRun=%s"

    async def export(address: str) -> dict[str, str | None]:
        name = (await admin.brokers.config(address)).get("brokerName")
        said = (name, address, dry_run)
        try:
            if not dry_run:
                await admin.brokers.export_pop_records(address)
        except TwistedMQError:
            output.line(f"Export broker records error, {row}", *said)
            raise
        output.line(f"Export broker records, {row}", *said)
        return {"name": name, "address": address}

    asked = await brokers_asked(admin, options)
    exported = await on_each([*asked], export, output)
    output.result({"dry_run": dry_run, "brokers": list(exported.values())})


async def ha_status(admin: Admin, options: Any, output: Output) -> None:
    """Show how far slaves are."""
    addresses = await masters_asked(admin, options)
    found = await on_each(addresses, admin.brokers.replication, output)
    for address, state in found.items():
        if state.master:
            _show_master(address, state, output)
        else:
            _show_slave(state, output)
    output.result(
        [{"address": address, **_replication(found[address])} for address in found]
    )


def _replication(state: HARuntimeInfo) -> dict[str, Any]:
    """Give what programs are told."""
    if not state.master:
        own = state.ha_client_runtime_info
        ends = {"max_offset": own.max_offset, "master_offset": own.master_flush_offset}
        return {"master": own.master_addr, **ends}
    slaves = [
        {
            "address": slave.addr,
            "ack_offset": slave.slave_ack_offset,
            "behind_bytes": slave.diff,
            "in_sync": slave.in_sync,
        }
        for slave in state.ha_connection_info
    ]
    return {
        "master": None,
        "max_offset": state.master_commit_log_max_offset,
        "slaves": slaves,
    }


def _show_master(address: str, state: HARuntimeInfo, output: Output) -> None:
    output.line("\n#MasterAddr\t%s", address)
    output.line("#MasterCommitLogMaxOffset\t%d", state.master_commit_log_max_offset)
    output.line("#SlaveNum\t%d", len(state.ha_connection_info))
    output.line("#InSyncSlaveNum\t%d", state.in_sync_slave_nums)
    output.line(
        "%-32s  %-16s %16s %16s %16s %16s",
        *("#SlaveAddr", "#SlaveAckOffset", "#Diff"),
        *("#TransferSpeed(KB/s)", "#Status", "#TransferFromWhere"),
    )
    for slave in state.ha_connection_info:
        output.line(
            "%-32s  %-16d %16d %16.2f %16s %16d",
            slave.addr,
            slave.slave_ack_offset,
            slave.diff,
            slave.transferred_byte_in_second / 1024,
            "OK" if slave.in_sync else "Fall Behind",
            slave.transfer_from_where,
        )


def _show_slave(state: HARuntimeInfo, output: Output) -> None:
    own = state.ha_client_runtime_info
    output.line("\n#MasterAddr\t%s", own.master_addr)
    output.line("#CommitLogMaxOffset\t%d", own.max_offset)
    speed = own.transferred_byte_in_second / 1024
    output.line("#TransferSpeed(KB/s)\t%.2f", speed)
    output.line("#LastReadTime\t%s", to_the_ms(own.last_read_timestamp))
    output.line("#LastWriteTime\t%s", to_the_ms(own.last_write_timestamp))
    output.line("#MasterFlushOffset\t%s", own.master_flush_offset)


async def reset_master_flush_offset(admin: Admin, options: Any, output: Output) -> None:
    """Have a slave believe that its master has flushed up to an offset."""
    if options.broker_addr is None or options.offset is None:
        raise InvalidParameterError("both -b/--brokerAddr and -o/--offset are needed")
    await admin.brokers.set_master_flushed(options.broker_addr, options.offset)
    output.line("reset master flush offset to %d success", options.offset)
    output.result({"broker": options.broker_addr, "offset": options.offset})


VERBS = [
    Verb(
        "brokerStatus",
        "shows all figures of brokers",
        broker_status,
        BROKER,
        CLUSTER,
        one_of=("b", "c"),
    ),
    Verb(
        "getBrokerConfig",
        "shows all settings of brokers",
        get_broker_config,
        BROKER,
        CLUSTER,
        one_of=("b", "c"),
    ),
    Verb(
        "updateBrokerConfig",
        "changes a setting of brokers",
        update_broker_config,
        BROKER,
        CLUSTER,
        Option("a", "updateAllBroker", "slaves too: with any value, after -c"),
        Option("k", "key", "the setting", required=True),
        Option("v", "value", "what it becomes", required=True),
    ),
    Verb(
        "setCommitLogReadAheadMode",
        "has log files read ahead by the system, or not",
        set_read_ahead,
        BROKER,
        CLUSTER,
        Option("m", "commitLogReadAheadMode", "0: ahead, 1: at random", required=True),
    ),
    Verb(
        "switchTimerEngine",
        "chooses where messages for later are kept",
        switch_timer_engine,
        BROKER,
        CLUSTER,
        Option("e", "engineType", "F: in files, R: in RocksDB", required=True),
    ),
    Verb(
        "exportPopRecord",
        "has the state of popped messages moved from RocksDB to the log",
        export_pop_record,
        CLUSTER,
        BROKER,
        Option("d", "dryRun", "true: only say what would be done", kind=boolean),
    ),
    Verb(
        "haStatus",
        "shows how far slaves are",
        ha_status,
        CLUSTER,
        BROKER,
        Option("i", "interval", "again every so many seconds", kind=seconds),
        repeats=True,
    ),
    Verb(
        "resetMasterFlushOffset",
        "has a slave believe that its master has flushed up to an offset",
        reset_master_flush_offset,
        Option("b", "brokerAddr", "the slave, HOST:PORT"),
        Option("o", "offset", "of the log", kind=integer),
    ),
]
