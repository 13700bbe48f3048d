"""What a pop wants: compiled once, and remembered as the group's subscription."""

from functools import lru_cache
from typing import Final

from twistedmq.broker.clients.consumer_group import Subscription
from twistedmq.broker.clients.manager import ClientManager
from twistedmq.broker.pull.subscriptions import subscription_data
from twistedmq.filter.expressions import TAG, Expressions
from twistedmq.filter.interfaces import ExpressionError, Filter
from twistedmq.filter.tag import EVERYTHING

_CACHED: Final = 10_000


class PopFilters:
    """Finds the filter of a pop.

    Args:
        clients: told of what groups want, as of pulls.
        expressions: the languages.
    """

    def __init__(self, clients: ClientManager, expressions: Expressions) -> None:
        self._clients = clients
        self._expressions = expressions
        self._compiled = lru_cache(_CACHED)(self._compile)

    def find(
        self, group: str, topic: str, expression_type: str | None, text: str | None
    ) -> Filter:
        """Give what the fields of a pop ask for; without a text, everything.

        Raises: ExpressionError.
        """
        if not text:
            expression_type, text = TAG, EVERYTHING
        try:
            wanted = self._compiled(topic, expression_type or TAG, text)
        except ExpressionError as error:
            raise ExpressionError(
                error.expression_type,
                error.text,
                f"parse the consumer's subscription failed: {error}",
            ) from error
        self._clients.note_pulled(group, topic, wanted)
        assert wanted.filter is not None
        return wanted.filter

    def _compile(self, topic: str, expression_type: str, text: str) -> Subscription:
        return Subscription(
            subscription_data(topic, expression_type, text),
            self._expressions.compile(expression_type, text),
        )
