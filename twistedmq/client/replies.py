"""Requests of a producer that wait for a reply, and what a reply has to carry.

The reply to a message is a message for the client that sent it; a broker hands it over
(PUSH_REPLY_MESSAGE_TO_CLIENT) to that client alone.
"""

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.client.errors import NoReplyWantedError, ReplyTimeoutError
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.reactor import Clock
from twistedmq.client.received import named_fields
from twistedmq.protocol import names, properties
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.compression import decompress_body
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.headers.send import ReplyMessageRequestHeader
from twistedmq.remoting.interfaces import Handler, Request

REPLY = "reply"
"""Value of the property MSG_TYPE by which brokers and tools know a reply."""


class AwaitedReplies:
    """The replies that one client waits for, by correlation id.

    Args:
        client_id: by which brokers know this client.
        clock: for time-outs.
        next_id: makes correlation ids.
    """

    _log = Logger()

    def __init__(
        self, client_id: str, clock: Clock, next_id: Callable[[], str]
    ) -> None:
        self._client_id = client_id
        self._clock = clock
        self._next_id = next_id
        self._waiting: dict[str, tuple[Deferred[ReceivedMessage], IDelayedCall]] = {}

    def __len__(self) -> int:
        """Count the replies that are waited for."""
        return len(self._waiting)

    def table(self) -> dict[int, Handler]:
        """Give the handlers by request code."""
        return {RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT: self.arrived}

    def marks(self, timeout_s: float) -> dict[str, str]:
        """Give the properties of a request that is to be replied to."""
        return {
            properties.CORRELATION_ID: self._next_id(),
            properties.REPLY_TO_CLIENT: self._client_id,
            properties.TTL: str(int(timeout_s * 1000)),
        }

    def expect(
        self, correlation_id: str, topic: str, timeout_s: float
    ) -> Deferred[ReceivedMessage]:
        """Fire with the reply; fails with ReplyTimeoutError where none comes."""

        def give_up(_: Deferred[ReceivedMessage]) -> None:
            self.fail(Failure(CancelledError()), correlation_id)

        error = ReplyTimeoutError(topic, timeout_s)
        timer = self._clock.callLater(
            timeout_s, lambda: self.fail(Failure(error), correlation_id)
        )
        replied: Deferred[ReceivedMessage] = Deferred(give_up)
        self._waiting[correlation_id] = (replied, timer)
        return replied

    def fail(self, failure: Failure, correlation_id: str) -> None:
        """Wait for a reply no more; does nothing if it has come."""
        replied = self._take(correlation_id)
        if replied is not None:
            replied.errback(failure)

    def arrived(self, request: Request) -> Reply:
        """Take a reply that a broker hands over.

        One that nobody waits for (any more) is dropped: its sender cannot help it.
        """
        header: ReplyMessageRequestHeader = request.header
        stored = properties.parse(header.properties or "")
        correlation_id = stored.get(properties.CORRELATION_ID, "")
        replied = self._take(correlation_id)
        if replied is None:
            self._log.info(
                "a reply from {host} came when nobody waited for it: {id}",
                host=header.born_host,
                id=correlation_id,
            )
            return Reply()
        try:
            message = _message(header, bytes(request.command.body), stored)
        except TwistedMQError:
            replied.errback(Failure())
        else:
            replied.callback(message)
        return Reply()

    def _take(self, correlation_id: str) -> Deferred[ReceivedMessage] | None:
        found = self._waiting.pop(correlation_id, None)
        if found is None:
            return None
        replied, timer = found
        if timer.active():
            timer.cancel()
        return replied


def reply_marks(request: ReceivedMessage) -> tuple[str, dict[str, str]]:
    """Give the topic of a reply to *request*, and the properties that it needs.

    Raises: NoReplyWantedError.
    """
    wanted = (properties.CLUSTER, properties.CORRELATION_ID, properties.REPLY_TO_CLIENT)
    held = request.system_properties
    missing = [name for name in wanted if not held.get(name)]
    if missing:
        raise NoReplyWantedError(request.message_id, missing)
    marks = {
        properties.MESSAGE_TYPE: REPLY,
        properties.CORRELATION_ID: held[properties.CORRELATION_ID],
        properties.REPLY_TO_CLIENT: held[properties.REPLY_TO_CLIENT],
    }
    if held.get(properties.TTL):
        marks[properties.TTL] = held[properties.TTL]
    return names.reply_topic(held[properties.CLUSTER]), marks


def _message(
    header: ReplyMessageRequestHeader, body: bytes, stored: dict[str, str]
) -> ReceivedMessage:
    return ReceivedMessage(
        topic=header.topic,
        body=decompress_body(header.sys_flag, body),
        queue=MessageQueue(header.topic, "", max(0, header.queue_id)),
        queue_offset=-1,
        physical_offset=-1,
        reconsume_times=header.reconsume_times or 0,
        born_at_ms=header.born_timestamp,
        stored_at_ms=header.store_timestamp,
        born_host=header.born_host,
        store_host=header.store_host,
        flag=header.flag,
        sys_flag=header.sys_flag,
        stored_bytes=len(body),
        **named_fields(stored, ""),
    )
