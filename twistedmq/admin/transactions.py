"""Halves of transactions that nobody ended: those that wait, those given up."""

from twistedmq.admin.asking import Asking, Silent, answers_of
from twistedmq.admin.messages import Messages
from twistedmq.admin.open_halves import OpenHalf, open_halves
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.headers.admin import ResumeCheckHalfMessageRequestHeader
from twistedmq.protocol.names import HALF_TOPIC, OP_HALF_TOPIC, TRANSACTION_GROUP
from twistedmq.protocol.record import Record


class Transactions:
    """What operators can do for the transactions of one cluster."""

    def __init__(self, asking: Asking, messages: Messages) -> None:
        self._asking = asking
        self._messages = messages

    @gives_deferred
    async def open(self, *, silent: Silent | None = None) -> dict[str, list[OpenHalf]]:
        """Give the halves that wait for a decision, oldest first, by broker.

        Args:
            silent: gets the brokers that do not answer, whose halves are missing then;
                without it their error is raised.

        Fails with NoNameServerError, RefusedError, or an error of the remoting room.
        """
        try:
            queues = await self._messages.queues(HALF_TOPIC)
        except RouteNotFoundError:
            return {}
        asked = {queue.broker_name: self._open(queue) for queue in queues}
        found = await answers_of(asked, silent)
        return {broker: halves for broker, halves in sorted(found.items()) if halves}

    @gives_deferred
    async def _open(self, queue: MessageQueue) -> list[OpenHalf]:
        ops = MessageQueue(OP_HALF_TOPIC, queue.broker_name, queue.queue_id)
        # halves first: what is ended meanwhile is among the ops then
        halves = await self._unread(queue)
        return open_halves(halves, await self._unread(ops)) if halves else []

    async def _unread(self, queue: MessageQueue) -> list[Record]:
        """Give the records that the rounds of the broker have not come past.

        The address is that of the topic of halves: whoever has the one has the other.
        """
        calls, route_of = self._asking.calls, HALF_TOPIC
        address = await self._asking.address_of(queue, route_of)
        least, end = await self._messages.bounds(queue, route_of=route_of)
        done = await calls.committed(address, TRANSACTION_GROUP, queue)
        at = max(least, done or 0)
        found: list[Record] = []
        while at < end:
            slice_ = await self._messages.read(queue, at, route_of=route_of)
            found += [stored.record for stored in slice_.found]
            if slice_.next_offset <= at:
                break
            at = slice_.next_offset
        return found

    @gives_deferred
    async def resume(self, topic: str, message_id: str) -> None:
        """Have the producers of a half asked again, after it was given up.

        Args:
            topic: where the half is: ``TRANS_CHECK_MAX_TIME_TOPIC`` when it was given
                up.
            message_id: its id, the broker's or the client's.

        Fails with MessageNotFoundError, RefusedError, or an error of the remoting room.
        """
        stored = await self._messages.by_id(topic, message_id)
        header = ResumeCheckHalfMessageRequestHeader(
            topic=topic, msg_id=stored.message.offset_message_id
        )
        code = RequestCode.RESUME_CHECK_HALF_MESSAGE
        await self._asking.calls.ask(stored.message.store_host, code, header)
