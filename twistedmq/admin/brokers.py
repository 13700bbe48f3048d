"""Single brokers: what they tell of themselves, and are told to do."""

from collections.abc import Mapping

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.config.properties_file import format_entry, parse
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.replication import HARuntimeInfo
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.bodies.topics import TopicConfigSerializeWrapper, TopicList
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Buffer
from twistedmq.protocol.headers.base import Header


class ReadAheadRequestHeader(Header, rename={"mode": "READ_AHEAD_MODE"}):
    """SET_COMMITLOG_READ_MODE (2004): Read log files ahead (0) or not (1)."""

    mode: int


class TimerEngineRequestHeader(Header, rename={"engine": "E_T"}):
    """SWITCH_TIMER_ENGINE (5001): Keep timers in files (F) or in RocksDB (R)."""

    engine: str


class MasterFlushOffsetRequestHeader(Header, rename={"offset": "masterFlushOffset"}):
    """RESET_MASTER_FLUSH_OFFSET (908): How far a slave is to believe its master."""

    offset: int


class Brokers:
    """Asks one broker, by its address ``HOST:PORT``.

    Calls fail with RefusedError or an error of the remoting room.
    """

    def __init__(self, calls: BrokerCalls) -> None:
        self._calls = calls

    @gives_deferred
    async def runtime(self, address: str) -> dict[str, str]:
        """Give its figures by name, as text: ``putTps``, ``bootTimestamp``, ..."""
        answer = await self._calls.ask(address, RequestCode.GET_BROKER_RUNTIME_INFO)
        return loose_json.decode(answer.body, type=KVTable).table

    @gives_deferred
    async def config(self, address: str) -> dict[str, str]:
        """Give its settings by key, sorted."""
        answer = await self._calls.ask(address, RequestCode.GET_BROKER_CONFIG)
        return read_settings(answer.body)

    @gives_deferred
    async def update_config(self, address: str, changes: Mapping[str, str]) -> None:
        """Change settings. It keeps them, also over a restart.

        Fails with RefusedError where a key may not be changed, or a value is not
        allowed; a broker of this house then changes none of them.
        """
        code = RequestCode.UPDATE_BROKER_CONFIG
        await self._calls.ask(address, code, body=write_settings(changes))

    @gives_deferred
    async def topics(self, address: str) -> TopicConfigSerializeWrapper:
        """Give all its topics, those of the system included."""
        answer = await self._calls.ask(address, RequestCode.GET_ALL_TOPIC_CONFIG)
        return loose_json.decode(answer.body, type=TopicConfigSerializeWrapper)

    @gives_deferred
    async def system_topics(self, address: str) -> list[str]:
        """Give the names of the topics that it needs for itself, sorted."""
        code = RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER
        answer = await self._calls.ask(address, code)
        return sorted(loose_json.decode(answer.body, type=TopicList).topic_list)

    @gives_deferred
    async def replication(self, address: str) -> HARuntimeInfo:
        """Give how far its slaves are, or how far it is behind its master."""
        answer = await self._calls.ask(address, RequestCode.GET_BROKER_HA_STATUS)
        return loose_json.decode(answer.body, type=HARuntimeInfo)

    @gives_deferred
    async def set_master_flushed(self, address: str, offset: int) -> None:
        """Have a slave believe that its master has flushed up to *offset* of its log.

        A master answers as well, and does nothing.
        """
        header = MasterFlushOffsetRequestHeader(offset=offset)
        await self._calls.ask(address, RequestCode.RESET_MASTER_FLUSH_OFFSET, header)

    @gives_deferred
    async def delete_expired_files(self, address: str) -> None:
        """Delete log files whose time is over now, not at the set hour."""
        await self._calls.ask(address, RequestCode.DELETE_EXPIRED_COMMITLOG)

    @gives_deferred
    async def clean_expired_queues(self, address: str) -> None:
        """Delete the parts of queues whose messages are gone."""
        await self._calls.ask(address, RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE)

    @gives_deferred
    async def clean_unused_topics(self, address: str) -> None:
        """Delete the queues of topics that are not there any more."""
        await self._calls.ask(address, RequestCode.CLEAN_UNUSED_TOPIC)

    @gives_deferred
    async def set_read_ahead(self, address: str, *, ahead: bool) -> str:
        """Have log files read ahead by the system, or not; gives what it says to it."""
        header = ReadAheadRequestHeader(mode=0 if ahead else 1)
        code = RequestCode.SET_COMMITLOG_READ_MODE
        answer = await self._calls.ask(address, code, header)
        return answer.remark or ""

    @gives_deferred
    async def use_timer_engine(self, address: str, engine: str) -> None:
        """Have messages for later kept in files (``F``) or in RocksDB (``R``)."""
        header = TimerEngineRequestHeader(engine=engine)
        await self._calls.ask(address, RequestCode.SWITCH_TIMER_ENGINE, header)

    @gives_deferred
    async def export_pop_records(self, address: str) -> None:
        """Have the state of popped messages moved from RocksDB to the log."""
        await self._calls.ask(address, RequestCode.POP_ROLLBACK)


def read_settings(body: Buffer) -> dict[str, str]:
    """Read settings as servers send them: a properties file. Sorted by key."""
    entries = parse(bytes(body).decode("utf-8", "replace"))
    return dict(sorted((entry.key, entry.value) for entry in entries))


def write_settings(changes: Mapping[str, str]) -> bytes:
    """Write settings as servers want them."""
    lines = (f"{format_entry(key, value)}\n" for key, value in changes.items())
    return "".join(lines).encode()
