import pytest
from read_side import ReadSide

from twistedmq.broker.clients.asked import subscription_data
from twistedmq.filter.interfaces import ExpressionError
from twistedmq.protocol.properties import tags_code


def test_filters_are_compiled_once_and_remembered() -> None:
    side = ReadSide()
    wanted = side.asked.filter_of("G", "T", "TAG", "red")
    assert wanted.tags is not None
    assert wanted.tags(tags_code("red"))
    assert side.asked.filter_of("H", "T", None, "red") is wanted
    known = side.clients.subscription("G", "T")
    assert known is not None
    assert known.data.sub_string == "red"


def test_without_a_text_everything_is_wanted() -> None:
    side = ReadSide()
    wanted = side.asked.filter_of("G", "T", None, None)
    assert (wanted.tags, wanted.matches) == (None, None)
    known = side.clients.subscription("G", "T")
    assert known is not None
    assert known.data.sub_string == "*"


def test_a_wrong_expression_is_said_once() -> None:
    with pytest.raises(ExpressionError) as caught:
        ReadSide().asked.filter_of("G", "T", "NONE", "x = 1")
    told = str(caught.value)
    assert "parse the consumer's subscription failed: not one of" in told
    assert told.count("x = 1") == 1


def test_the_data_of_a_subscription_are_as_a_client_builds_them() -> None:
    data = subscription_data("T", "TAG", "TagA || TagB")
    assert data.tags_set == ["TagA", "TagB"]
    assert data.code_set == [tags_code("TagA"), tags_code("TagB")]
    assert subscription_data("T", "TAG", "").sub_string == "*"
    assert subscription_data("T", "SQL92", "a || b").tags_set == []
