"""Which queues a member of a group consumes, as a broker works it out."""

from enum import StrEnum

from msgspec import Struct, field

from twistedmq.protocol.bodies.clients import MessageModel
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.numbers import Int32


class MessageRequestMode(StrEnum):
    """How a group gets its messages."""

    PULL = "PULL"
    POP = "POP"


class QueryAssignmentRequestBody(Struct, kw_only=True, rename="camel"):
    """A member asks for its queues of one topic."""

    client_id: str | None = None
    consumer_group: str | None = None
    message_model: MessageModel | None = None
    strategy_name: str | None = None
    topic: str | None = None


class MessageQueueAssignment(Struct, kw_only=True, rename="camel"):
    """One queue, and how it is consumed. Queue -1 is every queue of its broker."""

    attachments: dict[str, str] | None = None
    message_queue: MessageQueue = field(default_factory=MessageQueue)
    mode: MessageRequestMode | None = MessageRequestMode.PULL


class QueryAssignmentResponseBody(Struct, kw_only=True, rename="camel"):
    """The queues of a member; None: no answer, it had better keep what it has."""

    message_queue_assignments: list[MessageQueueAssignment] | None = None


class SetMessageRequestModeRequestBody(Struct, kw_only=True, rename="camel"):
    """How a group is to consume a topic."""

    consumer_group: str | None = None
    mode: MessageRequestMode = MessageRequestMode.PULL
    pop_share_queue_num: Int32 = 0
    topic: str | None = None


class MessageRequestModeSerializeWrapper(Struct, kw_only=True, rename="camel"):
    """All of them, by topic and group."""

    message_request_mode_map: dict[
        str, dict[str, SetMessageRequestModeRequestBody]
    ] = {}
