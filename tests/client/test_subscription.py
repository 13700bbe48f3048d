from typing import Any

import pytest

from twistedmq.client.errors import ArgumentError
from twistedmq.client.subscription import Sql, Subscription, check_subscriptions
from twistedmq.filter.interfaces import ExpressionError
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.properties import java_hash


def test_an_expression_names_tags() -> None:
    assert Subscription("T", "a || b ||").tags == {"a", "b"}


def test_everything_has_no_tags() -> None:
    assert not Subscription("T").tags
    assert not Subscription("T", "").tags


def test_another_language_has_no_tags() -> None:
    assert not Subscription("T", "a > 1", expression_type="SQL92").tags


def test_brokers_are_told_the_hashes() -> None:
    data = Subscription("T", "b || a", version=7).data()
    assert data.topic == "T"
    assert data.sub_string == "b || a"
    assert data.sub_version == 7
    assert data.tags_set == ["a", "b"]
    assert data.code_set == [java_hash("a"), java_hash("b")]


def test_an_empty_expression_is_told_as_everything() -> None:
    assert Subscription("T", "").data().sub_string == "*"


def test_a_condition_is_read_before_anything_is_sent() -> None:
    wanted = Subscription.of("T", Sql("a > 1"), 7)
    assert wanted == Subscription("T", "a > 1", 7, "SQL92")
    assert type(wanted.expression) is str
    assert Subscription.of("T", "a || b", 7) == Subscription("T", "a || b", 7)
    with pytest.raises(ExpressionError):
        Sql("a >")


@pytest.mark.parametrize("wanted", [["orders"], "orders", None])
def test_what_is_no_table_is_refused(wanted: Any) -> None:
    with pytest.raises(ArgumentError, match="not a table of topics"):
        check_subscriptions(wanted)


def test_what_is_wanted_is_text_and_of_a_topic() -> None:
    check_subscriptions({"orders": "*", "refunds": Sql("a > 1"), "rest": ""})
    wrong: Any = {"orders": ["new", "paid"]}
    with pytest.raises(ArgumentError, match=r"subscriptions\['orders'\] is \['new'"):
        check_subscriptions(wrong)
    with pytest.raises(MessageIllegalError):
        check_subscriptions({"no topic": "*"})
