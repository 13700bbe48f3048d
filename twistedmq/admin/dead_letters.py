"""Messages that a group has given up: looking at them, and giving them back to it."""

from collections.abc import AsyncIterator
from typing import Final

from msgspec import Struct

from twistedmq.admin.asking import Asking
from twistedmq.admin.clients import Clients
from twistedmq.admin.errors import NotOnlineError
from twistedmq.admin.messages import Messages, Slice, StoredMessage
from twistedmq.admin.resending import OF_RETRIES, Resending, Resent
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.clients import ConsumeType
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import InvalidParameterError

BY: Final = names.TOOLS_CONSUMER_GROUP
"""The group whose offsets in a dead-letter topic say what was replayed already."""


class DeadLetterQueue(Struct, frozen=True, kw_only=True):
    """One queue of what a group has given up."""

    group: str
    queue: MessageQueue
    least: int
    """The first offset that it still has."""
    end: int
    """The offset of the message that will be stored next."""
    replayed: int
    """Messages before this offset were replayed."""

    @property
    def count(self) -> int:
        """Messages that are there."""
        return self.end - self.least

    @property
    def fresh(self) -> int:
        """Messages that are there and were not replayed yet."""
        return self.end - max(self.least, self.replayed)


class DeadLetters:
    """The dead letters of one cluster.

    Calls fail with RouteNotFoundError where a group has given up nothing, with
    RefusedError, NoNameServerError or an error of the remoting room.
    """

    def __init__(
        self,
        asking: Asking,
        messages: Messages,
        clients: Clients,
        resending: Resending,
    ) -> None:
        self._asking = asking
        self._messages = messages
        self._clients = clients
        self._resending = resending

    @gives_deferred
    async def queues(self, group: str) -> list[DeadLetterQueue]:
        """Give the queues of what *group* has given up, sorted."""
        found = []
        for queue in await self._messages.queues(names.dlq_topic(group)):
            address = await self._asking.address_of(queue)
            least, end = await self._messages.bounds(queue)
            replayed = await self._asking.calls.committed(address, BY, queue)
            found.append(
                DeadLetterQueue(
                    group=group,
                    queue=queue,
                    least=least,
                    end=end,
                    replayed=replayed or 0,
                )
            )
        return found

    async def read(
        self, found: DeadLetterQueue, *, again: bool = True
    ) -> AsyncIterator[StoredMessage]:
        """Give the messages of one queue; only the fresh ones unless *again*."""
        at = found.least if again else max(found.least, found.replayed)
        while at < found.end:
            slice_: Slice = await self._messages.read(found.queue, at)
            for stored in slice_.found:
                if stored.record.queue_offset < found.end:
                    yield stored
            if slice_.code != ResponseCode.SUCCESS and slice_.next_offset <= at:
                return
            at = slice_.next_offset

    @gives_deferred
    async def check_replay(self, group: str) -> None:
        """Raise InvalidParameterError where *group* would not get what is replayed.

        Members that pop look into other retry topics, one for each topic.
        """
        try:
            members = await self._clients.consumers(group)
        except (NotOnlineError, RouteNotFoundError):
            return
        if members.consume_type == ConsumeType.CONSUME_POP:
            raise InvalidParameterError(
                f"members of {group!r} pop, so that messages cannot be given to them "
                "alone: name a topic, from which all of its groups get them"
            )

    @gives_deferred
    async def replay(self, stored: StoredMessage, *, to: str | None = None) -> Resent:
        """Give a message back to its group alone, as if it had not failed before.

        Args:
            stored: a message of a dead-letter topic.
            to: to this topic instead, and so to all groups that consume it.
        """
        if to is not None:
            return await self._resending.send(stored, topic=to, without=OF_RETRIES)
        group = stored.record.topic.removeprefix(names.DLQ_PREFIX)
        return await self._resending.send(
            stored,
            topic=names.retry_topic(group),
            # where it came from first is how its group tells one topic from another
            without=OF_RETRIES - {properties.RETRY_TOPIC},
        )

    @gives_deferred
    async def note_replayed(self, queue: MessageQueue, offset: int) -> None:
        """Write down that the messages before *offset* were replayed."""
        address = await self._asking.master_of(queue)
        await self._asking.calls.commit(address, BY, queue, offset)


def origin_of(stored: StoredMessage) -> str:
    """Give the topic that a dead letter was sent to at first; empty if unknown."""
    kept = properties.parse(stored.record.properties)
    found = kept.get(properties.DLQ_ORIGIN_TOPIC) or kept.get(properties.RETRY_TOPIC)
    return found or ""
