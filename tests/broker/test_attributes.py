import pytest

from twistedmq.broker.attributes import (
    GROUP_ATTRIBUTES,
    TOPIC_ATTRIBUTES,
    AttributesError,
    apply_changes,
    parse_changes,
)


def test_nothing_is_no_change() -> None:
    assert parse_changes(None) == parse_changes("") == {}


def test_signs_stay_part_of_the_keys() -> None:
    text = "+message.type=FIFO,-reserve.time"
    assert parse_changes(text) == {"+message.type": "FIFO", "-reserve.time": ""}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a=b", "add/alter attribute format is wrong: a"),
        ("a", "delete attribute format is wrong: a"),
        ("+a=1,+a=2", "key duplication"),
    ],
)
def test_what_is_no_change_is_refused(text: str, problem: str) -> None:
    with pytest.raises(AttributesError, match=problem.replace("+", r"\+")):
        parse_changes(text)


def test_a_new_topic_gets_what_is_added() -> None:
    changes = {"+message.type": "DELAY", "+queue.type": "SimpleCQ"}
    attributes = apply_changes(None, changes, TOPIC_ATTRIBUTES)
    assert attributes == {"message.type": "DELAY", "queue.type": "SimpleCQ"}


def test_how_much_a_group_heeds_priorities_is_a_percentage() -> None:
    changes = {"+priority.factor": "50"}
    assert apply_changes(None, changes, GROUP_ATTRIBUTES) == {"priority.factor": "50"}
    for wrong in ("101", "-1", "", "half", "9" * 9999):
        with pytest.raises(AttributesError, match=r"priority\.factor"):
            apply_changes(None, {"+priority.factor": wrong}, GROUP_ATTRIBUTES)


def test_an_attribute_is_changed_and_taken_away() -> None:
    current = {"message.type": "DELAY"}
    changed = apply_changes(current, {"+message.type": "FIFO"}, TOPIC_ATTRIBUTES)
    assert changed == {"message.type": "FIFO"}
    assert apply_changes(changed, {"-message.type": ""}, TOPIC_ATTRIBUTES) == {}
    assert current == {"message.type": "DELAY"}


@pytest.mark.parametrize(
    ("current", "changes", "problem"),
    [
        (None, {"-message.type": ""}, "only add attribute"),
        ({}, {"-message.type": ""}, "attempt to delete a nonexistent key"),
        ({}, {"*message.type": "x"}, "wrong format key"),
        ({}, {"+": "x"}, "kv string format wrong"),
        ({}, {"+a+b": "x"}, "kv string format wrong"),
        ({}, {"+colour": "red"}, "unsupported key: colour"),
        ({}, {"+queue.type": "SimpleCQ"}, "unchangeable"),
        ({}, {"+message.type": "priority"}, "may not have the value 'priority'"),
        ({}, {"+message.type": "LOUD"}, "value 'LOUD', only one of DELAY, FIFO"),
        ({}, {"+reserve.time": "-2"}, "value '-2', only -1 or a number of hours"),
        ({}, {"+reserve.time": "soon"}, "may not have the value"),
        ({"message.type": "DELAY"}, {"+message.type": "FIFO", "-message.type": ""},
         "alter duplication key"),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_refused(
    current: dict[str, str] | None, changes: dict[str, str], problem: str
) -> None:
    with pytest.raises(AttributesError, match=problem) as caught:
        apply_changes(current, changes, TOPIC_ATTRIBUTES)
    assert caught.value.code == 1
