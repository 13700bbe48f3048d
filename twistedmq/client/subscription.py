"""What a consumer wants of a topic: what brokers are told, what the client checks."""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from twistedmq.client.errors import ArgumentError
from twistedmq.filter.sql92 import Sql92Expression
from twistedmq.filter.tag import EVERYTHING, split_tags
from twistedmq.protocol import names
from twistedmq.protocol.bodies.subscriptions import SubscriptionData
from twistedmq.protocol.properties import java_hash

TAG = "TAG"


class Sql(str):
    """A condition on the properties of messages, in place of tags.

    ``Sql("amount BETWEEN 10 AND 99 AND region IN ('eu', 'uk')")``

    Raises:
        ExpressionError: it cannot be read. Nothing was sent.
    """

    __slots__ = ()

    def __new__(cls, condition: str) -> Self:
        """Read it, so that a wrong one is found here and not at a broker."""
        Sql92Expression().compile(condition)
        return super().__new__(cls, condition)


def expression_type(expression: str) -> str:
    """Give the language of what a user subscribed to."""
    is_sql = isinstance(expression, Sql)
    return Sql92Expression.expression_type if is_sql else TAG


def check_subscriptions(wanted: Mapping[str, str]) -> None:
    """See that *wanted* names topics, and says of each what is wanted.

    Raises:
        ArgumentError: it is no such table.
        MessageIllegalError: a topic cannot have that name.
    """
    if not isinstance(wanted, Mapping):
        limit = 'a table of topics and expressions, {"orders": "*"}'
        raise ArgumentError("subscriptions", wanted, limit)
    for topic, expression in wanted.items():
        names.check_topic(topic)
        if not isinstance(expression, str):
            limit = "*, tags joined by ||, or an Sql"
            raise ArgumentError(f"subscriptions[{topic!r}]", expression, limit)


class Subscription(Struct, frozen=True):
    """One topic of a consumer.

    ``version`` tells the broker which of two subscriptions is newer (wall clock, ms).
    """

    topic: str
    expression: str = EVERYTHING
    version: int = 0
    expression_type: str = TAG

    @classmethod
    def of(cls, topic: str, expression: str, version: int) -> Self:
        """Subscribe to tags, or to an ``Sql``."""
        return cls(topic, str(expression), version, expression_type(expression))

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
