"""Reading the queues that the broker keeps for itself, damage and all."""

from collections.abc import Callable

from twistedmq.broker.settling import settle
from twistedmq.protocol.errors import TwistedMQError
from twistedmq.protocol.record import Record, RecordError, decode_records
from twistedmq.store.errors import DamagedRecordError
from twistedmq.store.interfaces import IMessageReader


async def read_on(
    store: IMessageReader,
    place: tuple[str, int],
    offset: int,
    most: tuple[int, int],
    pass_over: Callable[[int, TwistedMQError], None],
) -> tuple[list[Record], int]:
    """Give records of a queue from *offset* on, and where the next ones are.

    One that is damaged is passed over: the others must not wait for what never comes.

    Args:
        store: where the queue is.
        place: topic and queue id.
        offset: where to begin.
        most: how many messages, and how many bytes.
        pass_over: told the offset of a damaged one, and what is wrong with it.
    """
    damage: TwistedMQError
    for count in (most[0], 1):  # there may be whole ones before it
        try:
            read = await settle(
                store.read_queue(*place, offset, count, most[1], None, None)
            )
            records = [r for encoded in read.records for r in decode_records(encoded)]
        except (DamagedRecordError, RecordError) as error:
            damage = error
        else:
            return records, read.next_offset
    pass_over(offset, damage)
    return [], offset + 1
