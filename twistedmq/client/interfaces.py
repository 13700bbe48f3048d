"""The doors of the client: where others may put their own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import Attribute, Interface

from twistedmq.client.message import Message
from twistedmq.client.reactor import Clock
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.base import Header


class INameServerSource(Interface):
    """Where the addresses of the name servers come from."""

    poll_s: float | None = Attribute(
        "Seconds after which to ask again; None where the answer never changes."
    )

    def addresses() -> Deferred[Sequence[str]]:
        """Give the current list, each "host:port" or "[v6]:port".

        Fails with NoNameServerError; the list known before then stays in use.
        """


class IQueueSelection(Interface):
    """Which queue a message goes to."""

    def select(
        message: Message, queues: Sequence[MessageQueue], avoid: str | None
    ) -> MessageQueue:
        """Choose one of *queues*, which is never empty and sorted by broker and number.

        *avoid* is the broker whose attempt has just failed, None at the first attempt.
        A selection that must keep an order ignores it. An error fails the send.
        """


class ISendFeedback(Interface):
    """A selection that learns how sends went; a part of a producer's own selection."""

    def begin(
        clock: Clock, probe: Callable[[str, float], Deferred[None]]
    ) -> Callable[[], None]:
        """Start with a producer, and give what stops it.

        *probe* asks the broker of that name something that costs nothing, within so
        many seconds; it fails where that does not work.
        """

    def told(broker_name: str, latency_s: float, error: Exception | None) -> None:
        """One attempt to send was answered, or failed with *error*. Must not raise."""


class IQueueAllocation(Interface):
    """Who in a group consumes which queues of a topic.

    All members must use the same one: each works out its own share.
    """

    name: str = Attribute("A short name for running info and logs.")

    def allocate(
        member: str, members: Sequence[str], queues: Sequence[MessageQueue]
    ) -> Sequence[MessageQueue]:
        """Give the share of *member*.

        *members* (client ids, *member* among them) and *queues* are sorted and not
        empty. Over all members the shares must cover each queue once.
        """


class IOffsetStore(Interface):
    """Where a group's progress is kept."""

    def read(queue: MessageQueue) -> Deferred[int | None]:
        """Give the next offset to consume, None where nothing was kept yet."""

    def write(offsets: Mapping[MessageQueue, int]) -> Deferred[frozenset[MessageQueue]]:
        """Keep *offsets*; fires with the queues whose offset is safe. Never fails."""


class Pool(Protocol):
    """What the client needs of ``remoting.client.ClientPool``."""

    def request(
        self,
        address: str,
        code: int,
        header: Header | None,
        body: bytes,
        timeout_s: float,
    ) -> Deferred[Command]:
        """Ask the server at *address*; fires with the answer, whatever its code."""

    def ask(
        self,
        address: str,
        code: int,
        header: Header | None,
        body: bytes,
        timeout_s: float,
        answered: Callable[[Command], None],
        failed: Callable[[Failure], None],
    ) -> None:
        """Do as ``request``, and call one of both, which must not raise."""

    def send_one_way(
        self, address: str, code: int, header: Header | None, body: bytes
    ) -> Deferred[None]:
        """Send without an answer; fires when the bytes were handed to a connection."""

    def close(self) -> Deferred[None]:
        """Close all connections."""


Unsubscribe = Callable[[], None]
