import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from twistedmq.filter.interfaces import PASS_ALL, IExpression
from twistedmq.filter.tag import TagExpression, split_tags
from twistedmq.protocol.properties import tags_code


def test_provides_the_interface() -> None:
    assert verifyObject(IExpression, TagExpression())


@pytest.mark.parametrize("text", ["", "*"])
def test_everything_asks_nothing(text: str) -> None:
    assert TagExpression().compile(text) is PASS_ALL


def test_tags_are_joined_by_two_bars_with_or_without_blanks() -> None:
    tags = TagExpression().compile("TagA||TagB || TagZ").tags
    assert tags is not None
    assert [tags(tags_code(tag)) for tag in ("TagA", "TagB", "TagZ", "TagC")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_message_without_a_tag_is_not_matched_by_tags() -> None:
    tags = TagExpression().compile("TagA").tags
    assert tags is not None
    assert not tags(0)


def test_only_bars_match_nothing() -> None:
    tags = TagExpression().compile("||").tags
    assert tags is not None
    assert not tags(tags_code("||"))


@given(st.lists(st.text(alphabet="abcXYZ09_-", min_size=1), min_size=1))
def test_each_listed_tag_is_let_through(wanted: list[str]) -> None:
    tags = TagExpression().compile(" || ".join(wanted)).tags
    assert tags is not None
    assert all(tags(tags_code(tag)) for tag in wanted)
    assert split_tags(" || ".join(wanted)) == wanted
