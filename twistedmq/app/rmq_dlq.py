"""``rmq dlq``: what groups have given up, and giving it back to them."""

import json
from argparse import Namespace
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, Final, TextIO

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from twistedmq.admin.client import Admin
from twistedmq.admin.dead_letters import DeadLetterQueue, origin_of
from twistedmq.admin.messages import StoredMessage
from twistedmq.app.rmq_printable import printable_body
from twistedmq.app.rmq_problems import FAILED, tell
from twistedmq.app.rmq_progress import Progress
from twistedmq.app.rmq_table import table
from twistedmq.app.whole_file import whole_file
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names, properties
from twistedmq.protocol.errors import InvalidParameterError

SHOWN_CHARACTERS: Final = 60
NOTED_EVERY: Final = 100
"""Messages replayed between two notes of how far it is."""


async def dlq(reactor: Any, options: Namespace, out: TextIO) -> None:
    """List, show, export or replay."""
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    async with admin:
        if options.deed == "ls":
            await _list(admin, options, out)
        elif options.deed == "show":
            await _show(admin, options, out)
        elif options.deed == "export":
            await _export(admin, options, out)
        else:
            await _replay(reactor, admin, options, out)


async def _list(admin: Admin, options: Namespace, out: TextIO) -> None:
    groups = options.group
    if not groups:
        topics = await admin.topics.names(system=True)
        groups = [t.removeprefix(names.DLQ_PREFIX) for t in topics if _is_dlq(t)]
    rows = []
    for group in groups:
        try:
            queues = await admin.dead_letters.queues(group)
        except RouteNotFoundError:
            queues = []  # it has given up nothing
        rows.append(
            {
                "group": group,
                "messages": sum(queue.count for queue in queues),
                "not_replayed": sum(queue.fresh for queue in queues),
            }
        )
    if options.json:
        out.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    cells = [[str(cell) for cell in row.values()] for row in rows]
    out.write(table(("GROUP", "MESSAGES", "NOT REPLAYED"), cells))


def _is_dlq(topic: str) -> bool:
    return topic.startswith(names.DLQ_PREFIX)


async def _show(admin: Admin, options: Namespace, out: TextIO) -> None:
    rows = []
    queues = await _queues(admin, options.group)
    async for stored in _all(admin, queues, again=True):
        if options.json:
            out.write(_line(stored))
        else:
            rows.append(_row(stored))
        options.limit -= 1
        if not options.limit:
            break
    if not options.json:
        columns = ("GIVEN UP", "ID", "TOPIC", "TAG", "KEYS", "RETRIES", "BODY")
        out.write(table(columns, rows))


async def _export(admin: Admin, options: Namespace, out: TextIO) -> None:
    queues = await _queues(admin, options.group)
    if options.out is None:
        async for stored in _all(admin, queues, again=True):
            out.write(_line(stored))
        return
    total = sum(queue.count for queue in queues)
    with whole_file(options.out) as file, Progress(total) as progress:
        async for stored in _all(admin, queues, again=True):
            file.write(_line(stored).encode())
            progress.step()
    out.write(f"{progress.done} messages are in {options.out}\n")


async def _replay(reactor: Any, admin: Admin, options: Namespace, out: TextIO) -> None:
    if options.to_topic is None:
        await admin.dead_letters.check_replay(options.group)
    queues = await _queues(admin, options.group)
    again = options.again or bool(options.id)
    there = sum(queue.count if again else queue.fresh for queue in queues)
    most = min(len(set(options.id)) or there, options.limit or there)
    where = options.to_topic or f"group {options.group}"
    if options.dry_run:
        out.write(f"{most} messages would be replayed to {where} (--dry-run)\n")
        return
    progress = Progress(most)
    replaying = _Replaying(reactor, admin, options, progress, most)
    try:
        with progress:
            for queue in queues:
                await replaying.replay(queue)
    finally:
        # also where it was called off, or a broker is gone
        out.write(f"{progress.done} messages were replayed to {where}\n")
    if replaying.missing and progress.done < most:
        for missing in sorted(replaying.missing):
            tell(InvalidParameterError(f"{missing} is not among them"), options)
        raise SystemExit(FAILED)


class _Replaying:
    """Replays queue after queue, and notes how far it is.

    Attributes:
        missing: ids that were asked for and have not been met yet.
    """

    def __init__(
        self,
        reactor: Any,
        admin: Admin,
        options: Namespace,
        progress: Progress,
        most: int,
    ) -> None:
        self._reactor = reactor
        self._letters = admin.dead_letters
        self._options = options
        self._progress = progress
        self._most = most
        self._chooses = bool(options.id)
        self.missing = set(options.id)

    async def replay(self, queue: DeadLetterQueue) -> None:
        """Replay one queue, or what is wanted of it."""
        noted = reached = queue.replayed
        again = self._options.again or self._chooses
        try:
            async for stored in self._letters.read(queue, again=again):
                if self._progress.done == self._most:
                    break
                if self._chooses and not self.missing & _ids(stored):
                    continue
                await self._letters.replay(stored, to=self._options.to_topic)
                self.missing -= _ids(stored)
                self._progress.step()
                reached = max(reached, stored.record.queue_offset + 1)
                if reached - noted >= NOTED_EVERY:
                    await self._note(queue, reached, noted)
                    noted = reached
                await deferLater(self._reactor, 1 / self._options.rate)
        except BaseException:
            # called off, or a broker is gone: then this may fail as well
            noting = Deferred.fromCoroutine(self._note(queue, reached, noted))
            await noting.addErrback(lambda _: None)
            raise
        await self._note(queue, reached, noted)

    async def _note(self, queue: DeadLetterQueue, reached: int, noted: int) -> None:
        # chosen messages say nothing of those before them
        if reached > noted and not self._chooses:
            await self._letters.note_replayed(queue.queue, reached)


async def _queues(admin: Admin, group: str) -> list[DeadLetterQueue]:
    """Give the queues of what a group has given up; there must be some."""
    try:
        return await admin.dead_letters.queues(group)
    except RouteNotFoundError:
        raise InvalidParameterError(f"group {group!r} has given up nothing") from None


async def _all(
    admin: Admin, queues: Iterable[DeadLetterQueue], *, again: bool
) -> AsyncIterator[StoredMessage]:
    for queue in queues:
        async for stored in admin.dead_letters.read(queue, again=again):
            yield stored


def _ids(stored: StoredMessage) -> set[str]:
    message = stored.message
    return {message.message_id, message.offset_message_id}


def _row(stored: StoredMessage) -> list[str]:
    record, message = stored.record, stored.message
    return [
        f"{datetime.fromtimestamp(record.store_ms // 1000):%Y-%m-%d %H:%M:%S}",
        message.message_id,
        origin_of(stored),
        message.tag or "-",
        " ".join(message.keys) or "-",
        str(record.reconsume_times),
        printable_body(message.body)[:SHOWN_CHARACTERS],
    ]


def _line(stored: StoredMessage) -> str:
    """Give a message as JSON; a body that is no UTF-8 as Base64."""
    record, message = stored.record, stored.message
    value: dict[str, Any] = {
        "message_id": message.message_id,
        "offset_message_id": message.offset_message_id,
        "topic": origin_of(stored),
        "tag": message.tag,
        "keys": list(message.keys),
        "properties": properties.parse(record.properties),
        "retries": record.reconsume_times,
        "born_at_ms": record.born_ms,
        "given_up_at_ms": record.store_ms,
    }
    try:
        value["body"] = message.body.decode()
    except UnicodeDecodeError:
        value["body_base64"] = message.body
    return msgspec.json.encode(value).decode() + "\n"
