"""What pop keeps in the revive topic, and batches of acks; their names are short."""

from msgspec import Struct, field

from twistedmq.protocol.numbers import Int32, Int64


class PopCheckPoint(Struct, kw_only=True, omit_defaults=False):
    """What one pop lent out of one queue."""

    bit_map: Int32 = field(default=0, name="bm")
    """By message, lowest bit first: acknowledged."""
    broker_name: str | None = field(default=None, name="bn")
    group: str = field(default="", name="c")
    offset_differences: list[Int32] | None = field(default=None, name="d")
    """By message: its queue offset, counted from the start offset."""
    invisible_ms: Int64 = field(default=0, name="it")
    count: Int32 = field(default=0, name="n")
    popped_ms: Int64 = field(default=0, name="pt")
    queue_id: Int32 = field(default=0, name="q")
    revive_ms: Int64 = field(default=0, name="reviveTime")
    revive_offset: Int64 = field(default=0, name="ro")
    """Where it stands in its queue of the revive topic; 0 in what is stored."""
    rewritten: str | None = field(default=None, name="rp")
    """How often it has been put into the revive topic again; a number."""
    start_offset: Int64 = field(default=0, name="so")
    topic: str = field(default="", name="t")


class AckMsg(Struct, kw_only=True):
    """One message of a checkpoint is done."""

    ack_offset: Int64 = field(default=0, name="ao")
    broker_name: str | None = field(default=None, name="bn")
    group: str = field(default="", name="c")
    popped_ms: Int64 = field(default=0, name="pt")
    queue_id: Int32 = field(default=0, name="q")
    start_offset: Int64 = field(default=0, name="so")
    topic: str = field(default="", name="t")


class BatchAckMsg(Struct, kw_only=True):
    """Messages of one checkpoint are done."""

    ack_offset: Int64 = field(default=-1, name="ao")
    ack_offsets: list[Int64] = field(default_factory=list, name="aol")
    broker_name: str | None = field(default=None, name="bn")
    group: str = field(default="", name="c")
    popped_ms: Int64 = field(default=0, name="pt")
    queue_id: Int32 = field(default=0, name="q")
    start_offset: Int64 = field(default=0, name="so")
    topic: str = field(default="", name="t")


class BatchAck(Struct, kw_only=True):
    """Acks for what one pop lent out of one queue, as a client sends them."""

    bits: str = field(default="", name="b")
    """Base64 of a bit set, lowest bit first: offsets counted from the start offset."""
    group: str = field(default="", name="c")
    invisible_ms: Int64 = field(default=0, name="it")
    popped_ms: Int64 = field(default=0, name="pt")
    queue_id: Int32 = field(default=0, name="q")
    retry: str = field(default="0", name="r")
    """0: the topic itself; 1, 2: the pop retry topic of that version."""
    revive_queue_id: Int32 = field(default=0, name="rq")
    start_offset: Int64 = field(default=0, name="so")
    topic: str = field(default="", name="t")


class BatchAckMessageRequestBody(Struct, kw_only=True, rename="camel"):
    """The body of BATCH_ACK_MESSAGE (200151)."""

    acks: list[BatchAck] = []
    broker_name: str | None = None
