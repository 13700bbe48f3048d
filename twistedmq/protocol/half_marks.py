"""What halves of transactions say of themselves, and op messages of halves.

An op message says which halves are ended: its body holds their queue offsets as text, a
comma behind each, and its tag is "d".
Source: TransactionalMessageServiceImpl, TransactionalOpBatchService.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from twistedmq.protocol import properties as props
from twistedmq.protocol.numbers import whole_number
from twistedmq.protocol.record import Record

ENDED_TAG: Final = "d"
_SEPARATOR: Final = ","
_MOST_DIGITS: Final = 19


def op_bodies(offsets: Iterable[int], max_bytes: int) -> list[bytes]:
    """Give the bodies of op messages: each ends with the offset that fills it."""
    bodies, texts, size = [], [], 0
    for offset in offsets:
        text = f"{offset}{_SEPARATOR}"
        texts.append(text)
        size += len(text)
        if size >= max_bytes:
            bodies.append("".join(texts).encode())
            texts, size = [], 0
    if texts:
        bodies.append("".join(texts).encode())
    return bodies


def offsets_in(op: Record) -> set[int]:
    """Give the queue offsets of the halves that an op message ends.

    Those of older brokers hold one number without a comma. What is no number, or has
    another tag, ends nothing.
    """
    if props.get(op.properties, props.TAGS.encode()) != ENDED_TAG.encode():
        return set()
    words = op.body.decode("ascii", "replace").split(_SEPARATOR)
    return {
        int(word)
        for word in words
        if word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS
    }


def check_times(properties: Mapping[str, str]) -> int | None:
    """How often a producer was asked about a half; None if never, or if it is no
    number.
    """
    return whole_number(properties.get(props.TRANSACTION_CHECK_TIMES))
