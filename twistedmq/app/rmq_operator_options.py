"""The verbs of ``rmq`` for operators: what can be said to them."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from twistedmq.app.rmq_arguments import interval, offset, positive, rate

ENDS: Final = ("first", "last")
SORTS: Final = ("traffic", "lag", "name")
DEFAULT_RATE: Final = 100.0


def add_operator_verbs(verbs: Any, add_common: Any) -> None:
    """Add the verbs; *add_common* gives each what all verbs have."""
    for add in (
        _add_offsets,
        _add_dlq,
        _add_clients,
        _add_msg,
        _add_schedule,
        _add_transactions,
        _add_queue,
        _add_top,
    ):
        add(verbs, add_common)


def _add_offsets(verbs: Any, add_common: Any) -> None:
    offsets = verbs.add_parser("offsets", help="where groups are, and moving them")
    deeds = offsets.add_subparsers(dest="deed", required=True, metavar="DEED")
    show = deeds.add_parser("show", help="show how far a group is in each queue")
    show.add_argument("group")
    show.add_argument("topic", nargs="?", help="only in this topic")
    show.add_argument("--json", action="store_true", help="a JSON array")
    reset = deeds.add_parser(
        "reset", help="move a group, its running members included; can be undone"
    )
    reset.add_argument("group")
    reset.add_argument("topic")
    reset.add_argument(
        "--to",
        required=True,
        type=target,
        metavar="WHERE",
        help="first, last, an offset, or a time: 2026-01-31T12:00",
    )
    reset.add_argument("--broker", help="only on the broker of that name")
    reset.add_argument("--queue", type=offset, help="only in queues of that number")
    reset.add_argument(
        "--undo-file",
        type=Path,
        help="where to write how to get back; else a new file in this folder",
    )
    undo = deeds.add_parser("undo", help="move a group back to where it was")
    undo.add_argument("file", type=Path, help="what a reset wrote")
    for deed in (reset, undo):
        deed.add_argument("--dry-run", action="store_true", help="change nothing")
    for deed in (show, reset, undo):
        add_common(deed)


def _add_dlq(verbs: Any, add_common: Any) -> None:
    dlq = verbs.add_parser("dlq", help="messages that groups have given up")
    deeds = dlq.add_subparsers(dest="deed", required=True, metavar="DEED")
    listed = deeds.add_parser("ls", help="count them by group")
    listed.add_argument("group", nargs="*", help="only these")
    listed.add_argument("--json", action="store_true", help="a JSON array")
    show = deeds.add_parser("show", help="list those of a group, oldest first")
    show.add_argument("--limit", type=positive, default=50, help="as many at most")
    show.add_argument("--json", action="store_true", help="one JSON object a line")
    export = deeds.add_parser("export", help="write them out, one JSON object a line")
    export.add_argument("--out", type=Path, help="to this new file; else to the screen")
    replay = deeds.add_parser(
        "replay", help="give them back to their group, those that were not yet"
    )
    replay.add_argument(
        "--id", action="append", default=[], help="only this message; may be repeated"
    )
    replay.add_argument("--again", action="store_true", help="also those already were")
    replay.add_argument("--limit", type=positive, help="as many at most")
    replay.add_argument(
        "--rate",
        type=rate,
        default=DEFAULT_RATE,
        metavar="PER_SECOND",
        help=f"as many a second at most; {DEFAULT_RATE:g} if not said",
    )
    replay.add_argument(
        "--to-topic", help="send them to this topic, for all groups that consume it"
    )
    replay.add_argument("--dry-run", action="store_true", help="send nothing")
    for deed in (show, export, replay):
        deed.add_argument("group")
    for deed in (listed, show, export, replay):
        add_common(deed)


def _add_clients(verbs: Any, add_common: Any) -> None:
    clients = verbs.add_parser(
        "clients", help="list who is connected, or ask one for its inner state"
    )
    clients.add_argument("client", nargs="?", help="the id of one")
    clients.add_argument(
        "--stacks", action="store_true", help="with what that one is doing"
    )
    clients.add_argument("--json", action="store_true", help="JSON")
    add_common(clients)


def _add_msg(verbs: Any, add_common: Any) -> None:
    msg = verbs.add_parser("msg", help="one message")
    deeds = msg.add_subparsers(dest="deed", required=True, metavar="DEED")
    explain = deeds.add_parser(
        "explain", help="tell what happened to it: sent, delivered, retried, given up"
    )
    explain.add_argument("id", help="its id, the client's or the broker's")
    explain.add_argument("--topic", required=True, help="where it was sent to")
    explain.add_argument("--trace-topic", help="where its clients trace to")
    explain.add_argument("--json", action="store_true", help="a JSON object")
    add_common(explain)


def _add_schedule(verbs: Any, add_common: Any) -> None:
    schedule = verbs.add_parser("schedule", help="messages that wait for their time")
    deeds = schedule.add_subparsers(dest="deed", required=True, metavar="DEED")
    listed = deeds.add_parser("ls", help="count them by delay level and by topic")
    listed.add_argument("--all", action="store_true", help="also levels without any")
    listed.add_argument("--json", action="store_true", help="a JSON object")
    add_common(listed)


def _add_transactions(verbs: Any, add_common: Any) -> None:
    transactions = verbs.add_parser(
        "transactions", help="halves that nobody has decided on yet"
    )
    deeds = transactions.add_subparsers(dest="deed", required=True, metavar="DEED")
    listed = deeds.add_parser("ls", help="list them, oldest first")
    listed.add_argument("--group", help="only those of that producer group")
    listed.add_argument("--json", action="store_true", help="a JSON array")
    add_common(listed)


def _add_queue(verbs: Any, add_common: Any) -> None:
    queue = verbs.add_parser("queue", help="queues that are locked for one client")
    deeds = queue.add_subparsers(dest="deed", required=True, metavar="DEED")
    unlock = deeds.add_parser(
        "unlock", help="show who holds queues, and give up what is held by who is gone"
    )
    unlock.add_argument("group")
    unlock.add_argument("topic")
    unlock.add_argument("--queue", type=offset, help="only queues of that number")
    unlock.add_argument("--broker", help="only on the broker of that name")
    unlock.add_argument("--client", help="only of that one; needed if no broker tells")
    unlock.add_argument(
        "--force", action="store_true", help="also from clients that are connected"
    )
    unlock.add_argument("--dry-run", action="store_true", help="change nothing")
    unlock.add_argument("--json", action="store_true", help="a JSON array")
    add_common(unlock)


def _add_top(verbs: Any, add_common: Any) -> None:
    top = verbs.add_parser(
        "top", help="show how busy brokers, topics and groups are, again and again"
    )
    top.add_argument(
        "--interval",
        type=interval,
        default=2.0,
        metavar="SECONDS",
        help="how often; 2 if not said",
    )
    top.add_argument(
        "--once", action="store_true", help="once, after an interval: rates need one"
    )
    top.add_argument(
        "--sort",
        choices=SORTS,
        help="what comes first; topics by traffic and groups by lag if not said",
    )
    top.add_argument(
        "--limit",
        type=positive,
        help="as many topics and groups at most; else what there is room for, or ten",
    )
    top.add_argument("--all", action="store_true", help="also those of the system")
    top.add_argument("--json", action="store_true", help="a JSON object each time")
    add_common(top)


def add_check(verbs: Any) -> None:
    """Add the verb that reads settings; it needs no cluster."""
    check = verbs.add_parser(
        "check", help="tell all that is wrong with a file of settings; status 1 if so"
    )
    check.add_argument("file", type=Path, help="broker.conf, or as it is called")
    check.add_argument(
        "--server",
        choices=("broker", "namesrv"),
        default="broker",
        help="whose settings they are; broker if not said",
    )
    check.add_argument("--json", action="store_true", help="a JSON object")


def add_tls(verbs: Any) -> None:
    """Add the verb that makes certificates and looks at them."""
    tls = verbs.add_parser("tls", help="certificates: make them, look at a port's")
    deeds = tls.add_subparsers(dest="deed", required=True, metavar="DEED")
    init = deeds.add_parser(
        "init", help="make an authority of your own and a server's certificate by it"
    )
    init.add_argument("folder", type=Path, help="where to; nothing is written over")
    init.add_argument(
        "--host",
        action="append",
        default=[],
        help="a name or address by which clients reach the server; may be repeated; "
        "else this machine's name, localhost and 127.0.0.1",
    )
    init.add_argument("--days", type=positive, default=825, help="825 if not said")
    check = deeds.add_parser(
        "check", help="show what a port shows; status 1 if clients would refuse it"
    )
    check.add_argument("address", metavar="HOST:PORT")
    check.add_argument("--trust", type=Path, help="PEM; else what this system trusts")
    check.add_argument("--name", help="as what clients know it, if not HOST")
    check.add_argument("--json", action="store_true", help="a JSON object")


def target(text: str) -> str | int | datetime:
    """Read where a group is to go."""
    if text in ENDS:
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not first, last, an offset or a time like 2026-01-31T12:00"
        ) from None
