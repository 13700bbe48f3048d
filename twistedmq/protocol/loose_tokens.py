"""Make strict JSON of what the genuine programs and their clients write.

Besides JSON this takes bare keys (``{0:"a"}``), objects as keys, single quotes,
trailing commas, raw control characters and broken escapes in strings. An object as a
key becomes a string that holds its JSON text.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

MAX_DEPTH: Final = 100
MAX_LOOSE_BYTES: Final = 2 * 1024 * 1024
"""Reading loosely takes up to a second a megabyte; strict JSON has no such limit."""
MAX_QUOTES: Final = 1_000_000
"""Beyond this ``quote_numeric_keys`` does nothing: each string costs memory."""

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<double>"[^"\\]*+(?:\\.[^"\\]*+)*+")
    | (?P<single>'[^'\\]*+(?:\\.[^'\\]*+)*+')
    | (?P<mark>[{}\[\],:])
    | (?P<word>[^\s{}\[\],:"']+)
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_is_number: Final = re.compile(
    r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"
).fullmatch
_CUT: Final = b"\0"
# Possessive, and a string without an end ends the data: else an attack would be slow.
_split_at_strings: Final = re.compile(
    rb'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))', re.DOTALL
).split
_quote_keys: Final = re.compile(rb"([{,]\s*)(-?[0-9]+)\s*:").sub
_LITERALS: Final = {
    "true": "true",
    "false": "false",
    "null": "null",
    "undefined": "null",
    "NaN": "null",
    "Infinity": "null",
    "-Infinity": "null",
}
# What a strict reader would refuse inside a string: control characters, escapes that
# JSON does not have, and halves of surrogate pairs (whole pairs are caught along).
_odd_in_string: Final = re.compile(
    r"""[\x00-\x1f]|\\u[dD][89a-fA-F]|\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})"""
).search
_replace_escapes: Final = re.compile(
    r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL
).sub
_ESCAPED: Final = {
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "0": "\0",
}


class LooseJsonError(ValueError):
    """This is not even loose JSON."""


def make_strict(data: bytes) -> bytes:
    """Give strict JSON for *data*; what is no UTF-8 is replaced.

    Raises:
        LooseJsonError: *data* cannot be read, is too long or nested too deeply.
    """
    if len(data) > MAX_LOOSE_BYTES:
        raise LooseJsonError(f"not strict, and over {MAX_LOOSE_BYTES} bytes")
    return _Rewriter(data.decode("utf-8", "replace")).rewrite().encode()


def quote_numeric_keys(data: bytes) -> bytes:
    """Give *data* with quotes round bare numeric keys, the commonest looseness.

    Much quicker than ``make_strict``; anything else stays as it is.
    """
    if _CUT in data or data.count(b'"') > MAX_QUOTES:
        return data
    pieces = _split_at_strings(data)
    between = _quote_keys(rb'\1"\2":', _CUT.join(pieces[::2]))
    pieces[::2] = between.split(_CUT)
    return b"".join(pieces)


class _Rewriter:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._out: list[str] = []

    def rewrite(self) -> str:
        self._value(next(self._tokens), 0)
        kind, text = next(self._tokens)
        if kind != "end":
            raise LooseJsonError(f"unexpected {text[:20]!r} behind the value")
        return "".join(self._out)

    def _value(self, token: tuple[str, str], depth: int) -> None:
        kind, text = token
        if kind in {"double", "single"}:
            self._out.append(_quoted(kind, text))
        elif kind == "word":
            self._out.append(_word(text))
        elif text == "{" and depth < MAX_DEPTH:
            self._object(depth + 1)
        elif text == "[" and depth < MAX_DEPTH:
            self._array(depth + 1)
        elif text in {"{", "["}:
            raise LooseJsonError(f"nested deeper than {MAX_DEPTH}")
        else:
            raise LooseJsonError(f"unexpected {text!r} instead of a value")

    def _object(self, depth: int) -> None:
        out = self._out
        out.append("{")
        first = True
        while (token := next(self._tokens)) != ("mark", "}"):
            if not first:
                out.append(",")
            first = False
            self._key(token, depth)
            if (colon := next(self._tokens)) != ("mark", ":"):
                raise LooseJsonError(f"unexpected {colon[1][:20]!r} behind a key")
            out.append(":")
            self._value(next(self._tokens), depth)
            if not self._goes_on("}"):
                break
        out.append("}")

    def _array(self, depth: int) -> None:
        self._out.append("[")
        first = True
        while (token := next(self._tokens)) != ("mark", "]"):
            if not first:
                self._out.append(",")
            first = False
            self._value(token, depth)
            if not self._goes_on("]"):
                break
        self._out.append("]")

    def _goes_on(self, closing: str) -> bool:
        kind, text = next(self._tokens)
        if kind != "mark" or text not in {",", closing}:
            raise LooseJsonError(f"unexpected {text[:20]!r} behind a value")
        return text == ","

    def _key(self, token: tuple[str, str], depth: int) -> None:
        kind, text = token
        if kind in {"double", "single"}:
            self._out.append(_quoted(kind, text))
        elif kind == "word":
            self._out.append(_encode(text))
        elif text == "{":
            self._object_as_key(depth)
        else:
            raise LooseJsonError(f"unexpected {text!r} instead of a key")

    def _object_as_key(self, depth: int) -> None:
        whole, self._out = self._out, []
        # Escaping doubles with each key inside a key, so there is only one level.
        if depth > MAX_DEPTH:
            raise LooseJsonError("an object as a key inside of a key")
        self._object(2 * MAX_DEPTH - 1)
        whole.append(_encode("".join(self._out)))
        self._out = whole


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while match := _TOKEN.match(text, at):
        kind = match.lastgroup or ""
        yield kind, match[kind]
        at = match.end()
        if kind == "end":
            break
    while True:
        yield "end", text[at : at + 20]


def _word(text: str) -> str:
    if _is_number(text):
        return text
    try:
        return _LITERALS[text]
    except KeyError:
        raise LooseJsonError(f"unexpected {text[:20]!r} instead of a value") from None


def _quoted(kind: str, text: str) -> str:
    if kind == "double" and not _odd_in_string(text):
        return text
    return _encode(_replace_escapes(_unescape, text[1:-1]))


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)


def _encode(text: str) -> str:
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return msgspec.json.encode(joined).decode()
