"""Between the text fields of a frame and a typed header."""

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import fields as struct_fields

from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.headers.base import Header

H = TypeVar("H", bound=Header)

_SHOWN_CHARACTERS: Final = 64
_WANTED: Final = {
    int: "a whole number",
    bool: "true or false",
    str: "text",
    float: "a number",
}


def decode_fields(cls: type[H], fields: Mapping[str, str]) -> H:
    """Make a *cls* of the text fields of a frame; unknown fields are ignored.

    Raises:
        FieldError: a field is missing or has a wrong value.
    """
    try:
        return msgspec.convert(fields, cls, strict=False)
    except msgspec.ValidationError:
        pass
    # A binary header cannot tell an empty value from an absent one.
    texts = _text_fields(cls)
    present = {k: v for k, v in fields.items() if v or k in texts}
    try:
        return msgspec.convert(present, cls, strict=False)
    except msgspec.ValidationError as error:
        raise FieldError(cls.__name__, _problem(cls, present, error)) from None


def encode_fields(header: Header | Mapping[str, str] | None) -> dict[str, str]:
    """Give the text fields of *header* in their declared order, None left out.

    What is a dictionary already is given as it is.
    """
    if header is None:
        return {}
    if isinstance(header, dict):
        return header
    if not isinstance(header, Header):
        return dict(header)
    encoded = {}
    for attribute, wire_name in _plan(type(header)):
        value = getattr(header, attribute)
        if value is None:
            continue
        if value is True or value is False:
            encoded[wire_name] = "true" if value else "false"
        else:
            encoded[wire_name] = str(value)
    return encoded


@cache
def _plan(cls: type[Header]) -> tuple[tuple[str, str], ...]:
    return tuple((f.name, f.encode_name) for f in struct_fields(cls))


@cache
def _text_fields(cls: type[Header]) -> frozenset[str]:
    hints = get_type_hints(cls)
    return frozenset(
        f.encode_name for f in struct_fields(cls) if str in _members(hints[f.name])
    )


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def _problem(
    cls: type[Header], fields: Mapping[str, str], error: msgspec.ValidationError
) -> str:
    """Say which field is wrong, what it holds and what is wanted there."""
    hints = get_type_hints(cls, include_extras=True)
    plain = get_type_hints(cls)
    for f in struct_fields(cls):
        if f.encode_name not in fields:
            if f.required:
                return f"the field {f.encode_name} is missing"
            continue
        value = fields[f.encode_name]
        try:
            msgspec.convert(value, hints[f.name], strict=False)
        except msgspec.ValidationError:
            kinds = [t for t in _members(plain[f.name]) if t is not NoneType]
            wanted = " or ".join(_WANTED.get(t, str(t)) for t in kinds)
            shown = repr(value[:_SHOWN_CHARACTERS])
            return f"the field {f.encode_name} is {shown}, wanted {wanted}"
    return str(error)
