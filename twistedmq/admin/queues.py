"""A look at the raw entries of a queue."""

from twistedmq.admin.errors import NotThereError
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.entries import QueryConsumeQueueResponseBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers.queries import QueryConsumeQueueRequestHeader


class Queues:
    """The queues of one broker, by its address.

    Calls fail with RefusedError or an error of the remoting room.
    """

    def __init__(self, calls: BrokerCalls) -> None:
        self._calls = calls

    @gives_deferred
    async def entries(
        self,
        address: str,
        queue: MessageQueue,
        first: int,
        count: int,
        group: str | None = None,
    ) -> QueryConsumeQueueResponseBody:
        """Give queue entries from *first* on, and whether *group* would get them.

        Raises:
            InvalidParameterError: *count* is less than one.
            NotThereError: the queue has no entry *first*.
        """
        if count < 1:
            raise InvalidParameterError(f"count is {count}, at least 1 is needed")
        header = QueryConsumeQueueRequestHeader(
            topic=queue.topic,
            queue_id=queue.queue_id,
            index=first,
            count=count,
            consumer_group=group,
        )
        code = RequestCode.QUERY_CONSUME_QUEUE
        answer = await self._calls.ask(address, code, header)
        if not answer.body:
            raise NotThereError("entry", f"{first} in {queue.topic}/{queue.queue_id}")
        return loose_json.decode(answer.body, type=QueryConsumeQueueResponseBody)
