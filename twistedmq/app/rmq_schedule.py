"""``rmq schedule ls``: what waits for its time."""

import json
from argparse import Namespace
from datetime import datetime
from typing import Any, TextIO

from msgspec import to_builtins

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.admin.schedules import WaitingLevel, WaitingTopic
from twistedmq.app.rmq_problems import tell_silent
from twistedmq.app.rmq_table import table
from twistedmq.remoting.errors import RemotingError


async def schedule(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Print what waits on all brokers: by delay level, and timed ones by topic."""
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    levels: list[WaitingLevel] = []
    timed: list[WaitingTopic] = []
    silent: Silent = {}
    async with admin:
        for broker, address in sorted((await admin.cluster.masters()).items()):
            try:
                levels += await admin.schedules.levels(broker, address)
                timed += await admin.schedules.timed(broker, address)
            except RemotingError as error:
                silent[broker] = error
        if not options.all:
            levels = [level for level in levels if level.waiting]
        _show(levels, timed, admin.wall_ms(), options, out)
    tell_silent(silent, options)


def _show(
    levels: list[WaitingLevel],
    timed: list[WaitingTopic],
    now_ms: int,
    options: Namespace,
    out: TextIO,
) -> None:
    if options.json:
        told = {"levels": to_builtins(levels), "timed": to_builtins(timed)}
        out.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
        return
    if not levels and not timed:
        out.write("nothing waits\n")
    if levels:
        out.write(_levels(levels, now_ms))
    if timed:
        out.write(("\n" if levels else "") + _timed(timed))


def _levels(levels: list[WaitingLevel], now_ms: int) -> str:
    rows = [
        (
            each.broker,
            str(each.level),
            each.delay,
            str(each.waiting),
            _due(each.next_due_ms, now_ms),
        )
        for each in levels
    ]
    return table(("BROKER", "LEVEL", "DELAY", "WAITING", "NEXT DUE"), rows)


def _timed(topics: list[WaitingTopic]) -> str:
    rows = [
        (each.broker, each.topic, str(each.waiting), _time(each.changed_at_ms))
        for each in topics
    ]
    return table(("BROKER", "TIMED FOR", "WAITING", "CHANGED"), rows)


def _due(due_ms: int | None, now_ms: int) -> str:
    if due_ms is None:
        return "-"
    left_s = round((due_ms - now_ms) / 1000)
    how = f"in {left_s} s" if left_s >= 0 else f"{-left_s} s ago"
    return f"{_time(due_ms)}, {how}"


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000):%Y-%m-%d %H:%M:%S}"
