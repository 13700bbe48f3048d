import pytest

from twistedmq.app.mqadmin.attributes import attribute_changes
from twistedmq.protocol.errors import InvalidParameterError


def test_changes_are_read() -> None:
    assert attribute_changes("+a=b,-c") == {"+a": "b", "-c": ""}
    assert attribute_changes(None) == attribute_changes("") == {}


@pytest.mark.parametrize("wrong", ["a=b", "+a", "+a=", "-", "+a=1,+a=2", ","])
def test_what_is_no_change_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidParameterError, match="attributes"):
        attribute_changes(wrong)
