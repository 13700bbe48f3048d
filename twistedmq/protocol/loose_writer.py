"""Write values as loose or strict JSON, the compact way the genuine programs do."""

from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct, inspect

_encode: Final = msgspec.json.Encoder().encode

_PLAIN: Final = (
    inspect.BoolType,
    inspect.IntType,
    inspect.FloatType,
    inspect.StrType,
    inspect.EnumType,
)


def write(value: object, *, bare_keys: bool) -> bytes:
    """Give the JSON text of *value*: no blanks, members that are None left out.

    The members of a struct come in alphabetical order. With *bare_keys*, keys that are
    numbers or structs stand as they are; without, they are strings.
    """
    out: list[bytes] = []
    _write(value, out, bare_keys)
    return b"".join(out)


def _write(value: object, out: list[bytes], bare_keys: bool) -> None:
    if isinstance(value, Struct):
        members = _members(type(value))
        if members is None:
            out.append(_encode(value))
        else:
            _write_struct(value, members, out, bare_keys)
    elif isinstance(value, dict):
        _write_map(value, out, bare_keys)
    elif isinstance(value, list | tuple | set | frozenset):
        out.append(b"[")
        separator = b""
        for item in value:
            out.append(separator)
            _write(item, out, bare_keys)
            separator = b","
        out.append(b"]")
    else:
        out.append(_encode(value))


def _write_struct(
    value: Struct,
    members: tuple[tuple[str, bytes, bool], ...],
    out: list[bytes],
    bare_keys: bool,
) -> None:
    opening = b"{"
    for attribute, key, plain in members:
        item = getattr(value, attribute)
        if item is None:
            continue
        out += (opening, key)
        if plain:
            out.append(_encode(item))
        else:
            _write(item, out, bare_keys)
        opening = b","
    out.append(b"{}" if opening == b"{" else b"}")


def _write_map(value: dict[Any, Any], out: list[bytes], bare_keys: bool) -> None:
    if (numbers := _numbers(value)) is not None:
        out.append(numbers.replace(b'"', b"") if bare_keys else numbers)
        return
    opening = b"{"
    for key, item in value.items():
        if item is None:
            continue
        out += (opening, _key(key, bare_keys), b":")
        _write(item, out, bare_keys)
        opening = b","
    out.append(b"{}" if opening == b"{" else b"}")


def _numbers(value: dict[Any, Any]) -> bytes | None:
    """Give strict JSON of a map if nothing in it is a string but its numeric keys.

    Tables of offsets are such maps, and there may be very many of them.
    """
    if set(map(type, value)) != {int} or None in value.values():
        return None
    text = _encode(value)
    return text if text.count(b'"') == 2 * len(value) else None


def _key(key: object, bare_keys: bool) -> bytes:
    text = _encode(key) if isinstance(key, str) else write(key, bare_keys=bare_keys)
    if bare_keys or text.startswith(b'"'):
        return text
    return _encode(text.decode())


@cache
def _members(cls: type[Struct]) -> tuple[tuple[str, bytes, bool], ...] | None:
    """Give (attribute, key with colon, plain) of each member in alphabetical order.

    None where msgspec alone writes exactly what is wanted.
    """
    shape = inspect.type_info(cls)
    if _is_plain(shape, frozenset()):
        return None
    assert isinstance(shape, inspect.StructType)
    return tuple(
        (f.name, _encode(f.encode_name) + b":", _is_plain(f.type, frozenset()))
        for f in sorted(shape.fields, key=lambda f: f.encode_name)
    )


def _is_plain(shape: inspect.Type, above: frozenset[type]) -> bool:
    """Whether msgspec writes it right: nothing left out, keys text and in order."""
    match shape:
        case inspect.StructType(cls=cls, fields=fields):
            names = [f.encode_name for f in fields]
            return (
                cls not in above
                and names == sorted(names)
                and all(_is_plain(f.type, above | {cls}) for f in fields)
            )
        case inspect.DictType(key_type=inspect.StrType(), value_type=value):
            return _is_plain(value, above)
        case inspect.ListType(item_type=item):
            return _is_plain(item, above)
        case _:
            return isinstance(shape, _PLAIN)
