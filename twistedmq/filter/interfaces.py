"""The door of the filters: a subscription text becomes predicates."""

from msgspec import Struct
from zope.interface import Attribute, Interface

from twistedmq.protocol.codes import ResponseCode
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.store.interfaces import RecordPredicate, TagsPredicate


class Filter(Struct, frozen=True):
    """A compiled subscription: what the store asks of each message.

    ``tags`` looks at the hash in the queue entry and costs nothing; ``matches`` reads
    the record and is None where the hash says all that the broker needs to know.
    """

    tags: TagsPredicate | None = None
    matches: RecordPredicate | None = None


PASS_ALL = Filter()
"""Lets every message through."""


class ExpressionError(TwistedMQError):
    """A subscription cannot be parsed."""

    code = ResponseCode.SUBSCRIPTION_PARSE_FAILED

    def __init__(self, expression_type: str, text: str, problem: str) -> None:
        """Keep the type and text of the expression; *problem* says what is wrong."""
        super().__init__(f"{expression_type} expression {text!r}: {problem}")
        self.expression_type = expression_type
        self.text = text
        self.problem = problem


class PropertyFilterOffError(TwistedMQError):
    """A subscription looks at properties, and this broker looks at tags only."""

    def __init__(self, expression_type: str | None) -> None:
        """Keep the *expression_type*; the setting is enablePropertyFilter."""
        super().__init__(
            "The broker does not support consumer to filter message by "
            f"{expression_type}"
        )
        self.expression_type = expression_type


class IExpression(Interface):
    """A language of subscriptions."""

    expression_type: str = Attribute('The name in subscriptions: "TAG", "SQL92".')

    def compile(text: str) -> Filter:
        """Compile *text*.

        Raises:
            ExpressionError: *text* is not in this language.
        """
