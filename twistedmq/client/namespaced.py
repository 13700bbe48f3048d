"""Where a client has a namespace: connections on which names change, and the like."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from zope.interface import implementer

from twistedmq.client.interfaces import IOffsetStore, IQueueAllocation
from twistedmq.client.namespace import Namespace
from twistedmq.client.namespaced_bodies import (
    ANSWERED,
    ANSWERED_TO_BROKERS,
    ASKED,
    ASKED_BY_BROKERS,
    ASKED_WITH_A_RECORD,
    WITH_RECORDS,
    changed,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.interfaces import Handler, Request

Sendable = Header | Mapping[str, str] | None
"""Fields of a request: typed, as text already, or none."""


class Wire:
    """What a client's requests and answers look like to servers.

    Args:
        namespace: that of its topics and groups, if they have one.
        announced: what each request says that it is for, if it does (upstream:
            namespaceV2). Brokers do not look at it; gateways in front of them may.
    """

    def __init__(self, namespace: Namespace | None, announced: str | None) -> None:
        self._namespace = namespace
        self._stamp = {} if announced is None else {"nsd": "true", "ns": announced}

    def asked(
        self, code: int, header: Header | None, body: bytes
    ) -> tuple[Sendable, bytes]:
        """Give header and body of a request for a server.

        Raises: MessageIllegalError, where a name is too long with its namespace.
        """
        namespace = self._namespace
        if namespace is not None:
            body = bytes(changed(namespace, ASKED, code, body))
            if header is not None:
                header = namespace.header(header)
        return (encode_fields(header) | self._stamp if self._stamp else header), body

    def answered(self, answer: Command, code: int) -> Command:
        """Give what a server answered to a request of *code* as the client knows it."""
        namespace = self._namespace
        if namespace is None or answer.code != ResponseCode.SUCCESS:
            return answer
        if code in WITH_RECORDS:
            answer.body = namespace.bare_records(answer.body)
        else:
            answer.body = changed(namespace, ANSWERED, code, answer.body)
        return answer

    def serve(self, handler: Handler, request: Request) -> Reply | Deferred[Reply]:
        """Have *handler* serve what a broker asks."""
        connection: Any = WiredConnection(request.connection, self)
        bare = Request(request.command, request.header, connection)
        namespace = self._namespace
        if namespace is None:
            return handler(bare)
        command, code = request.command, request.command.code
        body = changed(namespace, ASKED_BY_BROKERS, code, command.body)
        if code in ASKED_WITH_A_RECORD:
            body = namespace.bare_records(body)
        bare.command = replace(command, body=body)
        if request.header is not None:
            bare.header = namespace.bare_header(request.header)
        reply = handler(bare)
        if isinstance(reply, Deferred):
            return reply.addCallback(_for_broker, namespace, code)
        return _for_broker(reply, namespace, code)


class WiredPool:
    """A pool whose users know nothing of ``Wire``; see ``Pool``."""

    def __init__(self, pool: Any, wire: Wire) -> None:
        self._pool = pool
        self._wire = wire

    def request(
        self,
        address: str,
        code: int,
        header: Header | None,
        body: bytes,
        timeout_s: float,
    ) -> Deferred[Command]:
        """Ask the server at *address*; fires with the answer, whatever its code."""
        try:
            sendable, body = self._wire.asked(code, header, body)
        except TwistedMQError:
            return fail(Failure())
        answer: Deferred[Command] = self._pool.request(
            address, code, sendable, body, timeout_s
        )
        if code in WITH_RECORDS or code in ANSWERED:
            answer.addCallback(self._wire.answered, code)
        return answer

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
        """Do as ``request``, and call one of both."""
        asked = self.request(address, code, header, body, timeout_s)
        asked.addCallbacks(answered, failed)

    def send_one_way(
        self, address: str, code: int, header: Header | None, body: bytes
    ) -> Deferred[None]:
        """Send without an answer; fires when the bytes were handed to a connection."""
        try:
            sendable, body = self._wire.asked(code, header, body)
        except TwistedMQError:
            return fail(Failure())
        sent: Deferred[None] = self._pool.send_one_way(address, code, sendable, body)
        return sent

    def close(self) -> Deferred[None]:
        """Close all connections."""
        closed: Deferred[None] = self._pool.close()
        return closed


class WiredConnection:
    """The connection of a broker that asks, for what is sent back on it."""

    def __init__(self, connection: Any, wire: Wire) -> None:
        self._connection = connection
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        """Give what every connection has."""
        return getattr(self._connection, name)

    def send_one_way(self, code: int, header: Header | None, body: bytes) -> None:
        """Send a request that gets no answer."""
        self._connection.send_one_way(code, *self._wire.asked(code, header, body))


def _for_broker(reply: Reply, namespace: Namespace, code: int) -> Reply:
    if code in ANSWERED_TO_BROKERS and isinstance(reply.body, bytes):
        body = changed(namespace, ANSWERED_TO_BROKERS, code, reply.body)
        return replace(reply, body=body)
    return reply


@implementer(IOffsetStore)
class NamespacedOffsets:
    """Offsets that are kept under the names that brokers know, as genuine clients do.

    Args:
        offsets: where they are kept.
        namespace: that of the client.
    """

    def __init__(self, offsets: Any, namespace: Namespace) -> None:
        self._offsets = offsets
        self._namespace = namespace

    def read(self, queue: MessageQueue) -> Deferred[int | None]:
        """Give the next offset to consume; see ``IOffsetStore``."""
        kept: Deferred[int | None] = self._offsets.read(self._namespace.queue(queue))
        return kept

    def write(
        self, offsets: Mapping[MessageQueue, int]
    ) -> Deferred[frozenset[MessageQueue]]:
        """Keep *offsets*; see ``IOffsetStore``."""
        whole = {self._namespace.queue(queue): queue for queue in offsets}
        written: Deferred[frozenset[MessageQueue]] = self._offsets.write(
            {name: offsets[queue] for name, queue in whole.items()}
        )
        return written.addCallback(lambda kept: frozenset(whole[each] for each in kept))


@implementer(IQueueAllocation)
class WholeNamesAllocation:
    """Shares queues out by the names that brokers know.

    For what hashes names: members in Java do so with whole ones.

    Args:
        allocation: that of the consumer.
        namespace: that of the client.
    """

    def __init__(self, allocation: IQueueAllocation, namespace: Namespace) -> None:
        self.name = allocation.name
        self._allocation = allocation
        self._namespace = namespace

    def allocate(
        self, member: str, members: Sequence[str], queues: Sequence[MessageQueue]
    ) -> Sequence[MessageQueue]:
        """Give the share of *member*; see ``IQueueAllocation``."""
        whole = [self._namespace.queue(queue) for queue in queues]
        share = self._allocation.allocate(member, members, whole)
        return [self._namespace.bare_queue(queue) for queue in share]
