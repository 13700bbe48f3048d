import json
from typing import Any

import pytest
from msgspec import Struct

from twistedmq.protocol.bodies import (
    BrokerData,
    MessageModel,
    MessageQueue,
    TopicConfig,
    TopicConfigAndQueueMapping,
)
from twistedmq.protocol.loose_writer import write


class Odd(Struct, rename="camel"):
    """Members that are not in alphabetical order."""

    zebra: int = 1
    apple_tree: str | None = None
    middle: list[Any] = []


@pytest.mark.parametrize(
    ("value", "loose"),
    [
        (None, "null"),
        (1.0, "1.0"),
        (True, "true"),
        ('ü\x01"<', '"ü\\u0001\\"<"'),
        (MessageModel.CLUSTERING, '"CLUSTERING"'),
        ([], "[]"),
        ({}, "{}"),
        ((1, "a", None), '[1,"a",null]'),
        ({0: "a", 5: {}}, '{0:"a",5:{}}'),
        ({0: 1, -2: 3.5, 4: [True]}, "{0:1,-2:3.5,4:[true]}"),
        ({0: 1, 1: None}, "{0:1}"),
        ({0: 1, "a": 2}, '{0:1,"a":2}'),
        ({"b": 1, "a": None, "c": 2}, '{"b":1,"c":2}'),
        (Odd(), '{"middle":[],"zebra":1}'),
        (
            Odd(2, "x", [{1: Odd()}]),
            '{"appleTree":"x","middle":[{1:{"middle":[],"zebra":1}}],"zebra":2}',
        ),
        (
            {MessageQueue("T", "b", 1): 5},
            '{{"brokerName":"b","queueId":1,"topic":"T"}:5}',
        ),
    ],
)
def test_the_look_of_the_genuine_writer(value: Any, loose: str) -> None:
    assert write(value, bare_keys=True).decode() == loose


@pytest.mark.parametrize(
    ("value", "strict"),
    [
        ({0: "a"}, {"0": "a"}),
        (
            {MessageQueue("T", "b", 1): 5},
            {'{"brokerName":"b","queueId":1,"topic":"T"}': 5},
        ),
        (BrokerData(broker_addrs={0: "a:1"}).broker_addrs, {"0": "a:1"}),
    ],
)
def test_strict_keys_are_text(value: Any, strict: dict[str, Any]) -> None:
    assert json.loads(write(value, bare_keys=False)) == strict


def test_members_come_in_alphabetical_order_in_subclasses_too() -> None:
    for cls in (TopicConfig, TopicConfigAndQueueMapping):
        names = list(json.loads(write(cls(), bare_keys=True)))
        assert names == sorted(names)
