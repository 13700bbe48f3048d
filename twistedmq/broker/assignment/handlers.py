"""QUERY_ASSIGNMENT, and the choice between pulling and popping.

Source: QueryAssignmentProcessor; AdminBrokerProcessor for the list of all choices.
"""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from twistedmq.broker.assignment.balance import popped_share, pulled_share
from twistedmq.broker.assignment.file import ModeFile
from twistedmq.broker.assignment.modes import RequestModes
from twistedmq.broker.assignment.routes import Queues, ReadableQueues
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.groups.table import GroupTable
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.broker import BrokerIdentity
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    MessageModel,
    MessageQueue,
    MessageQueueAssignment,
    MessageRequestMode,
    MessageRequestModeSerializeWrapper,
    QueryAssignmentRequestBody,
    QueryAssignmentResponseBody,
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import (
    FieldError,
    GroupNotFoundError,
    PermissionDeniedError,
    TopicNotFoundError,
)
from twistedmq.protocol.names import is_lmq, is_retry_topic
from twistedmq.protocol.queue_shares import BY_NAME
from twistedmq.remoting.interfaces import HandlerTable, Request


class AssignmentHandlers:
    """Shares queues out among the members of a group that ask for it.

    Args:
        queues: which queues a topic has.
        modes: what operators chose.
        file: keeps that.
        clients: who is in a group.
        topics: a mode can be chosen for those there are.
        groups: likewise.
        identity: this broker's name.
        config: whether queues are shared out at all.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        queues: ReadableQueues,
        modes: RequestModes,
        file: ModeFile,
        clients: ClientManager,
        topics: TopicTable,
        groups: GroupTable,
        identity: Live[BrokerIdentity],
        config: Live[AssignmentConfig],
    ) -> None:
        self._queues = queues
        self._modes = modes
        self._file = file
        self._clients = clients
        self._topics = topics
        self._groups = groups
        self._identity = identity
        self._config = config

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.QUERY_ASSIGNMENT: self.query,
            RequestCode.SET_MESSAGE_REQUEST_MODE: self.set_mode,
            RequestCode.GET_ALL_MESSAGE_REQUEST_MODE: self.all_modes,
        }

    # Queues

    def query(self, request: Request) -> Reply | Deferred[Reply]:
        """Give a member the queues it is to consume.

        No list of queues means that the broker cannot tell; the member then keeps what
        it has.
        """
        wish = _read(request, QueryAssignmentRequestBody)
        _need(wish, "topic", "consumerGroup", "messageModel")
        if is_lmq(wish.topic) and wish.message_model == MessageModel.CLUSTERING:
            light = MessageQueue(wish.topic, self._identity.value.broker_name, 0)
            return self._answer((light,), wish)
        queues = self._queues.of(wish.topic)
        if isinstance(queues, Deferred):
            return queues.addCallback(self._answer, wish)
        return self._answer(queues, wish)

    def _answer(self, queues: Queues | None, wish: Any) -> Reply:
        mode, share_with = self._modes.of(wish.topic, wish.consumer_group)
        given = None if queues is None else self._share(queues, wish, mode, share_with)
        if given is None:
            return Reply(body=loose_json.encode(QueryAssignmentResponseBody()))
        body = QueryAssignmentResponseBody(
            message_queue_assignments=[
                MessageQueueAssignment(message_queue=queue, mode=mode)
                for queue in given
            ]
        )
        return Reply(body=loose_json.encode(body))

    def _share(
        self, queues: Queues, wish: Any, mode: MessageRequestMode, share_with: int
    ) -> list[MessageQueue] | None:
        """Give what *wish* asks for of *queues*; None if that cannot be told."""
        shared_out = wish.message_model == MessageModel.CLUSTERING
        if not shared_out or not self._config.value.balance:
            return list(queues)
        shares = BY_NAME.get(wish.strategy_name or "")
        if shares is None:
            self._log.warn(
                "group {group}: {client} asks for queues by the strategy {strategy}, "
                "which this broker does not know; it knows {known}",
                group=wish.consumer_group,
                client=wish.client_id,
                strategy=wish.strategy_name,
                known=", ".join(BY_NAME),
            )
            return None
        members = self._clients.consumer_ids(wish.consumer_group)
        if not members or not queues:
            return None
        member = wish.client_id or ""
        if mode == MessageRequestMode.POP:
            return popped_share(shares, member, members, queues, share_with)
        return pulled_share(shares, member, members, queues)

    # Modes

    def set_mode(self, request: Request) -> Reply | Deferred[Reply]:
        """Have a group pull or pop a topic; answered when that is on disk."""
        choice = _read(request, SetMessageRequestModeRequestBody)
        _need(choice, "topic", "consumerGroup")
        topic, group = choice.topic, choice.consumer_group
        if is_retry_topic(topic):
            raise PermissionDeniedError("retry topic is not allowed to set mode")
        if self._topics.get(topic) is None:
            raise TopicNotFoundError(topic)
        if self._groups.get(group) is None:
            raise GroupNotFoundError(group)
        self._modes.choose(topic, group, choice)
        saved = self._file.saved()
        return Reply() if saved is None else saved.addCallback(lambda _: Reply())

    def all_modes(self, _: Request) -> Reply:
        """Give all choices."""
        body = MessageRequestModeSerializeWrapper(
            message_request_mode_map=self._modes.all_chosen()
        )
        return Reply(body=loose_json.encode(body))


def _read(request: Request, kind: type[Any]) -> Any:
    return loose_json.decode(request.command.body, type=kind)


_FIELDS = {
    "topic": "topic",
    "consumerGroup": "consumer_group",
    "messageModel": "message_model",
}


def _need(body: Any, *names: str) -> None:
    """Raise FieldError for a member that the genuine programs always send."""
    for name in names:
        if not getattr(body, _FIELDS[name]):
            raise FieldError(type(body).__name__, f"{name} is missing")
