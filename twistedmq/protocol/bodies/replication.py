"""How replication stands."""

from msgspec import Struct, field

from twistedmq.protocol.numbers import Int32, Int64


class HAConnectionRuntimeInfo(Struct, kw_only=True, rename="camel"):
    """One slave, as its master sees it."""

    addr: str | None = None
    diff: Int64 = 0
    in_sync: bool = False
    slave_ack_offset: Int64 = 0
    transfer_from_where: Int64 = 0
    transferred_byte_in_second: Int64 = 0


class HAClientRuntimeInfo(Struct, kw_only=True, rename="camel"):
    """A slave's own view."""

    last_read_timestamp: Int64 = 0
    last_write_timestamp: Int64 = 0
    master_addr: str | None = None
    master_flush_offset: Int64 = 0
    max_offset: Int64 = 0
    transferred_byte_in_second: Int64 = 0


class HARuntimeInfo(Struct, kw_only=True, rename="camel"):
    """The answer to GET_BROKER_HA_STATUS (907)."""

    ha_client_runtime_info: HAClientRuntimeInfo = field(
        default_factory=HAClientRuntimeInfo
    )
    ha_connection_info: list[HAConnectionRuntimeInfo] = []
    in_sync_slave_nums: Int32 = 0
    master: bool = False
    master_commit_log_max_offset: Int64 = 0
