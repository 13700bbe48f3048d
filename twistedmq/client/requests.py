"""What brokers ask a consumer, mostly on behalf of an admin tool."""

from collections.abc import Callable, Collection

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.client.consuming import RetryLater
from twistedmq.client.message import ReceivedMessage
from twistedmq.client.owned import OwnedQueues
from twistedmq.client.pulling import QueuePuller
from twistedmq.client.rates import Rates
from twistedmq.client.received import read_message
from twistedmq.client.subscription import Subscription
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.clients import CMResult
from twistedmq.protocol.bodies.offsets import GetConsumerStatusBody, ResetOffsetBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import (
    ConsumeMessageDirectlyResult,
    ConsumerRunningInfo,
    ProcessQueueInfo,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.record import decode_record
from twistedmq.remoting.interfaces import Handler, Request

MIB = 1024 * 1024


class RequestParts(Struct, frozen=True):
    """What answering needs of its surroundings."""

    group: str
    subscriptions: Collection[Subscription]
    owned: OwnedQueues
    rebalance: Callable[[], None]
    consume: Callable[[ReceivedMessage], Deferred[object]]
    """Has the user's function consume one message; fails as it does."""
    properties: Callable[[], dict[str, str]]
    rates: Rates
    wall_ms: Callable[[], int]
    seconds: Callable[[], float]
    stacks: Callable[[], str] = str
    """Tells where the user's functions wait."""
    locked_s: Callable[[MessageQueue], float | None] = lambda queue: None
    """Gives when a queue's lock was taken or renewed, on the reactor's clock."""
    orderly: bool = False


class ConsumerRequests:
    """Serves the requests of brokers to one consumer."""

    def __init__(self, parts: RequestParts) -> None:
        self._parts = parts

    def table(self) -> dict[int, Handler]:
        """Give the handlers by request code."""
        return {
            RequestCode.NOTIFY_CONSUMER_IDS_CHANGED: self.members_changed,
            RequestCode.RESET_CONSUMER_CLIENT_OFFSET: self.reset_offset,
            RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT: self.offsets,
            RequestCode.GET_CONSUMER_RUNNING_INFO: self.running_info,
            RequestCode.CONSUME_MESSAGE_DIRECTLY: self.consume_directly,
        }

    def members_changed(self, request: Request) -> Reply:
        """Rebalance: somebody joined or left the group."""
        self._parts.rebalance()
        return Reply()

    def reset_offset(self, request: Request) -> Deferred[Reply]:
        """Go on at other offsets."""
        body = loose_json.decode(request.command.body, type=ResetOffsetBody)
        moved = Deferred.fromCoroutine(self._parts.owned.move(body.offset_table))
        return moved.addCallback(lambda _: Reply())

    def offsets(self, request: Request) -> Reply:
        """Tell how far each queue of a topic was consumed."""
        topic = request.header.topic
        table = {
            queue: puller.window.committable
            for queue, puller in self._parts.owned.pullers.items()
            if queue.topic == topic
        }
        body = GetConsumerStatusBody(message_queue_table=table)
        return Reply(body=loose_json.encode(body))

    def running_info(self, request: Request) -> Reply:
        """Tell what this consumer is doing."""
        parts = self._parts
        if request.header.consumer_group != parts.group:
            return _not_here(request.header.consumer_group)
        topics = {each.topic for each in parts.subscriptions}
        topics |= {queue.topic for queue in parts.owned.pullers}
        info = ConsumerRunningInfo(
            properties=parts.properties(),
            subscription_set=[each.data() for each in parts.subscriptions],
            mq_table={
                queue: self._queue_info(puller)
                for queue, puller in parts.owned.pullers.items()
            },
            status_table={topic: parts.rates.status(topic) for topic in topics},
        )
        if request.header.jstack_enable:
            info.jstack = parts.stacks()
        return Reply(body=loose_json.encode(info))

    def consume_directly(self, request: Request) -> Reply | Deferred[Reply]:
        """Have one message consumed now and tell what came of it."""
        header = request.header
        if header.consumer_group != self._parts.group:
            return _not_here(header.consumer_group)
        record = decode_record(request.command.body)
        message = read_message(record, header.broker_name or "")
        begun_ms = self._parts.wall_ms()
        consumed = self._parts.consume(message)
        return consumed.addBoth(self._result, begun_ms)

    def _result(self, outcome: object, begun_ms: int) -> Reply:
        result = ConsumeMessageDirectlyResult(
            order=self._parts.orderly,
            consume_result=CMResult.CR_SUCCESS,
            spent_time_mills=self._parts.wall_ms() - begun_ms,
        )
        if isinstance(outcome, Failure):
            asked = outcome.check(RetryLater) is not None
            result.consume_result = (
                CMResult.CR_LATER if asked else CMResult.CR_THROW_EXCEPTION
            )
            result.remark = None if asked else repr(outcome.value)
        return Reply(body=loose_json.encode(result))

    def _queue_info(self, puller: QueuePuller) -> ProcessQueueInfo:
        window = puller.window
        locked_s = self._parts.locked_s(puller.queue)
        return ProcessQueueInfo(
            locked=locked_s is not None,
            last_lock_timestamp=self._stamp(locked_s),
            last_consume_timestamp=self._stamp(puller.last_ack_s),
            cached_msg_count=len(window),
            cached_msg_size_in_mib=window.size_bytes // MIB,
            cached_msg_min_offset=window.committable if len(window) else 0,
            cached_msg_max_offset=window.next_offset - 1 if len(window) else 0,
            commit_offset=window.committable,
            last_pull_timestamp=self._stamp(puller.last_pull_s),
        )

    def _stamp(self, when_s: float | None) -> int:
        """Give a time of the reactor's clock as ms since the epoch; 0: never."""
        if when_s is None:
            return 0
        return self._parts.wall_ms() - int((self._parts.seconds() - when_s) * 1000)


def _not_here(group: str) -> Reply:
    return Reply(
        code=ResponseCode.SYSTEM_ERROR,
        remark=f"consumer group {group!r} is not in this client",
    )
