"""The languages of subscriptions by name."""

from collections.abc import Callable, Iterable, Iterator

from twistedmq.filter.interfaces import ExpressionError, Filter, IExpression
from twistedmq.filter.sql92 import MOST_CHARACTERS, Sql92Expression
from twistedmq.filter.tag import TagExpression

TAG = TagExpression.expression_type


def is_tag_type(expression_type: str | None) -> bool:
    """Whether a subscription of this type is one of tags; the default is."""
    return not expression_type or expression_type == TAG


class Expressions:
    """What subscriptions may be written in."""

    def __init__(
        self,
        more: Iterable[IExpression] = (),
        most_characters: Callable[[], int] = lambda: MOST_CHARACTERS,
    ) -> None:
        """Know TAG, SQL92, and the languages of *more* (plugins).

        *most_characters* gives how long a condition may be.
        """
        known = (TagExpression(), Sql92Expression(most_characters), *more)
        self._by_type: dict[str, IExpression] = {
            each.expression_type: each for each in known
        }

    def __iter__(self) -> Iterator[str]:
        """Give the names of the known languages."""
        return iter(self._by_type)

    def compile(self, expression_type: str | None, text: str | None) -> Filter:
        """Compile a subscription.

        Raises:
            ExpressionError: the language is not known here, or *text* is not in it.
        """
        name = expression_type or TAG
        language = self._by_type.get(name)
        if language is None:
            known = ", ".join(self._by_type)
            raise ExpressionError(name, text or "", f"not one of {known}")
        return language.compile(text or "")
