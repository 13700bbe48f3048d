"""How much groups may read that is in no cache any more, and how much they did."""

from msgspec import Struct, field

from twistedmq.admin.brokers import write_settings
from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import loose_json
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.numbers import Int64


class ColdGroupReads(Struct, kw_only=True, rename="camel"):
    """What one group has read from the disk in the running period."""

    size_bytes: Int64 = field(default=0, name="coldAcc")
    created_ms: Int64 = field(default=0, name="createTimeMills")
    last_ms: Int64 = field(default=0, name="lastColdReadTimeMills")


class ColdReadState(Struct, kw_only=True, rename="camel"):
    """The answer to GET_COLD_DATA_FLOW_CTR_INFO (2003)."""

    runtime_table: dict[str, ColdGroupReads] = {}
    config_table: dict[str, Int64] = {}
    """Limits of groups that have one of their own, in bytes a period."""
    group_limit_bytes: Int64 = field(default=0, name="cgColdReadThreshold")
    limit_bytes: Int64 = field(default=0, name="globalColdReadThreshold")
    """Of all groups together."""
    size_bytes: Int64 = field(default=0, name="globalAcc")


class ColdReads:
    """The limits of cold reads of one broker, by its address.

    Calls fail with RefusedError or an error of the remoting room.
    """

    def __init__(self, calls: BrokerCalls) -> None:
        self._calls = calls

    @gives_deferred
    async def text(self, address: str) -> str:
        """Give the state as the broker writes it: JSON."""
        code = RequestCode.GET_COLD_DATA_FLOW_CTR_INFO
        answer = await self._calls.ask(address, code)
        return bytes(answer.body).decode("utf-8", "replace")

    @gives_deferred
    async def state(self, address: str) -> ColdReadState:
        """Give the limits, and what groups have read."""
        return loose_json.decode(
            (await self.text(address)).encode(), type=ColdReadState
        )

    @gives_deferred
    async def limit(self, address: str, group: str, size_bytes: int) -> None:
        """Give *group* a limit of its own.

        Raises:
            InvalidParameterError: it is no number of bytes.
        """
        if size_bytes < 0:
            raise InvalidParameterError(
                f"the limit of group {group!r} is {size_bytes} bytes, less than none"
            )
        code = RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG
        body = write_settings({group: str(size_bytes)})
        await self._calls.ask(address, code, body=body)

    @gives_deferred
    async def unlimit(self, address: str, group: str) -> None:
        """Take the limit of *group* away: that of all groups counts for it again."""
        code = RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG
        await self._calls.ask(address, code, body=group.encode())
