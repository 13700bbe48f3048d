"""The message trace of one message, as clients have written it down."""

from msgspec.structs import replace
from twisted.logger import Logger

from twistedmq.admin.messages import Messages
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import names
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.numbers import INT64_MAX
from twistedmq.protocol.trace import TraceItem, decode_trace


class Traces:
    """Finds what clients that trace tell of a message."""

    _log = Logger()

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    @gives_deferred
    async def of(
        self,
        message_id: str,
        *,
        trace_topic: str = names.TRACE_TOPIC,
        limit: int = 64,
        since_ms: int = 0,
        until_ms: int = INT64_MAX,
    ) -> list[TraceItem]:
        """Give what happened to a message, as it is found in the trace topic.

        ``client_host`` is the address that the trace was sent from.

        Args:
            message_id: the id that the client gave to it.
            trace_topic: where its clients trace to.
            limit: as many trace messages from each broker.
            since_ms: trace messages stored then or later, in ms since the epoch.
            until_ms: and not later.

        Fails with MessageNotFoundError where nobody traced it.
        """
        found = await self._messages.by_key(
            trace_topic, message_id, limit=limit, since_ms=since_ms, until_ms=until_ms
        )
        items: list[TraceItem] = []
        for each in found:
            body = each.message.body.decode("utf-8", "replace")
            host = each.message.born_host.rpartition(":")[0]
            try:
                told = decode_trace(body)
            except FieldError as error:
                self._log.warn(
                    "{message}: {error}", message=repr(each.message), error=str(error)
                )
                continue
            items += [
                replace(item, client_host=host)
                for item in told
                if item.message_id == message_id
            ]
        return items
