"""What can go wrong with messages that were popped."""

from collections.abc import Sequence

from twistedmq.client.errors import ClientError
from twistedmq.client.message import ReceivedMessage
from twistedmq.protocol.codes import ResponseCode


class NotPoppedError(ClientError):
    """A message has no receipt handle: it was pulled, or never received."""

    code = ResponseCode.INVALID_PARAMETER

    def __init__(self, message_id: str) -> None:
        """Keep the id of the message."""
        super().__init__(f"message {message_id} has no receipt handle: pop it first")
        self.message_id = message_id


class ReceiptHandleExpiredError(ClientError):
    """The time of a message is over, or it has another handle: it comes again.

    Nothing was sent where this could be seen from the handle.
    """

    code = ResponseCode.NO_MESSAGE

    def __init__(self, message_id: str, handle: str, late_ms: int | None) -> None:
        """Keep the message's id, its handle, and how late it is, if that is known."""
        how = "is no good any more" if late_ms is None else f"ended {late_ms} ms ago"
        super().__init__(f"the receipt handle {handle!r} of {message_id} {how}")
        self.message_id = message_id
        self.handle = handle
        self.late_ms = late_ms


class AckFailedError(ClientError):
    """Some of the messages that were to be acked are not; they come again.

    ``failures`` has each with its error; all others are acked.
    """

    def __init__(
        self, total: int, failures: Sequence[tuple[ReceivedMessage, Exception]]
    ) -> None:
        """Keep what failed, of how many in all."""
        super().__init__(
            f"{len(failures)} of {total} messages are not acked; "
            f"the first: {failures[0][1]}"
        )
        self.failures = list(failures)
