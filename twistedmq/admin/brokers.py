"""Single brokers: what they tell of themselves."""

from twistedmq.client.calls import BrokerCalls
from twistedmq.client.deferreds import gives_deferred
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.tables import KVTable
from twistedmq.protocol.codes import RequestCode


class Brokers:
    """Asks one broker, by its address.

    Calls fail with RefusedError or an error of the remoting room.
    """

    def __init__(self, calls: BrokerCalls) -> None:
        self._calls = calls

    @gives_deferred
    async def runtime(self, address: str) -> dict[str, str]:
        """Give its figures by name, as text: ``putTps``, ``bootTimestamp``, ..."""
        answer = await self._calls.ask(address, RequestCode.GET_BROKER_RUNTIME_INFO)
        return loose_json.decode(answer.body, type=KVTable).table
