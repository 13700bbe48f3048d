"""The verbs about name servers: settings, key-value table, who may be written to."""

from typing import Any

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.output import Output, java
from twistedmq.app.mqadmin.verbs import Option, Verb


async def get_config(admin: Admin, options: Any, output: Output) -> None:
    """Show all settings of the name servers."""
    silent: Silent = {}
    told = await admin.namesrv.configs(silent=silent)
    _tell_silent(silent, output)
    for address, settings in told.items():
        output.line("============%s============", address)
        for key, value in settings.items():
            output.line("%-50s=  %s", key, value)
    output.result(told)


async def update_config(admin: Admin, options: Any, output: Output) -> None:
    """Change a setting of the name servers."""
    await admin.namesrv.update_config({options.key: options.value})
    asked = options.namesrv_addr
    named = "" if asked is None else java([a.strip() for a in asked.split(";")])
    output.line("update name server config success!%s", named)
    output.line("%s : %s", options.key, options.value)
    told = {"key": options.key, "value": options.value}
    output.result({**told, "name_servers": admin.namesrv.addresses})


async def update_kv(admin: Admin, options: Any, output: Output) -> None:
    """Keep a value under a key."""
    await admin.namesrv.put(options.namespace, options.key, options.value)
    output.line("create or update kv config to namespace success.")
    told = {"namespace": options.namespace, "key": options.key}
    output.result({**told, "value": options.value})


async def delete_kv(admin: Admin, options: Any, output: Output) -> None:
    """Forget a key."""
    await admin.namesrv.remove(options.namespace, options.key)
    output.line("delete kv config from namespace success.")
    output.result({"namespace": options.namespace, "key": options.key})


async def wipe_write_perm(admin: Admin, options: Any, output: Output) -> None:
    """Have nobody write to a broker any more."""
    silent: Silent = {}
    changed = await admin.namesrv.wipe_write_perm(options.broker_name, silent=silent)
    _tell_silent(silent, output)
    _show_perms("wipe", options.broker_name, changed, output)


async def add_write_perm(admin: Admin, options: Any, output: Output) -> None:
    """Have a broker written to again."""
    silent: Silent = {}
    changed = await admin.namesrv.add_write_perm(options.broker_name, silent=silent)
    _tell_silent(silent, output)
    _show_perms("add", options.broker_name, changed, output)


def _tell_silent(silent: Silent, output: Output) -> None:
    for address, error in silent.items():
        output.problem(error, address)


def _show_perms(
    change: str, broker: str, changed: dict[str, int], output: Output
) -> None:
    for address, topics in changed.items():
        output.line(
            "%s write perm of broker[%s] in name server[%s] OK, %d",
            *(change, broker, address, topics),
        )
    output.result({"broker": broker, "topics_changed": changed})


KEY = Option("k", "key", "the key", required=True)
VALUE = Option("v", "value", "what it becomes", required=True)
NAMESPACE = Option("s", "namespace", "the part of the table", required=True)
BROKER = Option("b", "brokerName", "the name of the broker", required=True)

VERBS = [
    Verb("getNamesrvConfig", "shows all settings of name servers", get_config),
    Verb(
        "updateNamesrvConfig",
        "changes a setting of all name servers",
        update_config,
        KEY,
        VALUE,
    ),
    Verb(
        "updateKvConfig",
        "keeps a value in the table of the name servers",
        update_kv,
        NAMESPACE,
        KEY,
        VALUE,
    ),
    Verb(
        "deleteKvConfig",
        "deletes a value from the table of the name servers",
        delete_kv,
        NAMESPACE,
        KEY,
    ),
    Verb(
        "wipeWritePerm",
        "has producers write to a broker no more",
        wipe_write_perm,
        BROKER,
    ),
    Verb(
        "addWritePerm",
        "has producers write to a broker again",
        add_write_perm,
        BROKER,
    ),
]
