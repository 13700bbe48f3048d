"""What name servers keep besides routes: the key-value table."""

from twistedmq.admin.cluster import must_succeed
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.nameservers import NameServers
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.namesrv import (
    DeleteKVConfigRequestHeader,
    GetKVConfigRequestHeader,
    GetKVConfigResponseHeader,
    PutKVConfigRequestHeader,
)

ORDER_NAMESPACE = "ORDER_TOPIC_CONFIG"
"""Where the queues of ordered topics are kept: ``broker-a:4;broker-b:4`` by topic."""


class NameServerTables:
    """The tables of the name servers. They share nothing: writes go to each of them.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room;
    where a write fails, some of them may have it.
    """

    def __init__(self, nameservers: NameServers) -> None:
        self._nameservers = nameservers

    @gives_deferred
    async def value(self, namespace: str, key: str) -> str | None:
        """Give what is kept under *key*; None: nothing is."""
        header = GetKVConfigRequestHeader(namespace=namespace, key=key)
        answer = await self._nameservers.ask(RequestCode.GET_KV_CONFIG, header)
        if answer.code == ResponseCode.QUERY_NOT_FOUND:
            return None
        must_succeed(answer)
        return decode_fields(GetKVConfigResponseHeader, answer.fields).value

    @gives_deferred
    async def put(self, namespace: str, key: str, value: str) -> None:
        """Keep *value* under *key*."""
        header = PutKVConfigRequestHeader(namespace=namespace, key=key, value=value)
        await self._tell_all(RequestCode.PUT_KV_CONFIG, header)

    @gives_deferred
    async def remove(self, namespace: str, key: str) -> None:
        """Forget *key*; nothing happens where it is not there."""
        header = DeleteKVConfigRequestHeader(namespace=namespace, key=key)
        await self._tell_all(RequestCode.DELETE_KV_CONFIG, header)

    @gives_deferred
    async def put_order(self, topic: str, broker: str, queues: int) -> str:
        """Say how many queues an ordered topic has on one broker.

        What other brokers have stays. Gives all of it.
        """
        counts = _counts(await self.value(ORDER_NAMESPACE, topic) or "")
        counts[broker] = str(queues)
        whole = ";".join(f"{name}:{count}" for name, count in counts.items())
        await self.put(ORDER_NAMESPACE, topic, whole)
        return whole

    async def _tell_all(self, code: int, header: Header) -> None:
        for answer in await self._nameservers.ask_all(code, header):
            must_succeed(answer, "a name server")


def _counts(text: str) -> dict[str, str]:
    """Read ``broker-a:4;broker-b:4``."""
    pairs = (part.rpartition(":") for part in text.split(";") if part)
    return {broker: count for broker, _, count in pairs}
