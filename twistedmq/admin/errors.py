"""What can go wrong for an operator, besides the errors of the client."""

from collections.abc import Sequence

from twistedmq.client.errors import ClientError
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import InvalidParameterError


class NotThereError(InvalidParameterError):
    """What was asked about is not there: a cluster of that name, say."""

    def __init__(self, kind: str, name: str, known: Sequence[str] = ()) -> None:
        """Keep what *kind* of thing it is, its *name*, and the names there are."""
        there_are = f", only {', '.join(known)}" if known else ""
        super().__init__(f"there is no {kind} {name!r}{there_are}")
        self.kind = kind
        self.name = name
        self.known = known


class NotOnlineError(ClientError):
    """No client of that group is connected to the broker that was asked."""

    code = ResponseCode.CONSUMER_NOT_ONLINE

    def __init__(self, group: str, address: str, remark: str | None = None) -> None:
        """Keep the *group* and the *address* of the broker that knows nobody of it."""
        super().__init__(remark or f"{address} knows no client of group {group!r}")
        self.group = group
        self.address = address


class MessageNotFoundError(ClientError):
    """There is no such message, or no longer."""

    code = ResponseCode.NO_MESSAGE

    def __init__(self, topic: str, wanted: str) -> None:
        """Keep the *topic* and what was *wanted*: an id, a key, an offset."""
        super().__init__(f"topic {topic!r} has no message {wanted}")
        self.topic = topic
        self.wanted = wanted


class OffsetOutOfRangeError(ClientError):
    """A group cannot be put to an offset that the queue does not have."""

    code = ResponseCode.INVALID_PARAMETER

    def __init__(self, queue: MessageQueue, offset: int, least: int, end: int) -> None:
        """Keep the *queue*, the *offset*, and what it may be: *least* to *end*."""
        super().__init__(
            f"offset {offset} of {queue.topic}@{queue.broker_name}:{queue.queue_id} "
            f"is not within {least} to {end}"
        )
        self.queue = queue
        self.offset = offset
        self.least = least
        self.end = end


class MembersInTheWayError(ClientError):
    """Members of a group are connected that a broker cannot move: they would go on, and
    write over what was changed.
    """

    def __init__(self, group: str, broker: str) -> None:
        """Keep the *group* and the name of the *broker*."""
        super().__init__(
            f"members of {group!r} are connected, and broker {broker!r} does not move "
            "them (useServerSideResetOffset is not true): stop them first"
        )
        self.group = group
        self.broker = broker
