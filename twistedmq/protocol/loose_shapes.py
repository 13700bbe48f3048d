"""Bend plain values, read from loose JSON, to the shape of a type.

What the genuine readers forgive: null for "not there", the ordinal or an unknown name
of an enum, numbers where text is wanted, an object as a map key.
"""

from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

_COLLECTIONS = (
    inspect.ListType,
    inspect.SetType,
    inspect.FrozenSetType,
    inspect.VarTupleType,
)


def has_object_keys(shape: inspect.Type) -> bool:
    """Whether there is a map somewhere in *shape* whose keys are structs."""
    return _has_object_keys(shape, frozenset())


def _has_object_keys(shape: inspect.Type, above: frozenset[type]) -> bool:
    match shape:
        case inspect.StructType(cls=cls, fields=fields):
            return cls not in above and any(
                _has_object_keys(f.type, above | {cls}) for f in fields
            )
        case inspect.DictType(key_type=key, value_type=value):
            return isinstance(key, inspect.StructType) or _has_object_keys(value, above)
        case inspect.UnionType(types=types):
            return any(_has_object_keys(t, above) for t in types)
        case _ if isinstance(shape, _COLLECTIONS):
            return _has_object_keys(shape.item_type, above)
        case _:
            return False


def bend(value: Any, shape: inspect.Type) -> Any:
    """Give *value* as ``msgspec.convert`` can take it for *shape*; None for nothing."""
    match shape:
        case inspect.UnionType(types=types):
            return _bend_union(value, types)
        case inspect.StructType() if isinstance(value, dict):
            return _bend_object(value, shape)
        case inspect.DictType() if isinstance(value, dict):
            return _bend_map(value, shape)
        case _ if isinstance(shape, _COLLECTIONS) and isinstance(value, list):
            items = (bend(item, shape.item_type) for item in value)
            return [item for item in items if item is not None]
        case _:
            return _bend_scalar(value, shape)


def _bend_union(value: Any, types: tuple[inspect.Type, ...]) -> Any:
    kinds = [t for t in types if not isinstance(t, inspect.NoneType)]
    return bend(value, kinds[0]) if len(kinds) == 1 and value is not None else value


def _bend_object(value: dict[str, Any], shape: inspect.StructType) -> dict[str, Any]:
    bent = {}
    for field in shape.fields:
        if field.encode_name in value:
            item = bend(value[field.encode_name], field.type)
            if item is not None:
                bent[field.encode_name] = item
    return bent


def _bend_map(value: dict[str, Any], shape: inspect.DictType) -> dict[Any, Any]:
    items = ((key, bend(item, shape.value_type)) for key, item in value.items())
    present = ((key, item) for key, item in items if item is not None)
    if isinstance(shape.key_type, inspect.StructType):
        return {_object_key(key, shape.key_type): item for key, item in present}
    return dict(present)


def _object_key(text: str, shape: inspect.StructType) -> Any:
    bent = bend(msgspec.json.decode(text), shape)
    return msgspec.convert(bent, shape.cls, strict=False)


def _bend_scalar(value: Any, shape: inspect.Type) -> Any:
    match shape:
        case inspect.EnumType(cls=cls):
            return _bend_enum(value, cls)
        case inspect.StrType() if isinstance(value, bool | int | float):
            return msgspec.json.encode(value).decode()
        case inspect.IntType() | inspect.FloatType() | inspect.BoolType():
            return None if value == "" else value
        case _:
            return value


def _bend_enum(value: Any, cls: Any) -> Any:
    members = _members(cls)
    if isinstance(value, int) and 0 <= value < len(members):
        return members[value]
    return value if value in members else None


@cache
def _members(cls: Any) -> list[Any]:
    return [member.value for member in cls]
