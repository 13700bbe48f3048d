"""What name servers keep besides routes: settings, the key-value table, who may be
written to.
"""

from collections.abc import Mapping

from twistedmq.admin.asking import Silent, answers_of
from twistedmq.admin.brokers import read_settings, write_settings
from twistedmq.admin.cluster import must_succeed
from twistedmq.client.deferreds import gives_deferred
from twistedmq.client.nameservers import NameServers
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.fields import decode_fields
from twistedmq.protocol.headers.base import Header
from twistedmq.protocol.headers.namesrv import (
    AddWritePermOfBrokerRequestHeader,
    AddWritePermOfBrokerResponseHeader,
    DeleteKVConfigRequestHeader,
    GetKVConfigRequestHeader,
    GetKVConfigResponseHeader,
    PutKVConfigRequestHeader,
    WipeWritePermOfBrokerRequestHeader,
    WipeWritePermOfBrokerResponseHeader,
)

ORDER_NAMESPACE = "ORDER_TOPIC_CONFIG"
"""Where the queues of ordered topics are kept: ``broker-a:4;broker-b:4`` by topic."""


class NameServerTables:
    """The tables of the name servers. They share nothing: writes go to each of them.

    Calls fail with NoNameServerError, RefusedError or an error of the remoting room;
    where a write fails, some of them may have it. Those with *silent* give what the
    others did: it gets the name servers that do not answer, by address, and why.
    """

    def __init__(self, nameservers: NameServers) -> None:
        self._nameservers = nameservers

    @property
    def addresses(self) -> list[str]:
        """Give the addresses of all name servers."""
        return list(self._nameservers.addresses)

    @gives_deferred
    async def configs(
        self, *, silent: Silent | None = None
    ) -> dict[str, dict[str, str]]:
        """Give the settings of each name server by its address."""
        answers = await self._ask_each(RequestCode.GET_NAMESRV_CONFIG, silent=silent)
        return {
            address: read_settings(answer.body) for address, answer in answers.items()
        }

    @gives_deferred
    async def update_config(self, changes: Mapping[str, str]) -> None:
        """Change settings of all name servers; they keep them, also over a restart."""
        body = write_settings(changes)
        code = RequestCode.UPDATE_NAMESRV_CONFIG
        await self._ask_each(code, None, body)

    @gives_deferred
    async def wipe_write_perm(
        self, broker: str, *, silent: Silent | None = None
    ) -> dict[str, int]:
        """Have nobody write to a broker any more: no topic of it may be.

        Gives to how many topics that happened, by name server. It lasts until
        ``add_write_perm``, or until the name server is restarted.
        """
        header = WipeWritePermOfBrokerRequestHeader(broker_name=broker)
        code = RequestCode.WIPE_WRITE_PERM_OF_BROKER
        found = await self._ask_each(code, header, silent=silent)
        kind = WipeWritePermOfBrokerResponseHeader
        return {
            address: decode_fields(kind, answer.fields).wipe_topic_count
            for address, answer in found.items()
        }

    @gives_deferred
    async def add_write_perm(
        self, broker: str, *, silent: Silent | None = None
    ) -> dict[str, int]:
        """Take ``wipe_write_perm`` back; gives the same."""
        header = AddWritePermOfBrokerRequestHeader(broker_name=broker)
        code = RequestCode.ADD_WRITE_PERM_OF_BROKER
        found = await self._ask_each(code, header, silent=silent)
        kind = AddWritePermOfBrokerResponseHeader
        return {
            address: decode_fields(kind, answer.fields).add_topic_count
            for address, answer in found.items()
        }

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
        await self._ask_each(RequestCode.PUT_KV_CONFIG, header)

    @gives_deferred
    async def remove(self, namespace: str, key: str) -> None:
        """Forget *key*; nothing happens where it is not there."""
        header = DeleteKVConfigRequestHeader(namespace=namespace, key=key)
        await self._ask_each(RequestCode.DELETE_KV_CONFIG, header)

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

    async def _ask_each(
        self,
        code: int,
        header: Header | None = None,
        body: bytes = b"",
        *,
        silent: Silent | None = None,
    ) -> dict[str, Command]:
        """Give the answers by address."""
        asked = self._nameservers.ask_each(code, header, body)
        return {
            address: must_succeed(answer, address)
            for address, answer in (await answers_of(asked, silent)).items()
        }


def _counts(text: str) -> dict[str, str]:
    """Read ``broker-a:4;broker-b:4``."""
    pairs = (part.rpartition(":") for part in text.split(";") if part)
    return {broker: count for broker, _, count in pairs}
