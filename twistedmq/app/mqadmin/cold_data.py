"""The verbs about reads of what is in no cache any more."""

from typing import Any

from msgspec.structs import asdict

from twistedmq.admin.client import Admin
from twistedmq.app.mqadmin.fastjson import pretty
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.targets import (
    BROKER,
    CLUSTER,
    brokers_asked,
    masters_asked,
)
from twistedmq.app.mqadmin.times import to_the_s
from twistedmq.app.mqadmin.verbs import Option, Verb, integer
from twistedmq.protocol import loose_json
from twistedmq.protocol.errors import TwistedMQError

STAMPS = ("lastColdReadTime", "createTime")


async def get_info(admin: Admin, options: Any, output: Output) -> None:
    """Show the limits, and how much groups have read."""
    told = {}
    for headline, address in await brokers_asked(admin, options):
        text = await admin.cold_reads.text(address)
        output.line(" %s", headline)
        output.line(pretty(_readable(loose_json.decode_any(text.encode()))))
        state = asdict(await admin.cold_reads.state(address))
        told[address] = {
            **{key: state[key] for key in ("limit_bytes", "group_limit_bytes")},
            "size_bytes": state["size_bytes"],
            "limits": state["config_table"],
            "groups": {
                group: asdict(reads) for group, reads in state["runtime_table"].items()
            },
        }
    output.result(told)


def _readable(state: dict[str, Any]) -> dict[str, Any]:
    """Write times for people."""
    for reads in state.get("runtimeTable", {}).values():
        for stamp in STAMPS:
            reads[f"{stamp}Format"] = to_the_s(reads.pop(f"{stamp}Mills", 0))
    return state


async def update_limit(admin: Admin, options: Any, output: Output) -> None:
    """Give a group a limit of its own."""
    group, limit = options.consumer_group, options.threshold
    changed = []
    for address in await masters_asked(admin, options):
        try:
            await admin.cold_reads.limit(address, group, limit)
        except TwistedMQError as error:
            output.problem(error, address)
        else:
            output.line("updateColdDataFlowCtrGroupConfig success, %s", address)
            changed.append(address)
    output.result({"group": group, "limit_bytes": limit, "brokers": changed})


async def remove_limit(admin: Admin, options: Any, output: Output) -> None:
    """Take the limit of a group away."""
    group = options.consumer_group
    changed = []
    for address in await masters_asked(admin, options):
        try:
            await admin.cold_reads.unlimit(address, group)
        except TwistedMQError as error:
            output.problem(error, address)
        else:
            output.line("remove broker cold read threshold success, %s", address)
            changed.append(address)
    output.result({"group": group, "limit_bytes": None, "brokers": changed})


GROUP = Option("g", "consumerGroup", "the group", required=True)

VERBS = [
    Verb(
        "getColdDataFlowCtrInfo",
        "shows how much groups may read from the disk, and have",
        get_info,
        BROKER,
        CLUSTER,
    ),
    Verb(
        "updateColdDataFlowCtrGroupConfig",
        "limits how much a group may read from the disk",
        update_limit,
        BROKER,
        CLUSTER,
        GROUP,
        Option("v", "threshold", "bytes a period", required=True, kind=integer),
    ),
    Verb(
        "removeColdDataFlowCtrGroupConfig",
        "takes the limit of a group away",
        remove_limit,
        BROKER,
        CLUSTER,
        GROUP,
    ),
]
