"""What this broker adds to a genuine body; a genuine tool skips it."""

from msgspec import Struct, field

from twistedmq.protocol.bodies.clients import ConsumerConnection
from twistedmq.protocol.bodies.queues import MessageQueue


class SubscriptionOpinion(Struct, kw_only=True, rename="camel"):
    """What some members of a group want of a topic, where others want something else.

    An empty expression: they do not subscribe to it.
    """

    client_ids: list[str] = []
    expression: str = ""
    expression_type: str = ""
    topic: str = ""


class WatchedConsumerConnection(ConsumerConnection, kw_only=True, rename="camel"):
    """The members of a consumer group, where they differ, and who locks what."""

    locked_queues: dict[str, list[MessageQueue]] = field(default_factory=dict)
    """By client id."""
    subscription_differences: list[SubscriptionOpinion] = field(default_factory=list)
