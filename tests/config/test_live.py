from dataclasses import dataclass

import pytest

from twistedmq.config.live import Live


@dataclass(frozen=True)
class Size:
    width: int = 1
    height: int = 2


def test_a_change_is_seen_at_once_by_whoever_holds_it() -> None:
    size = Live(Size())
    size.replace(width=5)
    assert size.value == Size(5, 2)


def test_subscribers_are_told_the_new_value() -> None:
    size, told = Live(Size()), []
    size.subscribe(told.append)
    size.replace(height=3)
    assert told == [Size(1, 3)]


def test_nobody_is_told_of_a_change_that_is_none() -> None:
    size, told = Live(Size()), []
    size.subscribe(told.append)
    size.replace(width=1)
    size.set(Size())
    assert told == []


def test_unsubscribing_ends_the_news_even_when_done_twice() -> None:
    size, told = Live(Size()), []
    unsubscribe = size.subscribe(told.append)
    unsubscribe()
    unsubscribe()
    size.replace(width=9)
    assert told == []


def test_an_unknown_field_is_refused_and_changes_nothing() -> None:
    size = Live(Size())
    with pytest.raises(TypeError):
        size.replace(depth=1)
    assert size.value == Size()
