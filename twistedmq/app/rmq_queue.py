"""``rmq queue unlock``: give up the locks of a client that is gone."""

import json
from argparse import Namespace
from collections.abc import Iterable
from typing import Any, Final, TextIO

from twistedmq.admin.client import Admin
from twistedmq.admin.locks import QueueLock
from twistedmq.app.rmq_table import table
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.errors import InvalidParameterError

NOBODY_TELLS: Final = (
    "no broker tells of a lock of group {group!r} there (genuine brokers never do, "
    "ours while a member is connected): name the client with --client"
)


async def queue(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Show who holds the queues, then give up what is held by clients that are gone."""
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    async with admin:
        # a topic that there is not has nobody's locks, but should be told
        queues = await admin.locks.queues(options.topic)
        told = await admin.locks.held(options.group, options.topic)
        locks = [lock for lock in told if _is_wanted(lock.queue, options)]
        is_told = bool(locks) or options.client is None
        if not is_told:
            locks = await _as_said(admin, queues, options)
        elif options.client is not None:
            locks = [lock for lock in locks if lock.client_id == options.client]
            if not locks:
                raise InvalidParameterError(
                    f"client {options.client!r} holds none of them"
                )
        if not locks:
            raise InvalidParameterError(NOBODY_TELLS.format(group=options.group))
        given_up = [lock for lock in locks if options.force or not lock.is_connected]
        if not options.json:
            out.write(_holders(locks))
        if not options.dry_run:
            by_client: dict[str, list[MessageQueue]] = {}
            for lock in given_up:
                by_client.setdefault(lock.client_id, []).append(lock.queue)
            for client, queues in by_client.items():
                await admin.locks.give_up(options.group, client, queues)
    if options.json:
        rows = _rows(locks, given_up, is_told=is_told, dry_run=options.dry_run)
        out.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    done = "would be unlocked (--dry-run)" if options.dry_run else "unlocked"
    unsure = "" if is_told else f", if {options.client} held them: no broker tells"
    out.write(f"{len(given_up)} {done}{unsure}\n")
    if len(given_up) < len(locks):
        out.write("clients that are connected keep theirs; --force takes them away\n")


async def _as_said(
    admin: Admin, queues: Iterable[MessageQueue], options: Namespace
) -> list[QueueLock]:
    """Take what may be held by the client that is named, where no broker tells."""
    state = await admin.groups.state(options.group)
    is_connected = any(each.client_id == options.client for each in state.members)
    return [
        QueueLock(each, options.client, is_connected)
        for each in queues
        if _is_wanted(each, options)
    ]


def _is_wanted(queue: MessageQueue, options: Namespace) -> bool:
    return options.broker in (None, queue.broker_name) and options.queue in (
        None,
        queue.queue_id,
    )


def _holders(locks: Iterable[QueueLock]) -> str:
    rows = [
        (
            lock.queue.topic,
            lock.queue.broker_name,
            str(lock.queue.queue_id),
            lock.client_id,
            "yes" if lock.is_connected else "no",
        )
        for lock in locks
    ]
    return table(("TOPIC", "BROKER", "QUEUE", "HELD BY", "CONNECTED"), rows)


def _rows(
    locks: Iterable[QueueLock],
    given_up: Iterable[QueueLock],
    *,
    is_told: bool,
    dry_run: bool,
) -> list[dict[str, Any]]:
    gone = set() if dry_run else {lock.queue for lock in given_up}
    return [
        {
            "topic": lock.queue.topic,
            "broker": lock.queue.broker_name,
            "queue_id": lock.queue.queue_id,
            "client_id": lock.client_id,
            "told_by_broker": is_told,
            "connected": lock.is_connected,
            "unlocked": lock.queue in gone,
        }
        for lock in locks
    ]
