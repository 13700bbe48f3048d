"""From a broker's answer to a send to the receipts that the sender gets: pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from twistedmq.client.message import Durability, Receipt, SendStatus
from twistedmq.client.sending import Stored
from twistedmq.protocol.command import Command

DURABILITY_FIELD = "DURABILITY"

_DURABILITIES = {each.value: each for each in Durability}
_STATUSES = {int(each): each for each in SendStatus}


def receipt_of(stored: Stored, unique_id: str) -> Receipt:
    """Give the receipt of one message."""
    return Receipt(
        message_id=unique_id,
        offset_message_id=stored.header.msg_id,
        queue=stored.queue,
        queue_offset=stored.header.queue_offset,
        durability=_durability(stored.answer),
        status=_STATUSES[stored.answer.code],
        recall_handle=stored.header.recall_handle,
        transaction_id=stored.header.transaction_id,
    )


def receipts_of(stored: Stored, unique_ids: Sequence[str]) -> list[Receipt]:
    """Give a receipt a message; the offsets of a batch follow one another."""
    offset_ids = stored.header.msg_id.split(",")
    if len(offset_ids) != len(unique_ids):
        # stored as one inner batch, which has one id
        offset_ids = [stored.header.msg_id] * len(unique_ids)
    first = receipt_of(stored, unique_ids[0])
    return [
        replace(
            first,
            message_id=unique_id,
            offset_message_id=offset_id,
            queue_offset=first.queue_offset + index,
        )
        for index, (unique_id, offset_id) in enumerate(
            zip(unique_ids, offset_ids, strict=True)
        )
    ]


def _durability(answer: Command) -> Durability:
    """Read what the broker promised; see ``Receipt``."""
    if answer.code != SendStatus.OK:
        return Durability.PAGE_CACHE
    # a genuine broker says nothing
    promised = answer.fields.get(DURABILITY_FIELD, "")
    return _DURABILITIES.get(promised, Durability.PAGE_CACHE)
