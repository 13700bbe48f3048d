"""Requests to brokers as typed calls."""

from collections.abc import Sequence

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.client.errors import RefusedError
from twistedmq.client.interfaces import Pool
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.assignments import (
    MessageQueueAssignment,
    QueryAssignmentRequestBody,
    QueryAssignmentResponseBody,
)
from twistedmq.protocol.bodies.clients import (
    GetConsumerListByGroupResponseBody,
    HeartbeatData,
    LockBatchRequestBody,
    LockBatchResponseBody,
    UnlockBatchRequestBody,
)
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.subscriptions import CheckClientRequestBody
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Buffer, Command
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.clients import (
    GetConsumerListByGroupRequestHeader,
    UnregisterClientRequestHeader,
)
from twistedmq.protocol.headers.offsets import (
    GetMaxOffsetRequestHeader,
    GetMaxOffsetResponseHeader,
    GetMinOffsetRequestHeader,
    QueryConsumerOffsetRequestHeader,
    SearchOffsetRequestHeader,
    UpdateConsumerOffsetRequestHeader,
)
from twistedmq.protocol.headers.pull import (
    PullMessageRequestHeader,
    PullMessageResponseHeader,
)
from twistedmq.protocol.headers.send import ConsumerSendMsgBackRequestHeader

TIMEOUT_S = 5.0


class PullAnswer(Struct, frozen=True):
    """What a pull brought: a code that is no refusal, where to go on, the records."""

    code: int
    header: PullMessageResponseHeader
    records: Buffer


PULL_CODES = frozenset(
    {
        ResponseCode.SUCCESS,
        ResponseCode.PULL_NOT_FOUND,
        ResponseCode.PULL_RETRY_IMMEDIATELY,
        ResponseCode.PULL_OFFSET_MOVED,
    }
)


class BrokerCalls:
    """Asks brokers by address. All calls fail with RefusedError where a broker says no,
    or with an error of the remoting room.
    """

    def __init__(self, pool: Pool, timeout_s: float = TIMEOUT_S) -> None:
        self._pool = pool
        self._timeout_s = timeout_s

    def ask(
        self,
        address: str,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        *,
        timeout_s: float | None = None,
    ) -> Deferred[Command]:
        """Give the answer if it is a SUCCESS; *timeout_s* instead of the usual time."""
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        answer = self._pool.request(address, code, header, body, limit_s)
        return answer.addCallback(must_succeed, address)

    def heartbeat(self, address: str, data: HeartbeatData) -> Deferred[Command]:
        """Tell a broker that this client lives and what it wants."""
        return self.ask(address, RequestCode.HEART_BEAT, None, loose_json.encode(data))

    def unregister(
        self, address: str, header: UnregisterClientRequestHeader
    ) -> Deferred[Command]:
        """Tell a broker that this client goes."""
        return self.ask(address, RequestCode.UNREGISTER_CLIENT, header)

    def members(self, address: str, group: str) -> Deferred[list[str]]:
        """Give the client ids of a consumer group."""
        header = GetConsumerListByGroupRequestHeader(consumer_group=group)
        answer = self.ask(address, RequestCode.GET_CONSUMER_LIST_BY_GROUP, header)
        return answer.addCallback(_read_members)

    def committed(
        self,
        address: str,
        group: str,
        queue: MessageQueue,
        *,
        zero_if_new: bool | None = None,
    ) -> Deferred[int | None]:
        """Give the offset that a group has committed, None where it has none.

        A broker gives 0 for none where the queue still has its first message in memory,
        unless *zero_if_new* is false.
        """
        header = QueryConsumerOffsetRequestHeader(
            consumer_group=group,
            topic=queue.topic,
            queue_id=queue.queue_id,
            target_broker=queue.broker_name,
            set_zero_if_not_found=zero_if_new,
        )
        answer = self.ask(address, RequestCode.QUERY_CONSUMER_OFFSET, header)
        return answer.addCallback(_read_offset).addErrback(_none_if_not_found)

    def commit(
        self, address: str, group: str, queue: MessageQueue, offset: int
    ) -> Deferred[Command]:
        """Keep the offset of a group."""
        header = UpdateConsumerOffsetRequestHeader(
            consumer_group=group,
            topic=queue.topic,
            queue_id=queue.queue_id,
            commit_offset=offset,
            target_broker=queue.broker_name,
        )
        return self.ask(address, RequestCode.UPDATE_CONSUMER_OFFSET, header)

    def max_offset(self, address: str, queue: MessageQueue) -> Deferred[int]:
        """Give the offset that the next message of a queue will have."""
        header = GetMaxOffsetRequestHeader(
            topic=queue.topic, queue_id=queue.queue_id, target_broker=queue.broker_name
        )
        answer = self.ask(address, RequestCode.GET_MAX_OFFSET, header)
        return answer.addCallback(_read_offset)

    def min_offset(self, address: str, queue: MessageQueue) -> Deferred[int]:
        """Give the first offset that a queue still has."""
        header = GetMinOffsetRequestHeader(
            topic=queue.topic, queue_id=queue.queue_id, target_broker=queue.broker_name
        )
        answer = self.ask(address, RequestCode.GET_MIN_OFFSET, header)
        return answer.addCallback(_read_offset)

    def offset_at(
        self, address: str, queue: MessageQueue, time_ms: int
    ) -> Deferred[int]:
        """Give the offset of the first message stored at that time or later."""
        header = SearchOffsetRequestHeader(
            topic=queue.topic,
            queue_id=queue.queue_id,
            timestamp=time_ms,
            target_broker=queue.broker_name,
        )
        answer = self.ask(address, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, header)
        return answer.addCallback(_read_offset)

    def pull(
        self, address: str, header: PullMessageRequestHeader, timeout_s: float
    ) -> Deferred[PullAnswer]:
        """Pull messages; nothing found is an answer too, other codes are refusals."""
        answer = self._pool.request(
            address, RequestCode.PULL_MESSAGE, header, b"", timeout_s
        )
        return answer.addCallback(_read_pull, address)

    def send_back(
        self, address: str, header: ConsumerSendMsgBackRequestHeader
    ) -> Deferred[Command]:
        """Have a message delivered again later."""
        return self.ask(address, RequestCode.CONSUMER_SEND_MSG_BACK, header)

    def lock(
        self, address: str, group: str, client_id: str, queues: Sequence[MessageQueue]
    ) -> Deferred[frozenset[MessageQueue]]:
        """Lock queues for one client, or prolong that; gives those that it has now."""
        wish = LockBatchRequestBody(
            client_id=client_id, consumer_group=group, mq_set=list(queues)
        )
        code = RequestCode.LOCK_BATCH_MQ
        answer = self.ask(address, code, None, loose_json.encode(wish))
        return answer.addCallback(_read_locked)

    def unlock(
        self, address: str, group: str, client_id: str, queues: Sequence[MessageQueue]
    ) -> Deferred[Command]:
        """Give up a client's locks."""
        wish = UnlockBatchRequestBody(
            client_id=client_id, consumer_group=group, mq_set=list(queues)
        )
        code = RequestCode.UNLOCK_BATCH_MQ
        return self.ask(address, code, None, loose_json.encode(wish))

    def assignment(
        self, address: str, wish: QueryAssignmentRequestBody
    ) -> Deferred[list[MessageQueueAssignment] | None]:
        """Have a broker give a member its queues; None where it cannot tell now."""
        body = loose_json.encode(wish)
        answer = self.ask(address, RequestCode.QUERY_ASSIGNMENT, None, body)
        return answer.addCallback(_read_assignment)

    def check_client(
        self, address: str, check: CheckClientRequestBody
    ) -> Deferred[Command]:
        """Have a broker look at a subscription."""
        body = loose_json.encode(check)
        return self.ask(address, RequestCode.CHECK_CLIENT_CONFIG, None, body)


def must_succeed(answer: Command, address: str) -> Command:
    """Give the answer of a broker. Raises: RefusedError, where it says no."""
    if answer.code != ResponseCode.SUCCESS:
        raise RefusedError(answer.code, answer.remark, address)
    return answer


def _read_members(answer: Command) -> list[str]:
    body = loose_json.decode(answer.body, type=GetConsumerListByGroupResponseBody)
    return list(body.consumer_id_list)


def _read_locked(answer: Command) -> frozenset[MessageQueue]:
    body = loose_json.decode(answer.body, type=LockBatchResponseBody)
    return frozenset(body.lock_ok_mq_set)


def _read_assignment(answer: Command) -> list[MessageQueueAssignment] | None:
    body = loose_json.decode(answer.body, type=QueryAssignmentResponseBody)
    return body.message_queue_assignments


def _read_offset(answer: Command) -> int:
    # all answers about an offset have the same one field
    return decode_fields(GetMaxOffsetResponseHeader, answer.fields).offset


def _none_if_not_found(failure: Failure) -> None:
    error = failure.value
    if not isinstance(error, RefusedError):
        failure.raiseException()
    elif error.code != ResponseCode.QUERY_NOT_FOUND:
        raise error


def _read_pull(answer: Command, address: str) -> PullAnswer:
    if answer.code not in PULL_CODES:
        raise RefusedError(answer.code, answer.remark, address)
    header = decode_fields(PullMessageResponseHeader, answer.fields)
    return PullAnswer(answer.code, header, answer.body)
