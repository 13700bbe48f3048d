"""``rmq transactions ls``: halves that wait for a decision."""

import json
from argparse import Namespace
from datetime import datetime
from typing import Any, TextIO

from msgspec import to_builtins

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.admin.open_halves import OpenHalf
from twistedmq.app.rmq_problems import tell_silent
from twistedmq.app.rmq_table import table


async def transactions(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Print the halves of all brokers on which nobody has decided."""
    silent: Silent = {}
    settings = options.settings
    async with Admin(options.namesrv, reactor=reactor, settings=settings) as admin:
        by_broker = await admin.transactions.open(silent=silent)
        now_ms = admin.wall_ms()
    found = [
        (broker, half)
        for broker, halves in by_broker.items()
        for half in halves
        if options.group in (None, half.group)
    ]
    if options.json:
        told = [{"broker": broker, **to_builtins(half)} for broker, half in found]
        out.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    elif not found:
        out.write("nothing waits for a decision\n")
    else:
        rows = [_row(broker, half, now_ms) for broker, half in found]
        heads = ("BROKER", "TOPIC", "GROUP", "BORN", "ASKED", "KEYS", "ID")
        out.write(table(heads, rows))
    tell_silent(silent, options)


def _row(broker: str, half: OpenHalf, now_ms: int) -> tuple[str, ...]:
    born = datetime.fromtimestamp(half.born_ms // 1000)
    age_s = max(0, now_ms - half.born_ms) // 1000
    return (
        broker,
        half.topic,
        half.group,
        f"{born:%Y-%m-%d %H:%M:%S}, {age_s} s ago",
        f"{half.times_asked}x",
        half.keys,
        half.message_id,
    )
