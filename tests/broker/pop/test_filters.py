import pytest
from pop_side import PopSide

from twistedmq.broker.pop.filters import PopFilters
from twistedmq.filter.interfaces import PASS_ALL, ExpressionError
from twistedmq.protocol.properties import tags_code


def test_filters_are_compiled_once_and_remembered() -> None:
    side = PopSide()
    filters = PopFilters(side.clients, side.expressions)
    wanted = filters.find("G", "T", "TAG", "red")
    assert wanted.tags is not None
    assert wanted.tags(tags_code("red"))
    assert filters.find("H", "T", None, "red") is wanted
    known = side.clients.subscription("G", "T")
    assert known is not None
    assert known.data.sub_string == "red"
    assert filters.find("G", "T", "SQL92", "") is PASS_ALL


def test_a_wrong_expression() -> None:
    side = PopSide()
    with pytest.raises(ExpressionError, match="parse the consumer's subscription"):
        PopFilters(side.clients, side.expressions).find("G", "T", "NONE", "x")
