"""What requests say that a group wants, where its heartbeats do not."""

from functools import lru_cache
from typing import Final

from twistedmq.broker.clients.consumer_group import Subscription
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.filter.expressions import TAG, Expressions, is_tag_type
from twistedmq.filter.interfaces import ExpressionError, Filter
from twistedmq.filter.tag import EVERYTHING, split_tags
from twistedmq.protocol.bodies import SubscriptionData
from twistedmq.protocol.properties import tags_code

_CACHED: Final = 10_000


class AskedSubscriptions:
    """Compiles what pulls and pops ask for, once, and has it remembered.

    Args:
        clients: told of what groups want.
        expressions: the languages.
    """

    def __init__(self, clients: ClientManager, expressions: Expressions) -> None:
        self._clients = clients
        self._expressions = expressions
        self._compiled = lru_cache(_CACHED)(self._compile)

    def filter_of(
        self, group: str, topic: str, expression_type: str | None, text: str | None
    ) -> Filter:
        """Give what *text* lets through; without one, everything.

        Raises: ExpressionError.
        """
        try:
            wanted = self._compiled(topic, expression_type or TAG, text or "")
        except ExpressionError as error:
            raise ExpressionError(
                error.expression_type,
                error.text,
                f"parse the consumer's subscription failed: {error.problem}",
            ) from error
        self._clients.note_pulled(group, topic, wanted)
        assert wanted.filter is not None
        return wanted.filter

    def _compile(self, topic: str, expression_type: str, text: str) -> Subscription:
        return Subscription(
            subscription_data(topic, expression_type, text),
            self._expressions.compile(expression_type, text),
        )


def subscription_data(
    topic: str, expression_type: str, text: str, version: int = 0
) -> SubscriptionData:
    """Give what a heartbeat would have said of a subscription."""
    tags = split_tags(text) if is_tag_type(expression_type) else []
    return SubscriptionData(
        topic=topic,
        sub_string=text or EVERYTHING,
        expression_type=expression_type,
        sub_version=version,
        tags_set=tags,
        code_set=[tags_code(tag) for tag in tags],
    )
