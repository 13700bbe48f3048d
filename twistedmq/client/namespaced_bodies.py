"""The bodies of requests and answers with names in them, for ``Namespace``: pure."""

from collections.abc import Callable
from typing import Any, Final

from twistedmq.client.namespace import Namespace
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.assignments import (
    QueryAssignmentRequestBody,
    QueryAssignmentResponseBody,
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.bodies.clients import (
    HeartbeatData,
    LockBatchRequestBody,
    LockBatchResponseBody,
    UnlockBatchRequestBody,
)
from twistedmq.protocol.bodies.offsets import GetConsumerStatusBody, ResetOffsetBody
from twistedmq.protocol.bodies.pop import BatchAckMessageRequestBody
from twistedmq.protocol.bodies.running import ConsumerRunningInfo
from twistedmq.protocol.bodies.subscriptions import CheckClientRequestBody
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Buffer

Change = Callable[[Namespace, Any], None]
"""Changes the names in a body that was just decoded."""
Bodies = dict[int, tuple[type, Change]]
"""By request code."""

WITH_RECORDS: Final = frozenset(
    {
        RequestCode.PULL_MESSAGE,
        RequestCode.POP_MESSAGE,
        RequestCode.VIEW_MESSAGE_BY_ID,
        RequestCode.QUERY_MESSAGE,
    }
)
"""What is answered with stored messages."""

ASKED_WITH_A_RECORD: Final = frozenset(
    {RequestCode.CHECK_TRANSACTION_STATE, RequestCode.CONSUME_MESSAGE_DIRECTLY}
)
"""What brokers ask about a message, which they bring along."""


def changed(namespace: Namespace, bodies: Bodies, code: int, body: Buffer) -> Buffer:
    """Give *body* with other names in it, if bodies of *code* have any."""
    kind = bodies.get(code)
    if kind is None or not body:
        return body
    decoded: Any = loose_json.decode(body, type=kind[0])
    kind[1](namespace, decoded)
    return loose_json.encode(decoded)


def _heartbeat(namespace: Namespace, body: HeartbeatData) -> None:
    for producer in body.producer_data_set:
        producer.group_name = namespace.group(producer.group_name)
    for consumer in body.consumer_data_set:
        consumer.group_name = namespace.group(consumer.group_name)
        for wanted in consumer.subscription_data_set:
            wanted.topic = namespace.topic(wanted.topic)


def _locks(
    namespace: Namespace, body: LockBatchRequestBody | UnlockBatchRequestBody
) -> None:
    body.consumer_group = namespace.group(body.consumer_group)
    body.mq_set = [namespace.queue(queue) for queue in body.mq_set]


def _locked(namespace: Namespace, body: LockBatchResponseBody) -> None:
    body.lock_ok_mq_set = [namespace.bare_queue(each) for each in body.lock_ok_mq_set]


def _group_and_topic(
    namespace: Namespace,
    body: QueryAssignmentRequestBody | SetMessageRequestModeRequestBody,
) -> None:
    body.consumer_group = namespace.group(body.consumer_group or "")
    body.topic = namespace.topic(body.topic or "")


def _assignment(namespace: Namespace, body: QueryAssignmentResponseBody) -> None:
    for each in body.message_queue_assignments or ():
        each.message_queue = namespace.bare_queue(each.message_queue)


def _check(namespace: Namespace, body: CheckClientRequestBody) -> None:
    body.group = namespace.group(body.group)
    body.subscription_data.topic = namespace.topic(body.subscription_data.topic)


def _acks(namespace: Namespace, body: BatchAckMessageRequestBody) -> None:
    for ack in body.acks:
        ack.group = namespace.group(ack.group)
        ack.topic = namespace.topic(ack.topic)


def _reset(namespace: Namespace, body: ResetOffsetBody) -> None:
    body.offset_table = {
        namespace.bare_queue(queue): offset
        for queue, offset in body.offset_table.items()
    }


def _status(namespace: Namespace, body: GetConsumerStatusBody) -> None:
    body.message_queue_table = {
        namespace.queue(queue): offset
        for queue, offset in body.message_queue_table.items()
    }


def _running(namespace: Namespace, body: ConsumerRunningInfo) -> None:
    body.mq_table = {
        namespace.queue(queue): held for queue, held in body.mq_table.items()
    }
    body.mq_pop_table = {
        namespace.queue(queue): held for queue, held in body.mq_pop_table.items()
    }
    for wanted in body.subscription_set:
        wanted.topic = namespace.topic(wanted.topic)
    group = body.properties.get("consumerGroup")
    if group is not None:
        body.properties["consumerGroup"] = namespace.group(group)


ASKED: Final[Bodies] = {
    RequestCode.HEART_BEAT: (HeartbeatData, _heartbeat),
    RequestCode.LOCK_BATCH_MQ: (LockBatchRequestBody, _locks),
    RequestCode.UNLOCK_BATCH_MQ: (UnlockBatchRequestBody, _locks),
    RequestCode.QUERY_ASSIGNMENT: (QueryAssignmentRequestBody, _group_and_topic),
    RequestCode.SET_MESSAGE_REQUEST_MODE: (
        SetMessageRequestModeRequestBody,
        _group_and_topic,
    ),
    RequestCode.CHECK_CLIENT_CONFIG: (CheckClientRequestBody, _check),
    RequestCode.BATCH_ACK_MESSAGE: (BatchAckMessageRequestBody, _acks),
}
"""What clients ask."""

ANSWERED: Final[Bodies] = {
    RequestCode.LOCK_BATCH_MQ: (LockBatchResponseBody, _locked),
    RequestCode.QUERY_ASSIGNMENT: (QueryAssignmentResponseBody, _assignment),
}
"""What servers answer."""

ASKED_BY_BROKERS: Final[Bodies] = {
    RequestCode.RESET_CONSUMER_CLIENT_OFFSET: (ResetOffsetBody, _reset),
}
"""What brokers ask clients."""

ANSWERED_TO_BROKERS: Final[Bodies] = {
    RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT: (GetConsumerStatusBody, _status),
    RequestCode.GET_CONSUMER_RUNNING_INFO: (ConsumerRunningInfo, _running),
}
"""What clients answer them."""
