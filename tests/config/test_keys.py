from dataclasses import dataclass, field

import pytest

from twistedmq.config.keys import Effect, Key, KeyTable
from twistedmq.config.values import INT, TEXT


@dataclass(frozen=True)
class Room:
    size: int = 3
    name: str = field(default_factory=lambda: "made")


SIZE = Key("roomSize", INT, Room, "size", aliases=("room.size",))
NAME = Key("roomName", TEXT, Room, "name")


def test_a_key_is_found_by_name_and_alias() -> None:
    table = KeyTable("house", [SIZE, NAME])
    assert table.find("roomSize") is table.find("room.size") is SIZE
    assert table.find("roomsize") is None


@pytest.mark.parametrize("near", ["roomsize", "romSize", "RoomSizes"])
def test_the_nearest_name_is_suggested(near: str) -> None:
    assert KeyTable("house", [SIZE, NAME]).nearest(near) == "roomSize"


def test_nothing_is_suggested_for_what_looks_like_nothing() -> None:
    assert KeyTable("house", [SIZE, NAME]).nearest("zzz") is None


def test_a_name_may_not_be_there_twice() -> None:
    with pytest.raises(ValueError, match="roomSize"):
        KeyTable("house", [SIZE, Key("roomSize", INT)])


def test_the_default_is_the_fields_unless_the_key_has_its_own() -> None:
    assert SIZE.default_value() == 3
    assert NAME.default_value() == "made"
    assert Key("x", INT, Room, "size", default=7).default_value() == 7
    assert Key("x", TEXT, effect=Effect.ACCEPTED).default_value() is None


def test_a_field_that_does_not_exist_is_a_mistake_of_the_table() -> None:
    with pytest.raises(LookupError, match="width"):
        Key("x", INT, Room, "width").default_value()
