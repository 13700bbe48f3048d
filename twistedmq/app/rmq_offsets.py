"""``rmq offsets``: where a group is, moving it, and moving it back."""

import json
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
from msgspec import Struct

from twistedmq.admin.client import Admin
from twistedmq.admin.moves import Move, Target
from twistedmq.app.rmq_table import table
from twistedmq.app.whole_file import whole_file
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.client.starting import StartFrom
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import InvalidParameterError

ENDS: Final = {"first": StartFrom.FIRST, "last": StartFrom.LAST}


class KeptOffset(Struct, frozen=True):
    """One queue in an undo file."""

    topic: str
    broker: str
    queue_id: int
    before: int | None
    after: int


class UndoFile(Struct, frozen=True, kw_only=True):
    """How a group gets back to where it was."""

    undoes: str = "offsets reset"
    group: str
    made_at: str
    """ISO 8601, UTC."""
    offsets: list[KeptOffset]


async def offsets(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Show, reset or undo."""
    deeds = {"show": _show, "reset": _reset, "undo": _undo}
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    async with admin:
        await deeds[options.deed](admin, options, out)


async def _show(admin: Admin, options: Namespace, out: TextIO) -> None:
    try:
        found = await admin.offsets.progress(options.group, options.topic)
    except RouteNotFoundError:
        raise InvalidParameterError(
            f"no broker knows group {options.group!r}"
        ) from None
    rows = [
        {
            "topic": queue.topic,
            "broker": queue.broker_name,
            "queue_id": queue.queue_id,
            "committed": each.committed,
            "end": each.end,
            "lag": each.lag,
            "in_flight": each.in_flight,
        }
        for queue, each in found.queues.items()
    ]
    if options.json:
        out.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    columns = ("TOPIC", "BROKER", "QUEUE", "COMMITTED", "END", "LAG", "IN FLIGHT")
    out.write(table(columns, [[str(cell) for cell in row.values()] for row in rows]))


async def _reset(admin: Admin, options: Namespace, out: TextIO) -> None:
    to: Target = ENDS.get(options.to, options.to)
    moves = await admin.moves.plan(
        options.group, options.topic, to, broker=options.broker, queue_id=options.queue
    )
    if not moves:
        which = "" if options.queue is None else f" {options.queue}"
        where = "" if options.broker is None else f" on broker {options.broker!r}"
        raise InvalidParameterError(
            f"topic {options.topic!r} has no queue{which}{where} that can be read"
        )
    out.write(_described(moves))
    if all(move.before is None for move in moves):
        out.write(f"group {options.group} has consumed none of it yet\n")
    if options.dry_run:
        out.write("nothing was changed (--dry-run)\n")
        return
    path = options.undo_file or _new_path(admin, options)
    # before anything is changed: whatever fails then, there is a way back
    _write(path, options.group, moves)
    out.write(f"the way back: rmq offsets undo {path}\n")
    await admin.moves.make(options.group, moves)
    out.write("done\n")


async def _undo(admin: Admin, options: Namespace, out: TextIO) -> None:
    kept = _read(options.file)
    before = [
        Move(
            queue=MessageQueue(each.topic, each.broker, each.queue_id),
            before=each.before,
            after=each.after,
        )
        for each in kept.offsets
    ]
    moves = await admin.moves.back(kept.group, before)
    out.write(f"group {kept.group}, as it was on {kept.made_at}\n{_described(moves)}")
    left = len(before) - len(moves)
    if left:
        out.write(f"{left} queues stay: the group had no offset there\n")
    if options.dry_run:
        out.write("nothing was changed (--dry-run)\n")
        return
    await admin.moves.make(kept.group, moves)
    out.write("done\n" if moves else "there is nothing to do\n")


def _described(moves: Sequence[Move]) -> str:
    columns = ("TOPIC", "BROKER", "QUEUE", "BEFORE", "AFTER", "SKIPS", "REPEATS")
    return table(
        columns,
        [
            (
                move.queue.topic,
                move.queue.broker_name,
                str(move.queue.queue_id),
                "-" if move.before is None else str(move.before),
                str(move.after),
                str(move.skipped),
                str(move.repeated),
            )
            for move in moves
        ],
    )


def _new_path(admin: Admin, options: Namespace) -> Path:
    now = datetime.fromtimestamp(admin.wall_ms() / 1000)
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in options.group)
    return Path(f"rmq-undo-{safe}-{now:%Y%m%d-%H%M%S}.json")


def _write(path: Path, group: str, moves: Sequence[Move]) -> None:
    kept = UndoFile(
        group=group,
        made_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        offsets=[
            KeptOffset(
                move.queue.topic,
                move.queue.broker_name,
                move.queue.queue_id,
                move.before,
                move.after,
            )
            for move in moves
        ],
    )
    # never over another one, which may be the only way back
    with whole_file(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")


def _read(path: Path) -> UndoFile:
    try:
        return msgspec.json.decode(path.read_bytes(), type=UndoFile)
    except msgspec.DecodeError as error:
        raise InvalidParameterError(f"{path} is no undo file: {error}") from None
