from dataclasses import dataclass

import pytest

from twistedmq.config.accepted_keys import accepted_keys
from twistedmq.config.keys import Effect, Key, KeyTable
from twistedmq.config.settings import (
    ConfigError,
    LiveSettings,
    Problem,
    Settings,
    render_properties,
)
from twistedmq.config.values import BOOLEAN, INT, TEXT


@dataclass(frozen=True)
class Room:
    size: int = 3
    password: str = ""


TABLE = KeyTable(
    "house",
    [
        Key("size", INT, Room, "size", important=True),
        Key("password", TEXT, Room, "password", secret=True),
        Key("Heated", BOOLEAN, effect=Effect.ACCEPTED, default=False),
    ],
)


def test_a_key_fills_the_field_that_it_is_for() -> None:
    assert Settings(TABLE, {"size": 8})[Room] == Room(size=8)
    assert Settings(TABLE, {})[Room] == Room()


def test_what_was_set_without_effect_is_named() -> None:
    assert Settings(TABLE, {"Heated": True, "size": 8}).without_effect() == ["Heated"]
    assert Settings(TABLE, {"Heated": False}).without_effect() == []


def test_what_was_set_without_effect_is_told_by_its_reason() -> None:
    table = KeyTable(
        "mill",
        accepted_keys(
            "# there is no wind\nsails int 4\nvanes int 2\n# no\nother int 1\n"
        ),
    )
    set_by_all = {"sails": 5, "vanes": 3, "other": 1}
    assert Settings(table, set_by_all).why_without_effect() == {
        "there is no wind": ["sails", "vanes"]
    }
    assert Settings(TABLE, {"Heated": True}).why_without_effect() == {
        "not built yet": ["Heated"]
    }


def test_properties_have_every_key_by_name_and_no_secret() -> None:
    settings = Settings(TABLE, {"size": 8, "password": "x"})
    assert render_properties(settings) == "Heated=false\nsize=8\n"
    assert render_properties(settings, only_important=True) == "size=8\n"


def test_a_change_reaches_the_rooms_and_is_kept() -> None:
    kept: list[dict[str, str]] = []
    live = LiveSettings(Settings(TABLE, {}), lambda names: kept.append(dict(names)))
    room = live.live(Room)
    live.apply(live.settings.changed({"size": 9}, "test"), {"size": "9"})
    assert room.value == Room(size=9)
    assert live.render() == "Heated=false\nsize=9\n"
    assert kept == [{"size": "9"}]
    assert live.updates == 1


def test_what_cannot_be_kept_is_not_changed() -> None:
    def full(names: object) -> None:
        raise OSError("disk full")

    live = LiveSettings(Settings(TABLE, {}), full)
    with pytest.raises(OSError, match="disk full"):
        live.apply(live.settings.changed({"size": 9}, "test"), {"size": "9"})
    assert live.live(Room).value == Room()
    assert live.updates == 0


def test_all_problems_are_lines_of_one_error() -> None:
    error = ConfigError([Problem("a.conf:3", "bad"), Problem("", "worse")])
    assert str(error) == "a.conf:3: bad\nworse"
    assert len(error.problems) == 2
