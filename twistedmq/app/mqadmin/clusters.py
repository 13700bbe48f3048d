"""The verbs about clusters."""

from collections.abc import Mapping
from math import floor
from typing import TYPE_CHECKING, Any

import msgspec

from twistedmq.admin.client import Admin
from twistedmq.admin.cluster import BrokerPlace, places
from twistedmq.admin.errors import NotThereError
from twistedmq.app.mqadmin.output import Output, java
from twistedmq.app.mqadmin.times import in_china
from twistedmq.app.mqadmin.verbs import Option, Verb, boolean, integer, seconds
from twistedmq.client.message import Message
from twistedmq.protocol.errors import InvalidParameterError, TwistedMQError

if TYPE_CHECKING:
    from twistedmq.client.producer import Producer

BASE = "%-22s  %-22s  %-4s  %-22s %-16s  %16s  %30s  %-22s  "
HEAD = BASE + "%-11s  %-12s  %-8s  %-10s"
ROW = BASE + "%11s  %-12s  %-8s  %10s"
LOADS = (
    *("Cluster Name", "Broker Name", "BID", "Addr", "Version"),
    *("InTPS(LOAD)", "OutTPS(LOAD)", "Timer(Progress)", "PCWait(ms)"),
    *("Hour", "SPACE", "ACTIVATED"),
)
TOTALS = (
    *("Cluster Name", "Broker Name"),
    *("InTotalYest", "OutTotalYest", "InTotalToday", "OutTotalToday"),
)
TIMES = ("#Cluster Name", "#Broker Name", "#RT", "#successCount", "#failCount")
MORE = "%-16s  %-32s %14s %14s %14s %14s"


async def cluster_list(admin: Admin, options: Any, output: Output) -> None:
    """List all brokers with how much they have to do, or how much they did."""
    info = await admin.cluster.info()
    try:
        brokers = places(info, options.cluster_name or None)
    except NotThereError as error:
        brokers = []
        output.problem(error)
    if options.more_stats:
        output.line(MORE, *(f"#{name}" for name in TOTALS))
    else:
        output.line(HEAD, *(f"#{name}" for name in LOADS))
    rows = []
    for place in brokers:
        try:
            figures = await admin.brokers.runtime(place.address)
        except TwistedMQError as error:
            output.problem(error, place.name)
            figures = None
        if options.more_stats:
            rows.append(_show_totals(place, figures, output))
        else:
            rows.append(_show_load(place, figures, admin.wall_ms(), output))
    output.result(rows)


def _show_totals(
    place: BrokerPlace, figures: Mapping[str, str] | None, output: Output
) -> dict[str, Any]:
    totals = {}
    for direction, kind in (("in", "Put"), ("out", "Get")):
        yesterday, today, now = (
            int((figures or {}).get(f"msg{kind}Total{when}") or 0)
            for when in ("YesterdayMorning", "TodayMorning", "TodayNow")
        )
        totals[f"{direction}_yesterday"] = today - yesterday
        totals[f"{direction}_today"] = now - today
    order = ("in_yesterday", "out_yesterday", "in_today", "out_today")
    shown = [totals[name] for name in order]
    output.line(MORE, place.cluster, place.name, *shown)
    return {**msgspec.structs.asdict(place), **totals}


def _show_load(
    place: BrokerPlace,
    figures: Mapping[str, str] | None,
    wall_ms: int,
    output: Output,
) -> dict[str, Any]:
    said = figures or {}
    # what a broker does not say is null, but empty where it says nothing at all
    unsaid = "" if figures is None else None
    in_tps, out_tps, enqueue, dequeue = (
        _first(said.get(name))
        for name in (
            "putTps",
            "getTransferredTps",
            "timerEnqueueTps",
            "timerDequeueTps",
        )
    )
    behind, offset_behind, congested = (
        int(said.get(name) or 0)
        for name in ("timerReadBehind", "timerOffsetBehind", "timerCongestNum")
    )
    earliest_ms = said.get("earliestMessageTimeStamp")
    hours = (wall_ms - int(earliest_ms)) / 3_600_000 if earliest_ms else 0.0
    disk_ratio = float(said.get("commitLogDiskRatio") or 0)
    send, pull = (_waiting(said, kind, unsaid) for kind in ("send", "pull"))
    ack = _waiting(said, "ack", "" if figures is None else "N")
    row = {
        **msgspec.structs.asdict(place),
        "answers": figures is not None,
        "version": said.get("brokerVersionDesc"),
        "active": said.get("brokerActive") == "true",
        "in_per_s": in_tps,
        "out_per_s": out_tps,
        "timer_behind_s": behind,
        "timer_offset_behind": offset_behind,
        "timer_congested": congested,
        # an empty log has no age, whatever the genuine table makes of that
        "commit_log_hours": round(hours, 2) if int(earliest_ms or -1) >= 0 else None,
        "disk_used_ratio": disk_ratio,
    }
    output.line(
        ROW,
        *msgspec.structs.astuple(place),
        said.get("brokerVersionDesc", unsaid),
        f"{in_tps:9.2f}({send})",
        f"{out_tps:9.2f}({pull}|{ack})",
        f"{behind}-{offset_behind}"
        f"({congested / 10_000:.1f}w, {enqueue:.1f}, {dequeue:.1f})",
        said.get("pageCacheLockTimeMills", unsaid),
        f"{hours:.2f}",
        f"{disk_ratio:.4f}",
        row["active"],
    )
    return row


def _waiting(said: Mapping[str, str], kind: str, unsaid: str | None) -> str:
    """Give how many requests of a kind wait, and how long the first one has."""
    size = said.get(f"{kind}ThreadPoolQueueSize", unsaid)
    wait_ms = said.get(f"{kind}ThreadPoolQueueHeadWaitTimeMills", unsaid)
    return f"{java(size)},{java(wait_ms)}ms"


def _first(rates: str | None) -> float:
    """Give the first of several rates, that of the last ten seconds."""
    return float(rates.split()[0]) if rates and rates.strip() else 0.0


async def cluster_rt(admin: Admin, options: Any, output: Output) -> None:
    """Send to each broker, and say how long that took."""
    # who lists brokers, as most do, waits for no import of it
    from twistedmq.client.producer import Producer  # noqa: PLC0415

    amount = 100 if options.amount is None else options.amount
    size = 128 if options.size is None else options.size
    if amount < 1 or size < 1:
        raise InvalidParameterError(f"amount is {amount} and size {size}, not above 0")
    names = sorted(
        {(b.cluster, b.name) for b in await admin.cluster.brokers(options.cluster)}
    )
    if output.rounds == 0 and not options.print_log:
        output.line("%-24s  %-24s  %-4s  %-8s  %-8s", *TIMES)
    async with Producer(str(admin.wall_ms()), settings=admin.settings) as producer:
        for cluster, name in names:
            # each broker has a topic of its name
            took_ms, sent = await _send(
                admin, producer, Message(name, b"a" * size), amount
            )
            failed = amount - sent
            average_ms = sum(took_ms[1:]) / (amount - 1) if amount > 1 else None
            shown = "NaN" if average_ms is None else f"{average_ms:.2f}"
            if options.print_log:
                room = options.machine_room or "noname"
                whole = "NaN" if average_ms is None else str(floor(average_ms + 0.5))
                stamp = in_china(admin.wall_ms())
                output.line("%s|%s|%s|%s|%s", stamp, room, cluster, name, whole)
            else:
                row = (cluster, name, shown, sent, failed)
                output.line("%-24s  %-24s  %-8s  %-16s  %-16s", *row)
            place = {"cluster": cluster, "name": name, "average_ms": average_ms}
            output.result({**place, "sent": sent, "failed": failed})


async def _send(
    admin: Admin, producer: "Producer", message: Message, amount: int
) -> tuple[list[int], int]:
    """Give how long each send took, and how many came through."""
    took_ms, sent = [], 0
    for _ in range(amount):
        begun_ms = admin.wall_ms()
        try:
            await producer.send(message)
            sent += 1
        except TwistedMQError:
            pass  # it is counted
        took_ms.append(admin.wall_ms() - begun_ms)
    return took_ms, sent


VERBS = [
    Verb(
        "clusterList",
        "lists the brokers with their load, or with totals",
        cluster_list,
        Option("m", "moreStats", "messages in and out, today and yesterday", kind=None),
        Option("i", "interval", "again every so many seconds", kind=seconds),
        Option("c", "clusterName", "only this cluster"),
        repeats=True,
    ),
    Verb(
        "clusterRT",
        "sends to each broker again and again, and tells the times",
        cluster_rt,
        Option("a", "amount", "as many messages, 100 if not said", kind=integer),
        Option("s", "size", "of so many bytes, 128 if not said", kind=integer),
        Option("c", "cluster", "only this cluster"),
        Option("p", "print log", "true: lines for logs, not a table", kind=boolean),
        Option("m", "machine room", "the room in these lines, noname if not said"),
        Option("i", "interval", "every so many seconds, 10 if not said", kind=seconds),
        repeats=True,
        every_s=10,
    ),
]
