"""A cluster of one broker whose answers about groups are those of our handlers."""

from typing import Any

from client_kit import FakeCluster
from read_side import BROKER, ReadSide
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from twistedmq.broker.groups.handlers import GroupHandlers
from twistedmq.config.broker import TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol.command import Command


class BrokerCluster(FakeCluster):
    """``side`` is the broker: what it is told is what clients see."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.side = ReadSide()
        groups = GroupHandlers(self.side.groups, Live(TopicDefaults()), lambda: None)
        self.side.handlers.update(groups.table())
        self.addresses = {BROKER: "192.0.2.10:10911"}

    def request(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[Command]:
        if address not in self.addresses.values() or code in self.refuse:
            return super().request(address, code, header, body)
        self.requests.append((address, code, header))
        reply = self.side.ask(code, header, body)
        return succeed(
            Command(code=reply.code, body=bytes(reply.body), remark=reply.remark)
        )
