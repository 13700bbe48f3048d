"""What a consumer wants of a topic: what brokers are told, what the client checks."""

from msgspec import Struct

from twistedmq.filter.tag import EVERYTHING, split_tags
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.properties import java_hash

TAG = "TAG"


class Subscription(Struct, frozen=True):
    """One topic of a consumer.

    ``version`` tells the broker which of two subscriptions is newer (wall clock, ms).
    """

    topic: str
    expression: str = EVERYTHING
    version: int = 0
    expression_type: str = TAG

    @property
    def tags(self) -> frozenset[str]:
        """The tags wanted; empty where every message is."""
        if self.expression_type != TAG:
            return frozenset()
        return frozenset(split_tags(self.expression))

    def data(self) -> SubscriptionData:
        """Give what goes into heartbeats."""
        tags = sorted(self.tags)
        return SubscriptionData(
            topic=self.topic,
            sub_string=self.expression or EVERYTHING,
            tags_set=tags,
            code_set=[java_hash(tag) for tag in tags],
            sub_version=self.version,
            expression_type=self.expression_type,
        )
