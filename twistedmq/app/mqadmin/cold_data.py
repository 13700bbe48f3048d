"""The verbs about reads of what is in no cache any more."""

from typing import Any

from msgspec.structs import asdict

from twistedmq.admin.client import Admin
from twistedmq.admin.cold_reads import ColdReadState
from twistedmq.app.mqadmin.fastjson import pretty
from twistedmq.app.mqadmin.output import Output
from twistedmq.app.mqadmin.targets import (
    BROKER,
    CLUSTER,
    brokers_asked,
    masters_asked,
    on_each,
)
from twistedmq.app.mqadmin.times import to_the_s
from twistedmq.app.mqadmin.verbs import Option, Verb, integer
from twistedmq.protocol import loose_json

STAMPS = ("lastColdReadTime", "createTime")


async def get_info(admin: Admin, options: Any, output: Output) -> None:
    """Show the limits, and how much groups have read."""
    headlines = await brokers_asked(admin, options)

    async def show(address: str) -> dict[str, Any]:
        text = (await admin.cold_reads.text(address)).encode()
        output.line(" %s", headlines[address])
        output.line(pretty(_readable(loose_json.decode_any(text))))
        return _value(loose_json.decode(text, type=ColdReadState))

    output.result(await on_each([*headlines], show, output))


def _value(state: ColdReadState) -> dict[str, Any]:
    """Give what programs are told."""
    return {
        "limit_bytes": state.limit_bytes,
        "group_limit_bytes": state.group_limit_bytes,
        "size_bytes": state.size_bytes,
        "limits": state.config_table,
        "groups": {
            group: asdict(reads) for group, reads in state.runtime_table.items()
        },
    }


def _readable(state: dict[str, Any]) -> dict[str, Any]:
    """Write times for people."""
    for reads in state.get("runtimeTable", {}).values():
        for stamp in STAMPS:
            reads[f"{stamp}Format"] = to_the_s(reads.pop(f"{stamp}Mills", 0))
    return state


async def update_limit(admin: Admin, options: Any, output: Output) -> None:
    """Give a group a limit of its own."""
    group, limit = options.consumer_group, options.threshold

    async def change(address: str) -> None:
        await admin.cold_reads.limit(address, group, limit)
        output.line("updateColdDataFlowCtrGroupConfig success, %s", address)

    changed = await on_each(await masters_asked(admin, options), change, output)
    output.result({"group": group, "limit_bytes": limit, "brokers": list(changed)})


async def remove_limit(admin: Admin, options: Any, output: Output) -> None:
    """Take the limit of a group away."""
    group = options.consumer_group

    async def change(address: str) -> None:
        await admin.cold_reads.unlimit(address, group)
        output.line("remove broker cold read threshold success, %s", address)

    changed = await on_each(await masters_asked(admin, options), change, output)
    output.result({"group": group, "limit_bytes": None, "brokers": list(changed)})


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
