from enum import StrEnum
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from twistedmq.protocol.bodies import (
    ConsumeStats,
    HeartbeatData,
    MessageQueue,
    TopicList,
)
from twistedmq.protocol.loose_shapes import bend, has_object_keys


class Colour(StrEnum):
    """Two colours."""

    RED = "RED"
    BLUE = "BLUE"


class Node(Struct, kw_only=True):
    """A struct that holds itself."""

    colour: Colour = Colour.RED
    name: str = "?"
    number: int = 7
    ratio: float | None = None
    names: list[str] = []
    nodes: dict[str, "Node"] = {}
    offsets: dict[MessageQueue, int] = {}


def bent(value: Any) -> Node:
    shape = msgspec.inspect.type_info(Node)
    return msgspec.convert(bend(value, shape), Node, strict=False)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({}, Node()),
        ({"colour": 1}, Node(colour=Colour.BLUE)),
        ({"colour": 2}, Node()),
        ({"colour": -1}, Node()),
        ({"colour": "BLUE"}, Node(colour=Colour.BLUE)),
        ({"colour": "GREEN"}, Node()),
        ({"name": 5}, Node(name="5")),
        ({"name": True}, Node(name="true")),
        ({"name": None, "number": None, "nodes": None, "names": None}, Node()),
        ({"number": ""}, Node()),
        ({"number": "8"}, Node(number=8)),
        ({"number": 8.0}, Node(number=8)),
        ({"ratio": None}, Node()),
        ({"ratio": "0.5"}, Node(ratio=0.5)),
        ({"names": ["a", None, 1]}, Node(names=["a", "1"])),
        (
            {"nodes": {"x": {"number": "1"}, "y": None}},
            Node(nodes={"x": Node(number=1)}),
        ),
        ({"unknown": 1}, Node()),
        (
            {"offsets": {'{"topic":"T","queueId":"1"}': 5}},
            Node(offsets={MessageQueue("T", "", 1): 5}),
        ),
    ],
)
def test_what_is_meant_is_understood(value: Any, wanted: Node) -> None:
    assert bent(value) == wanted


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"number": "x"},
        {"names": {}},
        {"nodes": []},
        {"nodes": {"x": 1}},
        {"name": []},
    ],
)
def test_what_is_not_meant_is_left_for_the_check(value: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        bent(value)


@pytest.mark.parametrize(
    ("cls", "wanted"),
    [
        (ConsumeStats, True),
        (Node, True),
        (HeartbeatData, False),
        (TopicList, False),
        (dict[str, list[dict[MessageQueue, int]]], True),
        (dict[int, int] | None, False),
    ],
)
def test_types_with_objects_as_keys_are_known(cls: Any, wanted: bool) -> None:
    assert has_object_keys(msgspec.inspect.type_info(cls)) is wanted
