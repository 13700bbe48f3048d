"""What genuine brokers may keep in RocksDB: tables, and queue entries beside files.

Brokers of this house keep neither there, and answer as those that do not.
"""

from collections.abc import Sequence

from msgspec import Struct

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.headers.admin import ExportRocksDBConfigToJsonRequestHeader
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.numbers import Int32, Int64

TABLES = ("topics", "subscriptionGroups", "consumerOffsets")
CHECK_ERROR = 3


class QueueCheckRequestHeader(Header, kw_only=True, rename="camel"):
    """CHECK_ROCKSDB_CQ_WRITE_PROGRESS (354): Compare queues in RocksDB with files."""

    topic: str = ""
    check_store_time: Int64 = 0


class QueueCheck(Struct, kw_only=True, rename="camel"):
    """The answer to CHECK_ROCKSDB_CQ_WRITE_PROGRESS (354)."""

    check_result: str | None = None
    check_status: Int32 = 0

    @property
    def failed(self) -> bool:
        """Whether the broker cannot compare them."""
        return self.check_status == CHECK_ERROR


class RocksDB:
    """Asks one broker, by its address.

    Calls fail with RefusedError or an error of the remoting room.
    """

    def __init__(self, calls: BrokerCalls) -> None:
        self._calls = calls

    @gives_deferred
    async def check_queues(
        self, address: str, *, topic: str = "", since_ms: int
    ) -> QueueCheck:
        """Have the broker compare the entries of queues; it logs what it finds.

        Args:
            address: the broker.
            topic: only of this topic.
            since_ms: only of messages stored since then.
        """
        header = QueueCheckRequestHeader(topic=topic, check_store_time=since_ms)
        code = RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS
        answer = await self._calls.ask(address, code, header)
        return loose_json.decode(answer.body, type=QueueCheck)

    @gives_deferred
    async def export_tables(self, address: str, tables: Sequence[str] = TABLES) -> None:
        """Have the broker write some of its TABLES to JSON files of its own.

        Raises:
            InvalidParameterError: there is no such table.
        """
        for table in tables:
            if table not in TABLES:
                raise InvalidParameterError(
                    f"there is no table {table!r}, only {', '.join(TABLES)}"
                )
        header = ExportRocksDBConfigToJsonRequestHeader(config_type=";".join(tables))
        code = RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON
        await self._calls.ask(address, code, header)
