"""JSON as the genuine programs write and read it.

They write map keys that are numbers or objects without quotes and leave out what is
null; they read nearly everything. Strict input of the wanted shape is read in one go;
anything else goes through ``loose_tokens`` and is bent to the wanted type where there
is no doubt about what is meant.
"""

from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import inspect

from twistedmq.protocol import loose_refs
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.loose_shapes import bend, has_object_keys
from twistedmq.protocol.loose_tokens import (
    LooseJsonError,
    make_strict,
    quote_numeric_keys,
)
from twistedmq.protocol.loose_writer import write

T = TypeVar("T")

_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def decode(data: Buffer, *, type: type[T]) -> T:
    """Make a *type* of loose JSON.

    Raises:
        FieldError: *data* is no JSON, or not what *type* wants.
    """
    kind: Any = type
    raw = bytes(data)
    has_references = loose_refs.MARK in raw
    decoder = _decoder(kind)
    if decoder is not None and not has_references:
        for prepare in (bytes, quote_numeric_keys):
            with suppress(*_UNREADABLE):
                return cast(T, decoder.decode(prepare(raw)))
    value = _decode_any(raw, _name(kind))
    try:
        if has_references:
            value = loose_refs.resolve(value)
        return msgspec.convert(bend(value, _shape(kind)), type, strict=False)
    except _UNREADABLE as error:
        raise FieldError(_name(kind), str(error)) from None


def decode_any(data: Buffer) -> Any:
    """Make plain Python values of loose JSON; all keys are text.

    An object that is a key is given as its JSON text.

    Raises:
        FieldError: *data* is no JSON.
    """
    return _decode_any(bytes(data), "body")


def encode(value: object) -> bytes:
    """Write *value* as the genuine programs do: keys that are no text are bare."""
    return write(value, bare_keys=True)


def encode_strict(value: object) -> bytes:
    """Write *value* as strict JSON: every key is a string."""
    return write(value, bare_keys=False)


def _decode_any(data: bytes, where: str) -> Any:
    for prepare in (bytes, quote_numeric_keys):
        with suppress(*_UNREADABLE):
            return msgspec.json.decode(prepare(data))
    try:
        return msgspec.json.decode(make_strict(data))
    except (LooseJsonError, *_UNREADABLE) as error:
        raise FieldError(where, f"no JSON: {error}") from None


@cache
def _decoder(cls: Any) -> msgspec.json.Decoder[Any] | None:
    return (
        None
        if has_object_keys(_shape(cls))
        else msgspec.json.Decoder(cls, strict=False)
    )


@cache
def _shape(cls: Any) -> inspect.Type:
    return inspect.type_info(cls)


def _name(cls: Any) -> str:
    return str(getattr(cls, "__name__", cls))
