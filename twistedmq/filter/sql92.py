"""The SQL92 language: conditions on the properties of messages.

What reads it is imported when the first such subscription comes.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from zope.interface import implementer

from twistedmq.filter.interfaces import ExpressionError, Filter, IExpression

MOST_CHARACTERS: Final = 16_384
"""Length of an expression, unless a setting says something else. Reading one of this
length takes about a tenth of a second, and the broker does nothing else meanwhile."""
SETTING: Final = "maxExpressionCharacters"

_CACHED: Final = 256


@implementer(IExpression)
class Sql92Expression:
    """Conditions such as ``price BETWEEN 1 AND 9 AND color IN ('red', 'blue')``."""

    expression_type = "SQL92"

    def __init__(self, most: Callable[[], int] = lambda: MOST_CHARACTERS) -> None:
        """Begin with an empty cache; *most* gives how long an expression may be."""
        self._most = most
        self._outcome = lru_cache(_CACHED)(self._compiled)

    def compile(self, text: str) -> Filter:
        """Compile to a look at the encoded properties of each record."""
        if len(text) > (most := self._most()):
            shown = f"{text[:40]}..."
            problem = f"{len(text)} characters are more than {SETTING}={most}"
            raise ExpressionError(self.expression_type, shown, problem)
        outcome = self._outcome(text)
        if isinstance(outcome, ExpressionError):
            # one of its own, as each that is raised grows a traceback
            raise ExpressionError(outcome.expression_type, text, outcome.problem)
        return outcome

    def _compiled(self, text: str) -> Filter | ExpressionError:
        from twistedmq.filter.sql.predicate import compile_text  # noqa: PLC0415

        try:
            return compile_text(self.expression_type, text)
        except ExpressionError as error:
            return error.with_traceback(None)
