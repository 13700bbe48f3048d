"""``rmq clients``: who is connected, and what one of them is doing."""

import json
from argparse import Namespace
from collections.abc import Iterable
from typing import Any, TextIO

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.admin.groups import how_consumed
from twistedmq.admin.roll_call import ConnectedClient
from twistedmq.app.mqadmin import running_text
from twistedmq.app.rmq_problems import tell_silent
from twistedmq.app.rmq_table import table
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.names import CLIENT_INNER_PRODUCER_GROUP


async def clients(reactor: Any, options: Namespace, out: TextIO) -> None:
    """List all clients, or tell all of one."""
    if options.stacks and options.client is None:
        raise InvalidParameterError("--stacks needs the id of a client")
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    silent: Silent = {}
    async with admin:
        everybody = await admin.roll_call.everybody(silent=silent)
        if options.client is None:
            _list(everybody, options, out)
        else:
            await _one(admin, everybody, options, out)
    tell_silent(silent, options)


def _list(
    everybody: Iterable[ConnectedClient], options: Namespace, out: TextIO
) -> None:
    if options.json:
        out.write(_json([_value(each) for each in everybody]))
        return
    columns = ("CLIENT", "ADDRESS", "LANGUAGE", "VERSION", "CONSUMES", "PRODUCES")
    rows = [
        (
            each.client_id,
            each.address,
            each.language,
            each.version,
            " ".join(_consumes(each)) or "-",
            " ".join(_produces(each)) or "-",
        )
        for each in everybody
    ]
    out.write(table(columns, rows))


async def _one(
    admin: Admin,
    everybody: Iterable[ConnectedClient],
    options: Namespace,
    out: TextIO,
) -> None:
    client = next((c for c in everybody if c.client_id == options.client), None)
    if client is None:
        raise InvalidParameterError(f"no client {options.client!r} is connected")
    infos = {
        group: await admin.clients.running_info(
            group, client.client_id, stacks=options.stacks
        )
        for group in sorted(client.consumes)
    }
    if options.json:
        states = {group: running_text.value(info) for group, info in infos.items()}
        out.write(_json(_value(client) | {"consumers": states}))
        return
    out.write(
        f"client {client.client_id} at {client.address}, {client.language} "
        f"{client.version}, known to {', '.join(sorted(client.brokers))}\n"
    )
    for group in _produces(client):
        out.write(f"produces in group {group}\n")
    for group, info in infos.items():
        out.write(f"\nconsumes in group {group}:\n{running_text.whole(info)}\n")


def _consumes(client: ConnectedClient) -> list[str]:
    return [
        f"{group}({how_consumed(how)})"
        for group, how in sorted(client.consumes.items())
    ]


def _produces(client: ConnectedClient) -> list[str]:
    """Give the groups it produces in, without that of every genuine client."""
    return sorted(client.produces - {CLIENT_INNER_PRODUCER_GROUP})


def _value(client: ConnectedClient) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "address": client.address,
        "language": client.language,
        "version": client.version,
        "consumes": client.consumes,
        "produces": sorted(client.produces),
        "brokers": sorted(client.brokers),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
