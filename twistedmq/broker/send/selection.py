"""Some of the requests of a batch as a batch of their own, and batches as one."""

from collections.abc import Sequence
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import fields

from twistedmq.protocol.send_batch import SendBatch
from twistedmq.protocol.send_decoding import DecodedSends

_MESSAGE_COLUMNS: Final = tuple(field.name for field in fields(SendBatch))
_COLUMN_GETTERS: Final = tuple(map(attrgetter, _MESSAGE_COLUMNS))
_OF_THE_WHOLE: Final = frozenset(
    {
        "batch",
        "property_maps",
        "refused",
        "is_special",
        "has_bundles",
        "answer_fields",
        "when_stored",
    }
)
_REQUEST_COLUMNS: Final = tuple(
    field.name for field in fields(DecodedSends) if field.name not in _OF_THE_WHOLE
)


def select(sends: DecodedSends, requests: Sequence[int]) -> DecodedSends:
    """Give the columns of *requests* (their numbers, rising) and of their messages."""
    ends = list(accumulate(sends.counts))
    messages = [
        message
        for request in requests
        for message in range(ends[request] - sends.counts[request], ends[request])
    ]
    batch = {name: _rows(sends.batch, name, messages) for name in _MESSAGE_COLUMNS}
    by_request = {name: _rows(sends, name, requests) for name in _REQUEST_COLUMNS}
    return DecodedSends(
        SendBatch(**batch),
        _rows(sends, "property_maps", messages),
        refused=[],
        is_special=sends.is_special,
        has_bundles=sends.has_bundles,
        answer_fields=sends.answer_fields,
        when_stored=sends.when_stored,
        **by_request,
    )


def merged(batches: Sequence[SendBatch]) -> SendBatch:
    """Give one batch of the messages of all *batches*, in order."""
    return SendBatch(
        *[list(chain.from_iterable(map(get, batches))) for get in _COLUMN_GETTERS]
    )


def _rows(columns: object, name: str, rows: Sequence[int]) -> list[Any]:
    column = getattr(columns, name)
    return [column[row] for row in rows]
