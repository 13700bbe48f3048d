"""Messages on their way into the store, as columns.

The send path is three pure functions over these columns: bytes to SendBatch
(``send_decoding``), SendBatch to records (``record_layout``), SendBatch to reply bytes
(``send_replies``). A batch is what one connection sent within one read.
"""

from msgspec import Struct


class SendBatch(Struct):
    """Columns of messages; item i of each column belongs to message i."""

    topics: list[str]
    queue_ids: list[int]
    flags: list[int]
    sys_flags: list[int]
    """System flags of the record, the two IPv6 bits excepted: the layout sets those."""
    born_ms: list[int]
    born_hosts: list[bytes]
    """Packed sender address: 4 or 16 address bytes and a 4-byte port."""
    reconsume_times: list[int]
    prepared_offsets: list[int]
    properties: list[bytes]
    """Encoded properties as the record holds them (name 01 value 02 ...)."""
    tags_codes: list[int]
    """What the queue entry holds: the tag's hash, 0 without a tag."""
    bodies: list[bytes]

    def __len__(self) -> int:
        """Count the messages."""
        return len(self.topics)
