"""What can go wrong with a consumer that is polled."""

from collections.abc import Sequence

from twistedmq.client.errors import ClientError
from twistedmq.protocol.bodies.queues import MessageQueue


class NotAssignedError(ClientError):
    """A queue is not one of this consumer's, now or any more."""

    def __init__(self, queue: MessageQueue) -> None:
        """Keep the queue."""
        super().__init__(f"{queue} is not assigned to this consumer")
        self.queue = queue


class SubscribedError(ClientError):
    """Queues cannot be assigned to a consumer with subscriptions: its group does it."""

    def __init__(self, topics: Sequence[str]) -> None:
        """Keep the topics that it has subscribed to."""
        super().__init__(f"this consumer subscribes to {', '.join(topics)}")
        self.topics = topics


class PollUnderWayError(ClientError):
    """A poll was made while another one waits: which messages would be done?"""

    def __init__(self) -> None:
        super().__init__("another poll of this consumer waits for messages")


class CommitFailedError(ClientError):
    """The offsets of some queues are not kept; what was given of them may come again.

    They are tried again with the next commit.
    """

    def __init__(self, queues: Sequence[MessageQueue]) -> None:
        """Keep the queues."""
        shown = ", ".join(map(str, queues))
        super().__init__(f"the offsets of {len(queues)} queues are not kept: {shown}")
        self.queues = queues
