"""Files that a verb is given: JSON arrays of topics or groups."""

from pathlib import Path
from typing import TypeVar

from twistedmq.protocol import loose_json
from twistedmq.protocol.errors import FieldError, InvalidParameterError

T = TypeVar("T")


def listed(name: str, kind: type[T]) -> list[T]:
    """Read the array in the file *name*; it is not empty.

    Raises:
        InvalidParameterError: it holds something else.
        OSError: it cannot be read.
    """
    try:
        found = loose_json.decode(Path(name).read_bytes(), type=list[kind])  # type: ignore[valid-type]
    except FieldError as error:
        raise InvalidParameterError(f"{name}: {error}") from None
    if not found:
        raise InvalidParameterError(f"{name} is an empty array")
    return found
