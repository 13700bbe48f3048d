"""SEND_REPLY_MESSAGE: a consumer answers a message whose producer waits for that.

The reply goes to the requester over the connection of its heartbeats
(PUSH_REPLY_MESSAGE_TO_CLIENT), and into the reply topic, where people can look for it.
Source: ReplyMessageProcessor.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.replies.keeping import ReplyKeeper, SendHeader
from twistedmq.broker.send.admission import BrokerStartingError
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerIdentity, SendConfig
from twistedmq.config.live import Live
from twistedmq.protocol import properties as props
from twistedmq.protocol.addresses import format_address, unpack
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command, Reply
from twistedmq.protocol.errors import (
    InvalidParameterError,
    MessageIllegalError,
    PermissionDeniedError,
    TopicNotFoundError,
    TwistedMQError,
)
from twistedmq.protocol.headers import (
    ReplyMessageRequestHeader,
)
from twistedmq.protocol.names import check_topic, may_send_to
from twistedmq.protocol.system_flags import is_writable
from twistedmq.remoting.interfaces import HandlerTable, Request

PUSH_TIMEOUT_S: Final = 10.0


class ReplyHandlers:
    """Serves SEND_REPLY_MESSAGE and SEND_REPLY_MESSAGE_V2.

    Args:
        clients: knows over which connection the requester is reached.
        topics: asked, and added to where a reply may create its topic.
        keeper: stores replies.
        identity: names and permission of this broker.
        sending: when sends are accepted.
        packed_host: this broker's packed address.
        wall_ms: the wall clock.
        random: chooses a queue where the sender leaves it to us.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        clients: ClientManager,
        topics: TopicTable,
        keeper: ReplyKeeper,
        identity: Live[BrokerIdentity],
        sending: Live[SendConfig],
        packed_host: bytes,
        wall_ms: Callable[[], int],
        random: Random,
    ) -> None:
        self._clients = clients
        self._topics = topics
        self._keeper = keeper
        self._identity = identity
        self._sending = sending
        self._packed_host = packed_host
        self._wall_ms = wall_ms
        self._random = random

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.SEND_REPLY_MESSAGE: self.reply,
            RequestCode.SEND_REPLY_MESSAGE_V2: self.reply,
        }

    def reply(self, request: Request) -> Deferred[Reply]:
        """Hand a reply to who waits for it; answered when that client has it."""
        header: SendHeader = request.header
        queue_id = self._checked_queue(header)
        properties = props.parse(header.properties or "")
        identity = self._identity.value
        marks = {
            props.MSG_REGION: identity.region,
            props.TRACE_ON: str(identity.trace_on).lower(),
        }
        pushed = self._push(request, header, properties | marks)
        stored = self._keeper.keep(request, queue_id, properties)

        def answer(problem: str | None) -> Reply:
            code = ResponseCode.SYSTEM_ERROR if problem else ResponseCode.SUCCESS
            return Reply(code, {**marks, **stored}, remark=problem)

        return pushed.addCallback(answer)

    def _checked_queue(self, header: SendHeader) -> int:
        """Give the queue of a reply that may be sent; else raise why not."""
        accept_from_ms = self._sending.value.accept_from_ms
        if accept_from_ms and self._wall_ms() < accept_from_ms:
            raise BrokerStartingError(accept_from_ms)
        identity = self._identity.value
        if not is_writable(identity.permission):
            raise PermissionDeniedError(
                f"the broker[{identity.broker_name}] sending message is forbidden"
            )
        topic = self._topic_of(header)
        if not is_writable(topic.perm):
            raise PermissionDeniedError(
                f"the topic[{header.topic}] sending message is forbidden"
            )
        if header.queue_id >= max(topic.write_queue_nums, topic.read_queue_nums):
            raise InvalidParameterError(
                f"request queueId[{header.queue_id}] is illegal, topic {header.topic}"
            )
        if header.queue_id < 0:
            return self._random.randrange(max(1, topic.write_queue_nums))
        return header.queue_id

    def _topic_of(self, header: SendHeader) -> TopicConfig:
        """Find the reply topic, or create it: clients of a namespace have their own."""
        name = header.topic
        try:
            check_topic(name)
        except MessageIllegalError as error:
            raise InvalidParameterError(str(error)) from error
        if not may_send_to(name):
            raise PermissionDeniedError(
                f"Sending message to topic[{name}] is forbidden."
            )
        count = header.default_topic_queue_nums
        created = self._topics.create_on_send(name, header.default_topic, count)
        if created is None:
            raise TopicNotFoundError(name, ", apply first please!")
        return created

    def _push(
        self, request: Request, header: SendHeader, properties: dict[str, str]
    ) -> Deferred[str | None]:
        """Give the reply to the requester; fires with what went wrong, or None."""
        client_id = properties.get(props.REPLY_TO_CLIENT)
        if client_id is None:
            return succeed(f"reply message properties[{props.REPLY_TO_CLIENT}] is null")
        connection = self._clients.find_producer(client_id)
        if connection is None:
            return succeed(
                f"push reply message fail, channel of <{client_id}> not found."
            )
        now_ms = self._wall_ms()
        told = ReplyMessageRequestHeader(
            producer_group=header.producer_group,
            topic=header.topic,
            default_topic=header.default_topic,
            default_topic_queue_nums=header.default_topic_queue_nums,
            queue_id=header.queue_id,
            sys_flag=header.sys_flag,
            born_timestamp=header.born_timestamp,
            flag=header.flag,
            properties=props.format(
                {**properties, props.PUSH_REPLY_TIME: f"{now_ms}"}
            ).decode(),
            reconsume_times=header.reconsume_times or 0,
            unit_mode=bool(header.unit_mode),
            born_host=request.connection.peer,
            store_host=format_address(*unpack(self._packed_host)),
            store_timestamp=now_ms,
        )
        code = RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT
        body = bytes(request.command.body)
        answered = connection.request(code, told, body, PUSH_TIMEOUT_S)
        return answered.addCallbacks(
            self._judge,
            self._failed,
            callbackArgs=(client_id,),
            errbackArgs=(client_id,),
        )

    def _judge(self, answer: Command, client_id: str) -> str | None:
        if answer.code == ResponseCode.SUCCESS:
            return None
        return f"push reply message to {client_id}fail."

    def _failed(self, failure: Failure, client_id: str) -> str:
        failure.trap(TwistedMQError)
        self._log.warn(
            "a reply did not reach {client_id}: {error}",
            client_id=client_id,
            error=failure.getErrorMessage(),
        )
        return f"push reply message to {client_id}fail."
