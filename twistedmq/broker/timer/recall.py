"""RECALL_MESSAGE: a message that is not due yet is called back by its handle.

What calls it back is a message of its own, due at the same time: in that slot they
meet. Source: RecallMessageProcessor.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from twistedmq.broker.inner.message import InnerMessage
from twistedmq.broker.inner.writer import InnerWriter
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.live import Live
from twistedmq.config.timer import TimerConfig
from twistedmq.protocol import properties as props
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import (
    PermissionDeniedError,
    ServiceUnavailableError,
    TwistedMQError,
)
from twistedmq.protocol.headers import RecallMessageRequestHeader
from twistedmq.protocol.recall_handle import RecallHandle, parse_recall_handle
from twistedmq.protocol.system_flags import is_writable
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import StoreFullError

RECALL_TAG = "_RECALL_TAG_"
_DONE = "not set any response code"
"""What the genuine broker's answer has as its remark where all went well."""


class RecallRefusedError(TwistedMQError):
    """What the handle names cannot be called back here, or not any more."""

    code = ResponseCode.ILLEGAL_OPERATION


class UnknownTopicError(TwistedMQError):
    """A message of a topic that there is not."""

    code = ResponseCode.TOPIC_NOT_EXIST

    def __init__(self, topic: str) -> None:
        """Keep the *topic*."""
        super().__init__(f"recall failed, the topic[{topic}] not exist")
        self.topic = topic


class RecallHandlers:
    """Serves RECALL_MESSAGE.

    Args:
        topics: which topics there are.
        inner: diverts and stores the message that calls back.
        identity: the broker's name, region and permission.
        sending: from when on sends are accepted.
        config: whether this is allowed, and how far ahead.
        wall_ms: the wall clock.
    """

    def __init__(
        self,
        *,
        topics: TopicTable,
        inner: InnerWriter,
        identity: Live[BrokerIdentity],
        sending: Live[SendConfig],
        config: Live[TimerConfig],
        wall_ms: Callable[[], int],
    ) -> None:
        self._topics = topics
        self._inner = inner
        self._identity = identity
        self._sending = sending
        self._config = config
        self._wall_ms = wall_ms

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {RequestCode.RECALL_MESSAGE: self.recall}

    def recall(self, request: Request) -> Reply | Deferred[Reply]:
        """Store what calls the message back."""
        marks = {props.MSG_REGION: self._identity.value.region}
        try:
            handle = self._check(request.header)
            message = self._calling_back(request, handle)
            appended = self._inner.write([self._inner.divert(message)])
        except StoreFullError as error:
            return _failed(f"service not available now: {error}", marks)
        except TwistedMQError as error:
            return Reply(error.code, marks, remark=str(error))
        done = Reply(header={**marks, "msgId": handle.unique_id}, remark=_DONE)
        safe = self._inner.safe(appended)
        if safe is None:
            return done

        def not_safe(failure: Failure) -> Reply:
            failure.trap(StoreFullError)
            return _failed(f"service not available now: {failure.value}", marks)

        return safe.addCallbacks(lambda _: done, not_safe)

    def _check(self, header: RecallMessageRequestHeader) -> RecallHandle:
        """Give the handle of a request that may be served.

        Raises: TwistedMQError.
        """
        config, identity = self._config.value, self._identity.value
        if not config.recall_enabled:
            raise PermissionDeniedError(
                "recall failed, operation is forbidden (recallMessageEnable=false)"
            )
        now_ms = self._wall_ms()
        is_open = is_writable(identity.permission) or config.recall_while_closed
        if now_ms < self._sending.value.accept_from_ms or not is_open:
            raise ServiceUnavailableError("recall failed, broker service not available")
        if self._topics.get(header.topic) is None:
            raise UnknownTopicError(header.topic)
        handle = parse_recall_handle(header.recall_handle)
        if handle.topic != header.topic:
            raise RecallRefusedError("recall failed, topic not match")
        if handle.broker_name != identity.broker_name:
            raise RecallRefusedError("recall failed, broker service not available")
        text = handle.deliver_ms
        deliver_ms = int(text) if text.isascii() and text.isdigit() else -1
        if not 0 < deliver_ms - now_ms < config.max_delay_s * 1000:
            raise RecallRefusedError("recall failed, timestamp invalid")
        return handle

    def _calling_back(self, request: Request, handle: RecallHandle) -> InnerMessage:
        now_ms, key = self._wall_ms(), handle.unique_id
        if self._config.value.recall_names_topic:
            key = f"{handle.topic}+{key}"
        properties = {
            props.TIMER_DEL_UNIQKEY: key,
            props.UNIQ_KEY: handle.unique_id,
            props.TIMER_DELIVER_MS: handle.deliver_ms,
            props.BORN_TIMESTAMP: str(now_ms),
            props.TRACE_CONTEXT: "",
            props.PRODUCER_GROUP: request.header.producer_group or "",
            props.TAGS: RECALL_TAG,
        }
        return InnerMessage(
            topic=handle.topic,
            queue_id=0,
            properties=properties,
            body=b"0",
            born_ms=now_ms,
            born_host=request.connection.packed_peer,
        )


def _failed(reason: str, marks: dict[str, str]) -> Reply:
    return Reply(
        ResponseCode.SYSTEM_ERROR,
        marks,
        remark=f"recall failed, execute error: {reason}",
    )
