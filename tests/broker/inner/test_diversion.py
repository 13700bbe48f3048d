import pytest

from twistedmq.broker.inner.diversion import Diversions, Diverted
from twistedmq.broker.inner.message import InnerMessage
from twistedmq.protocol.errors import MessageIllegalError


def late_ones(message: InnerMessage) -> Diverted | None:
    if message.topic != "late":
        return None
    message.topic = "waits"
    return Diverted(message, lambda: {"handle": "h"})


def refuses(message: InnerMessage) -> Diverted | None:
    raise MessageIllegalError("no")


def test_the_first_that_takes_it_has_it() -> None:
    diversions = Diversions([late_ones, refuses])
    diverted = diversions.divert(InnerMessage("late", 0, {}, b"x"))
    assert diverted is not None
    assert diverted.message.topic == "waits"
    assert diverted.answer_fields() == {"handle": "h"}
    with pytest.raises(MessageIllegalError):
        diversions.divert(InnerMessage("other", 0, {}, b"x"))


def test_what_nobody_takes_is_stored_as_it_is() -> None:
    message = InnerMessage("other", 0, {}, b"x")
    assert Diversions([late_ones]).divert(message) is None
