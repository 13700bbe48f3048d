"""Which halves nobody has decided on: for people who look for what is stuck. Pure.

The records come from the queues of halves and op messages, read from where the group
``CID_RMQ_SYS_TRANS`` has come to.
"""

from collections.abc import Iterable

from msgspec import Struct

from twistedmq.protocol import properties as props
from twistedmq.protocol.half_marks import check_times, offsets_in
from twistedmq.protocol.message_id import offset_id
from twistedmq.protocol.record import Record


class OpenHalf(Struct, frozen=True):
    """A half that waits for a decision."""

    topic: str
    """Where its message will go if it is committed."""
    group: str
    """Whose producers are asked."""
    message_id: str
    """What its producer calls it."""
    offset_id: str
    """What the broker calls it; what RESUME_CHECK_HALF_MESSAGE wants."""
    keys: str
    queue_offset: int
    born_ms: int
    times_asked: int


def open_halves(halves: Iterable[Record], ops: Iterable[Record]) -> list[OpenHalf]:
    """Give the *halves* that none of *ops* ends, oldest first."""
    ended: set[int] = set()
    for op in ops:
        ended |= offsets_in(op)
    waiting = [_of(half) for half in halves if half.queue_offset not in ended]
    return sorted(waiting, key=lambda half: half.born_ms)


def _of(half: Record) -> OpenHalf:
    properties = props.parse(half.properties)
    return OpenHalf(
        topic=properties.get(props.REAL_TOPIC, ""),
        group=properties.get(props.PRODUCER_GROUP, ""),
        message_id=properties.get(props.UNIQ_KEY, ""),
        offset_id=offset_id(half.store_host, half.physical_offset),
        keys=properties.get(props.KEYS, ""),
        queue_offset=half.queue_offset,
        born_ms=half.born_ms,
        times_asked=check_times(properties) or 0,
    )
