"""What the store does not take back."""

from collections.abc import Callable
from typing import Any

import pytest
from transaction_kit import TransactionSide

from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import HALF_TOPIC, TRANSACTION_GIVEN_UP_TOPIC


def picky(side: TransactionSide, monkeypatch: Any, topics: set[str]) -> None:
    append = side.store.append

    def refuse(batch: Any) -> Any:
        held = zip(batch.bodies, batch.topics, strict=True)
        if any(body == b"bad" and topic in topics for body, topic in held):
            raise MessageIllegalError("not this one")
        return append(batch)

    monkeypatch.setattr(side.store, "append", refuse)


def begin(side: TransactionSide, bodies: list[bytes]) -> None:
    for body in bodies:
        side.begin(body=body)


def test_one_that_cannot_be_put_back_is_given_up(
    monkeypatch: Any, logged: Callable[..., bool]
) -> None:
    side = TransactionSide()
    begin(side, [b"good", b"bad", b"good"])
    picky(side, monkeypatch, {HALF_TOPIC})
    side.check_back.startService()
    side.let_pass(30)
    assert len(side.asked()) == 2
    assert [r.body for r in side.stored(TRANSACTION_GIVEN_UP_TOPIC)] == [b"bad"]
    assert logged("cannot be put back: not this one")
    assert side.progress()[0] == 3
    side.check_back.stopService()


def test_one_that_cannot_even_be_given_up_stays(
    monkeypatch: Any, logged: Callable[..., bool]
) -> None:
    side = TransactionSide()
    begin(side, [b"bad"])
    picky(side, monkeypatch, {HALF_TOPIC, TRANSACTION_GIVEN_UP_TOPIC})
    side.check_back.startService()
    side.let_pass(30)
    assert logged("half messages cannot be checked: not this one")
    assert side.progress()[0] < 1
    side.check_back.stopService()


@pytest.mark.parametrize("number", [1, 12])
def test_what_is_given_up_is_named(number: int, logged: Callable[..., bool]) -> None:
    side = TransactionSide(most_checks=0)
    begin(side, [b"x"] * number)
    side.check_back.startService()
    side.let_pass(60)
    assert logged(f"{number} half messages that nobody decided on", "U1 of T")
    assert logged(", ...") == (number > 10)
    side.check_back.stopService()
