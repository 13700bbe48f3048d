from typing import Any

import pytest

from twistedmq.protocol.loose_refs import MAX_REFERENCES, resolve

LARGE = ["x" * 100] * 100


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"a": [{"b": 1}], "c": {"$ref": "$.a[0]"}}, {"a": [{"b": 1}], "c": {"b": 1}}),
        ([1, {"$ref": "$[0]"}], [1, 1]),
        ({"a": {"$ref": "$.b.c"}, "b": {"c": {}}}, {"a": {}, "b": {"c": {}}}),
        ({"a": {"$ref": "$.b"}}, {"a": None}),
        ({"a": {"$ref": "$.b[0]"}, "b": []}, {"a": None, "b": []}),
        ({"a": {"$ref": "$[0]"}}, {"a": None}),
        ({"a": {"$ref": ".."}}, {"a": None}),
        ({"a": {"$ref": 5}}, {"a": {"$ref": 5}}),
        ({"a": {"$ref": "$.b", "x": 1}}, {"a": {"$ref": "$.b", "x": 1}}),
        ({"a": LARGE, "b": {"$ref": "$.a"}}, {"a": LARGE, "b": None}),
    ],
)
def test_references(value: Any, wanted: Any) -> None:
    assert resolve(value) == wanted


def test_a_reference_to_all_of_it_ends() -> None:
    assert resolve({"a": {"$ref": "$"}}) == {"a": {"a": {"$ref": "$"}}}


def test_there_are_only_so_many() -> None:
    value = [1] + [{"$ref": "$[0]"}] * (MAX_REFERENCES + 1)
    assert resolve(value) == [1] * (MAX_REFERENCES + 1) + [None]
