import pytest
from zope.interface import implementer

from twistedmq.filter.expressions import Expressions, is_tag_type
from twistedmq.filter.interfaces import PASS_ALL, ExpressionError, Filter, IExpression


@implementer(IExpression)
class NoneExpression:
    expression_type = "NONE"

    def compile(self, text: str) -> Filter:
        return Filter(tags=lambda code: False)


def test_a_missing_type_means_tags() -> None:
    assert Expressions().compile(None, None) is PASS_ALL
    assert is_tag_type(None)
    assert is_tag_type("TAG")
    assert not is_tag_type("SQL92")


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ExpressionError, match="TAG, SQL92"):
        Expressions().compile("SQL99", "a > 1")


def test_languages_of_plugins_are_known() -> None:
    expressions = Expressions([NoneExpression()])
    tags = expressions.compile("NONE", "x").tags
    assert tags is not None
    assert not tags(1)
    assert list(expressions) == ["TAG", "SQL92", "NONE"]
